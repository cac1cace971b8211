"""Whose data may be used: a condition of rows `owner` of a client."""

IS_USED = (
    # A record that was merged into another keeps its owner for the day it may be separated; it is no client meanwhile.
    "not exists (select from client_alias alias"
    " where alias.brand_id = :brand and alias.client_id = owner.client_id)"
    " and not exists (select from tombstone"
    " where tombstone.brand_id = :brand and aggregate = 'client:' || owner.client_id)"
    # Whose data is not to be used is in no list of those who would use it, under whichever record that was said.
    " and not exists (select from restriction where restriction.brand_id = :brand"
    " and (restriction.client_id = owner.client_id or restriction.client_id in (select alias.client_id"
    " from client_alias alias where alias.brand_id = :brand and alias.canonical_id = owner.client_id)))"
)
