"""The desk's routes, by what they are about."""

from services.profile.desk.api import (
    dates,
    finding,
    intake,
    me,
    notes,
    owners,
    preferences,
    record,
    relations,
    sensitive,
)

NOUNS = (intake, finding, record, dates, preferences, notes, sensitive, relations, owners, me)
ROUTERS = [noun.routes for noun in NOUNS]
