"""`maison log`: how the event log stands, and what a person does when something went wrong."""
