"""Who may do what in appointments: when she comes. How to read it stands in tests/rights/matrix.py."""

ROWS = """
                                                    no cl c2 ad co st cs as a2 ev e2 ma m2 re r2 hq pr gr po pa sv ob op
POST /internal/copies                               -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  !  x  x
GET /v1/advisors/{advisor_id}/shifts                -  x  x  +  +  .  +  +  .  +  .  +  .  +  .  +  x  x  x  x  +  .  x
PUT /v1/advisors/{advisor_id}/shifts                -  x  x  x  x  x  x  x  x  x  x  +  .  +  .  +  x  x  x  x  x  .  x
PUT /v1/advisors/{advisor_id}/absence               -  x  x  x  x  x  x  x  x  x  x  +  .  +  .  +  x  x  x  x  x  .  x
POST /v1/advisors/{advisor_id}/move                 -  x  x  x  x  x  x  x  x  x  x  +  .  +  .  +  x  x  x  x  x  .  x
POST /v1/advisors/{advisor_id}/leave                -  x  x  x  x  x  x  x  x  x  x  +  .  +  .  +  x  x  x  x  x  .  x
GET /v1/handovers/{handover_id}/appointments        -  x  x  x  x  x  x  x  x  x  x  +  +  +  +  +  x  x  x  x  x  +  x
PUT /v1/staff/batch                                 -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  x  +  x  +  x
GET /v1/appointments                                -  x  x  +  +  o  +  +  o  +  o  +  o  +  o  +  x  x  x  x  +  o  x
POST /v1/appointments                               -  +  !  +  +  .  +  x  x  x  x  +  .  x  x  x  x  x  x  x  x  x  x
GET /v1/appointments/{appointment_id}               -  +  .  +  +  .  +  +  .  +  .  +  .  +  .  +  x  x  x  x  +  .  x
POST /v1/appointments/{appointment_id}/cancel       -  +  .  +  +  .  +  x  x  x  x  +  .  x  x  x  x  x  x  x  x  x  x
POST /v1/appointments/{appointment_id}/check-in     -  x  x  +  +  .  x  x  x  x  x  +  .  x  x  x  x  x  x  x  x  x  x
POST /v1/appointments/{appointment_id}/complete     -  x  x  +  +  .  x  x  x  x  x  +  .  x  x  x  x  x  x  x  x  x  x
POST /v1/appointments/{appointment_id}/confirm      -  +  .  +  +  .  +  x  x  x  x  +  .  x  x  x  x  x  x  x  x  x  x
POST /v1/appointments/{appointment_id}/move         -  +  .  +  +  .  +  x  x  x  x  +  .  x  x  x  x  x  x  x  x  x  x
POST /v1/appointments/{appointment_id}/no-show      -  x  x  +  +  .  x  x  x  x  x  +  .  x  x  x  x  x  x  x  x  x  x
GET /v1/appointments/{appointment_id}/preparation   -  x  x  +  +  .  +  x  x  x  x  +  .  +  .  +  x  x  x  x  x  .  x
GET /v1/availability                                -  +  +  +  +  .  +  x  x  x  x  +  .  +  .  +  x  x  x  x  x  .  x
GET /v1/boutiques                                   -  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  o  x
POST /v1/boutiques                                  -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  x  x  x  .  x
GET /v1/boutiques/{boutique_id}                     -  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  .  x
PATCH /v1/boutiques/{boutique_id}                   -  x  x  x  x  x  x  x  x  x  x  +  .  +  .  +  x  x  x  x  x  .  x
GET /v1/boutiques/{boutique_id}/advisors            -  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  .  x
POST /v1/boutiques/{boutique_id}/advisors           -  x  x  x  x  x  x  x  x  x  x  +  .  +  .  +  x  x  x  x  x  .  x
GET /v1/boutiques/{boutique_id}/hours               -  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  .  x
PUT /v1/boutiques/{boutique_id}/hours               -  x  x  x  x  x  x  x  x  x  x  +  .  +  .  +  x  x  x  x  x  .  x
GET /v1/boutiques/{boutique_id}/rooms               -  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  .  x
POST /v1/boutiques/{boutique_id}/rooms              -  x  x  x  x  x  x  x  x  x  x  +  .  +  .  +  x  x  x  x  x  .  x
GET /v1/experiences                                 -  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  o  x
POST /v1/experiences                                -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  x  x  x  +  x
GET /v1/experiences/{experience_id}                 -  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  .  x
PATCH /v1/experiences/{experience_id}               -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  x  x  x  .  x
GET /v1/me/appointments                             -  +  o  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x
GET /v1/regions                                     -  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  o  x
POST /v1/regions                                    -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  x  x  x  +  x
GET /v1/retention/appointments                      -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  +  x  x  x  x  +  x
PUT /v1/retention/appointments/{category}           -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  x  x  x  x
GET /v1/appointments/{appointment_id}/arrival-code  -  +  .  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x
GET /v1/reports/bookings                            -  x  x  o  o  o  x  x  x  x  x  +  o  +  o  +  x  x  x  x  x  o  x
GET /v1/reports/visits                              -  x  x  o  o  o  x  x  x  x  x  +  o  +  o  +  x  x  x  x  x  o  x
GET /v1/reports/expected-no-shows                   -  x  x  x  x  x  x  x  x  x  x  +  .  +  .  +  x  x  x  x  x  .  x
GET /v1/visits                                      -  x  x  +  +  .  x  x  x  x  x  +  .  +  .  +  x  x  x  x  x  .  x
POST /v1/visits                                     -  x  x  +  +  .  x  x  x  x  x  +  .  x  x  x  x  x  x  x  x  x  x
POST /v1/visits/arrivals                            -  x  x  +  +  .  x  x  x  x  x  +  .  x  x  x  x  x  x  x  x  x  x
GET /v1/visits/queue                                -  x  x  +  +  .  x  x  x  x  x  +  .  +  .  +  x  x  x  x  x  .  x
GET /v1/visits/tally                                -  x  x  +  +  .  x  x  x  x  x  +  .  +  .  +  x  x  x  x  x  .  x
PUT /v1/visits/tally/{boutique_id}/{on}/{starts}    -  x  x  x  x  x  x  x  x  x  x  +  .  x  x  x  x  x  x  x  x  x  x
GET /v1/visits/{visit_id}                           -  x  x  +  +  .  x  x  x  x  x  +  .  +  .  +  x  x  x  x  x  .  x
PATCH /v1/visits/{visit_id}                         -  x  x  +  +  .  x  x  x  x  x  +  .  x  x  x  x  x  x  x  x  x  x
POST /v1/visits/{visit_id}/call                     -  x  x  +  +  .  x  x  x  x  x  +  .  x  x  x  x  x  x  x  x  x  x
POST /v1/visits/{visit_id}/serve                    -  x  x  +  +  .  x  x  x  x  x  +  .  x  x  x  x  x  x  x  x  x  x
POST /v1/visits/{visit_id}/leave                    -  x  x  +  +  .  x  x  x  x  x  +  .  x  x  x  x  x  x  x  x  x  x
"""
