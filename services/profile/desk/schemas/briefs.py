"""What another service may lay before somebody who is about to receive clients."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from infra.wire import View
from services.profile.clients.schemas import NoteView, PreferenceView
from services.profile.desk.schemas.finding import CardView
from services.profile.desk.schemas.record import LookForm, TouchpointView
from services.profile.loyalty.schemas.privileges import GrantView
from services.profile.purchases.schemas import PurchaseView
from services.profile.touchpoints.schemas import WishView

MOST_CLIENTS = 200


class BriefPart(StrEnum):
    """What is asked for besides the card."""

    PREFERENCES = "preferences"
    CONVERSATIONS = "conversations"
    PURCHASES = "purchases"
    WISHES = "wishes"
    GIFTS = "gifts"


class BriefsForm(LookForm):
    """Somebody who asks another service about several clients, and which parts she needs of each."""

    client_ids: Annotated[list[UUID], Field(min_length=1, max_length=MOST_CLIENTS)]
    parts: Annotated[frozenset[BriefPart], Field(default_factory=frozenset)]


class BriefView(View):
    """One client: `client_id` is the id that was asked for. A part that was not asked for is null.

    `conversations` are the last contacts, `notes` the last words that are shared in the house; `wishes` are open,
    `gifts` are granted and not handed over.
    """

    client_id: UUID
    card: CardView
    preferences: list[PreferenceView] | None = None
    conversations: list[TouchpointView] | None = None
    notes: list[NoteView] | None = None
    purchases: list[PurchaseView] | None = None
    wishes: list[WishView] | None = None
    gifts: list[GrantView] | None = None


class BriefsView(View):
    """Those of the clients whom the asker may see."""

    items: list[BriefView]
