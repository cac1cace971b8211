"""The desk's routes, by what they are about."""

from services.profile.desk.api import (
    dates,
    duplicates,
    finding,
    intake,
    me,
    merging,
    notes,
    owners,
    preferences,
    record,
    relations,
    sensitive,
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
)
ROUTERS = [noun.routes for noun in NOUNS]
