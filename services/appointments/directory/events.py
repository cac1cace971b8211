"""Facts that the directory announces."""

from datetime import date, datetime
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


class AdvisorDescribed(Fact):
    """What the house knows of an advisor besides her name: what she speaks and offers, and when she is away.

    `absent_until_on` is the last day of an absence; null with `absent_from_on` set: nobody knows yet.
    """

    type: ClassVar[str] = "appointments.advisor-described.v1"
    aggregate: ClassVar[str] = "advisor_id"

    advisor_id: UUID
    boutique_id: UUID
    languages: list[str]
    skills: list[str]
    wecom_userid: str | None
    absent_from_on: date | None
    absent_until_on: date | None


class AdvisorMoved(Fact):
    """An advisor works at another boutique from now on."""

    type: ClassVar[str] = "appointments.advisor-moved.v1"
    aggregate: ClassVar[str] = "advisor_id"

    advisor_id: UUID
    boutique_id: UUID
    region_id: UUID
    from_boutique_id: UUID


class AdvisorLeft(Fact):
    """An advisor has left the house: whatever she could do in its name ends now."""

    type: ClassVar[str] = "appointments.advisor-left.v1"
    aggregate: ClassVar[str] = "advisor_id"

    advisor_id: UUID
    boutique_id: UUID
    left_at: datetime
