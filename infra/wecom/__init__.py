"""WeCom as the suite calls it: clients handed from one member to another, messages members send, notices to staff."""
