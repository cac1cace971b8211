"""Every record of the people that tasks are about."""

# For surviving records `:ids`: all records that are they, each with the surviving one.
HEADS = (
    "with head as ("
    "select id as client_id, id as canonical_id from unnest(cast(:ids as uuid[])) as id union all"
    " select client_id, canonical_id from client_alias where brand_id = :brand and canonical_id = any(:ids))"
)
