"""The desk's routes, by what they are about."""

from services.profile.desk.api import (
    brands,
    claims,
    dates,
    duplicates,
    finding,
    intake,
    me,
    merging,
    notes,
    owned,
    owners,
    preferences,
    record,
    relations,
    remote,
    sensitive,
    tags,
    wishes,
)

NOUNS = (
    intake,
    finding,
    record,
    dates,
    preferences,
    notes,
    sensitive,
    relations,
    merging,
    duplicates,
    owners,
    me,
    claims,
    owned,
    remote,
    tags,
    wishes,
    brands,
)
ROUTERS = [noun.routes for noun in NOUNS]
