"""Requests passed on to the service that owns the route."""
