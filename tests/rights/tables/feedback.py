"""Who may do what in feedback: how it was. How to read it stands in tests/rights/matrix.py."""

ROWS = """
                                                    no cl c2 ad co st cs as a2 ev e2 ma m2 re r2 hq pr gr po pa sv ob op
POST /internal/copies                               -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x
GET /s/{token}                                      +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +
POST /s/{token}                                     +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +
GET /v1/answers                                     -  x  x  +  o  o  x  x  x  x  x  +  o  +  o  +  x  x  x  x  x  o  x
GET /v1/journeys                                    -  x  x  +  +  +  x  x  x  x  x  +  +  +  +  +  x  x  x  x  x  o  x
POST /v1/journeys                                   -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  x  x  x  .  x
GET /v1/sla-policies                                -  x  x  +  +  +  x  x  x  x  x  +  +  +  +  +  x  x  x  x  x  +  x
PUT /v1/sla-policies                                -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  x  x  x  +  x
GET /v1/survey-invitations                          -  x  x  x  x  x  x  x  x  x  x  +  o  +  o  +  x  x  x  x  x  o  x
POST /v1/survey-invitations                         -  x  x  x  x  x  x  x  x  x  x  +  .  +  .  +  x  x  x  x  x  .  x
GET /v1/survey-invitations/{invitation_id}          -  x  x  x  x  x  x  x  x  x  x  +  .  +  .  +  x  x  x  x  x  .  x
GET /v1/surveys                                     -  x  x  +  +  +  x  x  x  x  x  +  +  +  +  +  x  x  x  x  x  o  x
POST /v1/surveys                                    -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  x  x  x  +  x
GET /v1/surveys/{survey_id}                         -  x  x  +  +  +  x  x  x  x  x  +  +  +  +  +  x  x  x  x  x  .  x
POST /v1/surveys/{survey_id}/publish                -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  x  x  x  .  x
GET /v1/work-orders                                 -  x  x  +  ~  o  x  x  x  x  x  +  o  +  o  +  x  x  x  x  x  o  x
POST /v1/work-orders                                -  x  x  +  +  .  x  x  x  x  x  +  .  +  .  +  x  x  x  x  x  .  x
GET /v1/work-orders/{work_order_id}                 -  x  x  +  ~  .  x  x  x  x  x  +  .  +  .  +  x  x  x  x  x  .  x
POST /v1/work-orders/open                           -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x
POST /v1/work-orders/{work_order_id}/assign         -  x  x  x  x  x  x  x  x  x  x  +  .  +  .  +  x  x  x  x  x  .  x
GET /v1/work-orders/{work_order_id}/clock           -  x  x  +  +  .  x  x  x  x  x  +  .  +  .  +  x  x  x  x  x  .  x
POST /v1/work-orders/{work_order_id}/close          -  x  x  x  x  x  x  x  x  x  x  +  .  +  .  +  x  x  x  x  x  .  x
POST /v1/work-orders/{work_order_id}/notes          -  x  x  +  !  .  x  x  x  x  x  +  .  +  .  +  x  x  x  x  x  .  x
POST /v1/work-orders/{work_order_id}/reopen         -  x  x  x  x  x  x  x  x  x  x  +  .  +  .  +  x  x  x  x  x  .  x
POST /v1/work-orders/{work_order_id}/resolve        -  x  x  +  !  .  x  x  x  x  x  +  .  +  .  +  x  x  x  x  x  .  x
POST /v1/work-orders/{work_order_id}/start          -  x  x  +  !  .  x  x  x  x  x  +  .  +  .  +  x  x  x  x  x  .  x
GET /v1/retention/feedback                          -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  +  x  x  x  x  +  x
PUT /v1/retention/feedback/{category}               -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  x  x  x  x
"""
