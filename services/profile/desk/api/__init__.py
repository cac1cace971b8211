"""The desk's routes, by what they are about."""

from services.profile.desk.api import claims, finding, intake, me, owned, owners, record, remote

ROUTERS = [
    intake.routes,
    finding.routes,
    record.routes,
    owners.routes,
    me.routes,
    claims.routes,
    owned.routes,
    remote.routes,
]
