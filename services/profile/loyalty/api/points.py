"""What earns points."""

from fastapi import Response

from infra.app import router
from infra.database import Transaction
from infra.identity import Role, permit
from infra.openapi import tagged
from infra.wire import IfMatch, etag
from services.profile.loyalty.actions import earning
from services.profile.loyalty.queries import points as queries
from services.profile.loyalty.schemas.points import LoyaltyPolicyForm, LoyaltyPolicyView

routes = router()


@routes.get("/loyalty-policy", responses=tagged())
@permit(Role.HEADQUARTERS)
async def policy(tx: Transaction, response: Response) -> LoyaltyPolicyView:
    """What earns points, how many, and for how long they count."""
    setting = await queries.policy(tx)
    response.headers["ETag"] = etag(setting.version)
    return LoyaltyPolicyView.of(setting)


@routes.put("/loyalty-policy")
@permit(Role.HEADQUARTERS)
async def set_policy(
    form: LoyaltyPolicyForm, if_match: IfMatch, tx: Transaction, response: Response
) -> LoyaltyPolicyView:
    """Replace the rules, for what comes in from now on."""
    setting = await earning.set_policy(tx, form.policy(), if_match=if_match)
    response.headers["ETag"] = etag(setting.version)
    return LoyaltyPolicyView.of(setting)
