"""Who may do what in recommend: what to show her. How to read it stands in tests/rights/matrix.py."""

ROWS = """
                                                    no cl c2 ad co st cs as a2 ev e2 ma m2 re r2 hq pr gr po pa sv ob op
POST /internal/copies                               -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  !  x  x
GET /v1/assortments                                 -  x  x  +  +  o  x  x  x  x  x  +  o  +  o  +  x  x  x  x  +  o  x
POST /v1/assortments                                -  x  x  +  +  .  x  x  x  x  x  +  .  +  .  +  x  x  x  x  +  .  x
GET /v1/assortments/{assortment_id}                 -  x  x  +  +  .  x  x  x  x  x  +  .  +  .  +  x  x  x  x  +  .  x
PATCH /v1/assortments/{assortment_id}               -  x  x  +  +  .  x  x  x  x  x  +  .  +  .  +  x  x  x  x  x  .  x
POST /v1/assortments/laid-out                       -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x
GET /v1/boutiques/{boutique_id}/stock               -  x  x  +  +  +  +  +  +  +  +  +  +  +  +  +  x  x  +  +  x  o  x
GET /v1/clients/{client_id}/recommendations         -  x  x  +  +  .  +  x  x  x  x  +  .  +  .  +  x  x  x  x  +  .  x
GET /v1/me/recommendations                          -  +  +  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x
GET /v1/pieces                                      -  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  x  x  +  +  x  o  x
PUT /v1/pieces/batch                                -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  +  +  x  +  x
PUT /v1/stock/batch                                 -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  +  +  x  +  x
GET /v1/retention/recommend                         -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  +  x  x  x  x  +  x
PUT /v1/retention/recommend/{category}              -  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  +  x  x  x  x  x  x
"""
