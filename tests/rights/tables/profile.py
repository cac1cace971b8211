"""Who may do what in profile: who she is. How to read it stands in tests/rights/matrix.py."""

ROWS = """
                                                    no cl c2 ad co st cs as a2 ev e2 ma m2 re r2 hq pr gr po pa sv ob op
GET /v1/advisors/{advisor_id}/book                  -  x  x  +  .  .  x  x  x  x  x  +  o  +  o  +  x  x  x  x  x  o  x
POST /v1/clients                                    -  x  x  +  +  +  +  x  x  x  x  +  +  +  +  +  x  x  +  x  x  +  x
POST /v1/clients/batch                              -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  x  x  x  +  x
POST /v1/clients/identify                           -  x  x  ~  ~  ~  ~  ~  ~  ~  ~  ~  ~  ~  ~  ~  ~  x  ~  x  x  o  x
POST /v1/clients/recognise                          -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x
POST /v1/clients/search                             -  x  x  +  +  o  +  +  o  +  o  +  o  +  o  +  +  x  x  x  x  o  x
GET /v1/clients/{client_id}                         -  x  x  +  +  .  +  +  .  +  .  +  .  +  .  +  +  x  x  x  +  .  x
PATCH /v1/clients/{client_id}                       -  x  x  +  +  .  +  +  .  +  .  +  .  +  .  +  +  x  x  x  x  .  x
POST /v1/clients/{client_id}/access                 -  x  x  +  +  +  x  +  +  +  +  +  +  +  +  x  x  x  x  x  x  x  x
GET /v1/clients/{client_id}/access-log              -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  +  x  x  x  x  .  x
GET /v1/clients/{client_id}/card                    -  x  x  +  +  .  +  +  .  +  .  +  .  +  .  +  +  x  x  x  +  .  x
GET /v1/clients/{client_id}/consents                -  x  x  +  +  .  +  +  .  +  .  +  .  +  .  +  +  x  x  x  +  .  x
PUT /v1/clients/{client_id}/consents                -  x  x  +  +  .  +  +  .  +  .  +  .  +  .  +  +  x  x  x  x  .  x
POST /v1/clients/{client_id}/data-requests          -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  x  x  x  x
POST /v1/clients/{client_id}/identities             -  x  x  +  +  .  +  +  .  +  .  +  .  +  .  +  x  x  +  x  +  .  x
POST /v1/clients/{client_id}/looks                  -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x
GET /v1/clients/{client_id}/owner                   -  x  x  x  x  x  x  x  x  x  x  +  .  +  .  +  x  x  x  x  +  .  x
PUT /v1/clients/{client_id}/owner                   -  x  x  x  x  x  x  x  x  x  x  +  .  x  x  +  x  x  x  x  +  .  x
GET /v1/clients/{client_id}/permissions             -  x  x  +  +  .  +  +  .  +  .  +  .  +  .  +  +  x  x  x  +  .  x
GET /v1/clients/{client_id}/purchases               -  x  x  +  +  .  +  +  .  +  .  +  .  +  .  +  +  x  x  x  +  .  x
DELETE /v1/clients/{client_id}/restriction          -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  x  x  x  x
GET /v1/clients/{client_id}/segment                 -  x  x  +  +  .  +  +  .  +  .  +  .  +  .  +  +  x  x  x  +  .  x
GET /v1/clients/{client_id}/timeline                -  x  x  +  +  .  +  +  .  +  .  +  .  +  .  +  +  x  x  x  +  .  x
GET /v1/data-requests                               -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  x  x  x  x
GET /v1/data-requests/{request_id}                  -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  x  x  x  x
GET /v1/data-requests/{request_id}/certificate      -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  x  x  x  x
POST /v1/data-requests/{request_id}/finish          -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  x  x  x  x
POST /v1/data-requests/{request_id}/refuse          -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  x  x  x  x
POST /v1/data-requests/{request_id}/start           -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  x  x  x  x
POST /v1/data-requests/{request_id}/verify          -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  x  x  x  x
GET /v1/me                                          -  +  o  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x
PATCH /v1/me                                        -  +  o  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x
GET /v1/me/access-log                               -  +  +  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x
GET /v1/me/consents                                 -  +  +  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x
PUT /v1/me/consents                                 -  +  +  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x
GET /v1/me/data-requests                            -  +  o  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x
POST /v1/me/data-requests                           -  +  +  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x
GET /v1/me/data-requests/{request_id}               -  +  .  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x
GET /v1/me/purchases                                -  +  o  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x
POST /v1/messages                                   -  x  x  +  .  .  +  x  x  x  x  +  .  x  x  x  x  x  x  x  +  x  x
GET /v1/messages/{message_id}                       -  x  x  +  .  .  +  x  x  x  x  +  .  x  x  +  x  x  x  x  +  .  x
POST /v1/purchases                                  -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  +  +  x  +  x
POST /v1/purchases/batch                            -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  +  +  x  +  x
GET /v1/segment-policy                              -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  x  x  x  +  x
PUT /v1/segment-policy                              -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  x  x  x  +  x
POST /v1/wechat/events                              -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x
"""
