"""The desk's routes, by what they are about."""

from services.profile.desk.api import duplicates, finding, intake, me, merging, owners, record

ROUTERS = [intake.routes, finding.routes, record.routes, merging.routes, duplicates.routes, owners.routes, me.routes]
