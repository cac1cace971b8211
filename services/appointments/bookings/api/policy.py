"""Routes of how a brand lets its clients book."""

from fastapi import Response

from infra.app import router
from infra.database import Transaction
from infra.identity import Role, permit
from infra.openapi import tagged
from infra.wire import IfMatch, etag
from services.appointments.bookings.actions.policies import set_policy
from services.appointments.bookings.queries.policy import setting
from services.appointments.bookings.schemas.policy import BookingPolicyForm, BookingPolicyView

routes = router()


@routes.get("/booking-policy", responses=tagged())
@permit(Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)
async def read_policy(tx: Transaction, response: Response) -> BookingPolicyView:
    """How long a time is kept, how much one client may book, and what follows when she does not come."""
    found = await setting(tx)
    response.headers["ETag"] = etag(found.version)
    return BookingPolicyView.of(found)


@routes.put("/booking-policy")
@permit(Role.HEADQUARTERS)
async def write_policy(
    form: BookingPolicyForm, if_match: IfMatch, tx: Transaction, response: Response
) -> BookingPolicyView:
    """Replace the rules, for what is booked from now on."""
    found = await set_policy(tx, form.policy(), if_match=if_match)
    response.headers["ETag"] = etag(found.version)
    return BookingPolicyView.of(found)
