"""How the brand reckons segments."""

from fastapi import Response

from infra.app import Now, router
from infra.database import Transaction
from infra.identity import Role, permit
from infra.openapi import tagged
from infra.wire import IfMatch, etag
from services.profile.segments import actions, queries
from services.profile.segments.schemas.policy import SegmentPolicyForm, SegmentPolicyView

routes = router()


@routes.get("/segment-policy", responses=tagged())
@permit(Role.HEADQUARTERS)
async def policy(tx: Transaction, response: Response) -> SegmentPolicyView:
    """The thresholds, their currency, and the brand's own exchange rates."""
    setting = await queries.policy(tx)
    response.headers["ETag"] = etag(setting.version)
    return SegmentPolicyView.of(setting)


@routes.put("/segment-policy")
@permit(Role.HEADQUARTERS)
async def set_policy(
    form: SegmentPolicyForm, if_match: IfMatch, tx: Transaction, now: Now, response: Response
) -> SegmentPolicyView:
    """Replace policy and rates; segments follow within a minute."""
    setting = await actions.set_policy(tx, form.policy(), form.given(), if_match=if_match, now=now)
    response.headers["ETag"] = etag(setting.version)
    return SegmentPolicyView.of(setting)
