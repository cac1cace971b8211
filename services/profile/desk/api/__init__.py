"""The desk's routes, by what they are about."""

from services.profile.desk.api import finding, intake, me, record

ROUTERS = [intake.routes, finding.routes, record.routes, me.routes]
