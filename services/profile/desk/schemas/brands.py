"""Her history over several brands, on the wire."""

from services.profile.desk.schemas.record import TouchpointView
from services.profile.purchases.schemas import PurchaseView


class BrandPurchaseView(PurchaseView):
    """A kept receipt, and the brand whose it is. Of another brand's, payments and advisors are not shown."""

    brand_id: str


class BrandTouchpointView(TouchpointView):
    """One recorded contact, and the brand whose it is.

    Of another brand's contacts `details` names the piece and nothing else, and no advisor is shown.
    """

    brand_id: str
