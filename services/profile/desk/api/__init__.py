"""The desk's routes, by what they are about."""

from services.profile.desk.api import finding, intake, me, merging, owners, record

ROUTERS = [intake.routes, finding.routes, record.routes, merging.routes, owners.routes, me.routes]
