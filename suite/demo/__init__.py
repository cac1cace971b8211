"""The demo house, filled through the gateway as any other house would be."""
