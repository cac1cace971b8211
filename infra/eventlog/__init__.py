"""The event log: facts leave a service through its outbox, stand in one shared log, and are followed by the others."""
