"""Who may do what in gateway: sign-in, accounts, partners, WeChat. How to read it stands in tests/rights/matrix.py."""

ROWS = """
                                                    no cl c2 ad co st cs as a2 ev e2 ma m2 re r2 hq pr gr po pa sv ob op
GET /.well-known/jwks.json                          +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +
GET /docs                                           +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +
GET /openapi.json                                   +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +
GET /internal/log/parked                            -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  !  -  +
GET /internal/log/status                            -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  !  -  +
POST /internal/log/parked/{parked_id}/retry         -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  !  -  +
POST /internal/log/refill                           -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  x  -  +
POST /internal/log/replay                           -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  x  -  +
POST /internal/log/verify                           -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  x  -  +
POST /internal/copies                               -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  !  -  x
GET /healthz                                        +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +
GET /metrics                                        +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +
GET /readyz                                         +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +
GET /v1/accounts                                    -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  x  x  -  o  -
POST /v1/accounts                                   -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  x  x  -  +  -
GET /v1/accounts/{account_id}                       -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  x  x  -  .  -
POST /v1/accounts/{account_id}/close                -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  x  x  -  .  -
POST /v1/auth/logout                                -  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  -  +  -
POST /v1/auth/refresh                               +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +
POST /v1/auth/staff                                 +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +
POST /v1/auth/token                                 +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +
POST /v1/auth/wechat                                +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +
POST /v1/auth/wechat/phone                          -  +  +  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  -  x  -
GET /v1/log/parked                                  -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  x  x  -  o  -
GET /v1/log/status                                  -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  x  x  -  +  -
POST /v1/log/parked/{parked_id}/retry               -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  x  x  -  .  -
GET /v1/partners                                    -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  x  x  -  o  -
POST /v1/partners                                   -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  x  x  -  +  -
GET /v1/partners/{partner_id}                       -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  x  x  -  .  -
POST /v1/partners/{partner_id}/close                -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  x  x  -  .  -
POST /v1/partners/{partner_id}/keys                 -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  x  x  -  .  -
POST /v1/partners/{partner_id}/keys/{key_id}/close  -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  x  x  -  .  -
GET /wechat/{appid}/push                            +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +
POST /wechat/{appid}/push                           +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +
GET /wecom/{corpid}/push                            +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +
POST /wecom/{corpid}/push                           +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +
"""
