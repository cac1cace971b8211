"""The desk's routes, by what they are about."""

from services.profile.desk.api import finding, intake, me, owners, record, wishes

ROUTERS = [intake.routes, finding.routes, record.routes, owners.routes, me.routes, wishes.routes]
