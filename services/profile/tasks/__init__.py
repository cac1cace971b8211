"""What advisors have to do for their clients: opened by rules, once each, and what came of it."""
