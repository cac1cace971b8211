"""Who may do what in profile: who she is. How to read it stands in tests/rights/matrix.py."""

ROWS = """
                                                    no cl c2 ad co st cs as a2 ev e2 ma m2 re r2 hq pr gr po pa sv ob op
GET /v1/advisors/{advisor_id}/book                  -  x  x  +  .  .  x  x  x  x  x  +  o  +  o  +  x  x  x  x  x  o  x
GET /v1/appointments/{appointment_id}/outcome       -  x  x  +  +  .  +  +  .  +  .  +  .  +  .  +  +  x  x  x  +  .  x
POST /v1/appointments/{appointment_id}/outcome      -  x  x  +  +  .  +  +  .  +  .  +  .  +  .  +  +  x  x  x  x  .  x
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
POST /v1/clients/{client_id}/identities             -  x  x  +  +  .  +  +  .  +  .  +  .  +  .  +  x  x  +  x  +  .  x
POST /v1/clients/{client_id}/looks                  -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x
GET /v1/clients/{client_id}/owner                   -  x  x  x  x  x  x  x  x  x  x  +  .  +  .  +  x  x  x  x  +  .  x
PUT /v1/clients/{client_id}/owner                   -  x  x  x  x  x  x  x  x  x  x  +  .  x  x  +  x  x  x  x  +  .  x
GET /v1/clients/{client_id}/permissions             -  x  x  +  +  .  +  +  .  +  .  +  .  +  .  +  +  x  x  x  +  .  x
GET /v1/clients/{client_id}/purchases               -  x  x  +  +  .  +  +  .  +  .  +  .  +  .  +  +  x  x  x  +  .  x
GET /v1/clients/{client_id}/segment                 -  x  x  +  +  .  +  +  .  +  .  +  .  +  .  +  +  x  x  x  +  .  x
GET /v1/clients/{client_id}/timeline                -  x  x  +  +  .  +  +  .  +  .  +  .  +  .  +  +  x  x  x  +  .  x
GET /v1/clients/{client_id}/wishes                  -  x  x  +  +  .  +  +  .  +  .  +  .  +  .  +  +  x  x  x  +  .  x
POST /v1/clients/{client_id}/wishes                 -  x  x  +  +  .  +  +  .  +  .  +  .  +  .  +  +  x  x  x  x  .  x
POST /v1/clients/{client_id}/wishes/{wish_id}/close -  x  x  +  +  .  +  +  .  +  .  +  .  +  .  +  +  x  x  x  x  .  x
GET /v1/me                                          -  +  o  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x
PATCH /v1/me                                        -  +  o  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x
GET /v1/me/consents                                 -  +  +  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x
PUT /v1/me/consents                                 -  +  +  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x
GET /v1/me/purchases                                -  +  o  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x
POST /v1/messages                                   -  x  x  +  .  .  +  x  x  x  x  +  .  x  x  x  x  x  x  x  +  x  x
GET /v1/messages/{message_id}                       -  x  x  +  .  .  +  x  x  x  x  +  .  x  x  +  x  x  x  x  +  .  x
POST /v1/purchases                                  -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  +  +  x  +  x
POST /v1/purchases/batch                            -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  +  +  x  +  x
GET /v1/segment-policy                              -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  x  x  x  +  x
POST /v1/touchpoints/batch                          -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  +  +  x  o  x
GET /v1/touchpoints/index                           -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  x  x  x  o  x
GET /v1/touchpoints/research-online                 -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  x  x  x  o  x
PUT /v1/segment-policy                              -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  x  x  x  +  x
POST /v1/wechat/events                              -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x
GET /v1/wishes/missing                              -  x  x  x  x  x  x  x  x  x  x  +  o  +  o  +  x  x  x  x  x  o  x
"""
