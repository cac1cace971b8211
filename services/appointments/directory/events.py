"""Facts that the directory announces."""

from typing import ClassVar
from uuid import UUID

from infra.eventlog.facts import Fact


class BoutiqueOpened(Fact):
    """A boutique was entered in the directory."""

    type: ClassVar[str] = "appointments.boutique-opened.v1"
    aggregate: ClassVar[str] = "boutique_id"

    boutique_id: UUID
    region_id: UUID
    code: str
    boutique_type: str
    zone: str
    name_zh: str
    name_en: str


class AdvisorJoined(Fact):
    """An advisor works at a boutique from now on."""

    type: ClassVar[str] = "appointments.advisor-joined.v1"
    aggregate: ClassVar[str] = "advisor_id"

    advisor_id: UUID
    boutique_id: UUID
    region_id: UUID
