"""What is done with messages: asking for one, keeping what WeChat says she permits, sending."""
