"""Fitting, in a process of its own: nothing here may be imported by the service, whose memory it would keep."""
