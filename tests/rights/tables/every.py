"""Who may do what in every service: its log and its probes. How to read it stands in tests/rights/matrix.py."""

ROWS = """
                                                    no cl c2 ad co st cs as a2 ev e2 ma m2 re r2 hq pr gr po pa sv ob op
GET /internal/log/parked                            -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  !  x  +
GET /internal/log/status                            -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  !  x  +
POST /internal/log/parked/{parked_id}/retry         -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  !  x  +
POST /internal/log/refill                           -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +
POST /internal/log/replay                           -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +
POST /internal/log/verify                           -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +
GET /healthz                                        +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +
GET /metrics                                        +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +
GET /readyz                                         +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +
"""
