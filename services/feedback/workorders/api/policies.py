"""Routes of the policies: which scores open work orders, and by when they are put right."""

from fastapi import Response

from infra.app import router
from infra.database import Transaction
from infra.identity import Role, permit
from infra.wire import IfMatch, etag
from services.feedback.workorders import actions, queries, schemas
from services.feedback.workorders.rules import Policy

routes = router()


@routes.get("/sla-policies")
@permit(Role.ADVISOR, Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)
async def sla_policies(tx: Transaction) -> schemas.PoliciesView:
    """Show by when work orders of each severity are answered and put right, and which scores open them."""
    return schemas.PoliciesView(items=[_policy(policy) for policy in await queries.policies(tx)])


@routes.put("/sla-policies")
@permit(Role.HEADQUARTERS)
async def set_policy(
    form: schemas.PolicyForm, tx: Transaction, if_match: IfMatch, response: Response
) -> schemas.PolicyView:
    """Set one severity's policy. If-Match holds its version ("0" for the suite's own). Deadlines that run stay."""
    policy = await actions.set_policy(
        tx,
        form.severity,
        respond_within_minutes=form.respond_within_minutes,
        resolve_within_minutes=form.resolve_within_minutes,
        at_most_score=form.at_most_score,
        if_match=if_match,
    )
    response.headers["ETag"] = etag(policy.version)
    return _policy(policy)


def _policy(policy: Policy) -> schemas.PolicyView:
    return schemas.PolicyView(
        severity=policy.severity,
        at_most_score=policy.at_most_score,
        respond_within_minutes=int(policy.respond_within.total_seconds() // 60),
        resolve_within_minutes=int(policy.resolve_within.total_seconds() // 60),
        version=policy.version,
    )
