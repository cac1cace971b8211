"""How books and owners go over the wire."""

from datetime import datetime
from uuid import UUID

from infra.wire import Form, View
from services.profile.segments.rules import Segment


class OwnerForm(Form):
    """The advisor who is to have the client, and the boutique she has her at."""

    advisor_id: UUID
    boutique_id: UUID


class OwnerView(View):
    """In whose book a client is; all null while she is in nobody's."""

    client_id: UUID
    advisor_id: UUID | None = None
    boutique_id: UUID | None = None
    assigned_at: datetime | None = None


class EntryView(View):
    """One client of a book. `segment` is null for whoever switched profiling off; `is_deputy`: she is a colleague's."""

    client_id: UUID
    display_name: str
    segment: Segment | None
    boutique_id: UUID
    assigned_at: datetime
    is_deputy: bool = False
