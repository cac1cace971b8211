"""What somebody writes with a visit: wishes, what is to be made, answers, a link. All of it is sealed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.identity import Caller
from infra.refusal import Kind, Refusal
from infra.wire import check_match
from services.appointments.bookings import queries
from services.appointments.bookings.rules.life import OPEN, Status, StepNotPossible
from services.appointments.bookings.tables import Appointment
from services.appointments.directory import queries as directory
from services.appointments.directory.rules import Mode
from services.appointments.directory.tables import Experience

TABLE = "appointment"
AHEAD = (Status.HELD, *OPEN)


class QuestionUnknown(Refusal):
    """An answer to what nobody asked."""

    kind = Kind.INVALID
    slug = "question-unknown"
    en = "Answer the questions of this experience, by their `code` (see `questions`)."
    zh = "请按该服务的问题代码(见 questions)作答。"


class NotByVideo(Refusal):
    """She comes to the boutique."""

    kind = Kind.CONFLICT
    slug = "not-by-video"
    en = "This visit is not held by video, so it needs no link."
    zh = "该预约并非视频接待，无需链接。"


@dataclass(frozen=True)
class Words:
    """What comes with a hold. `configuration` is what is to be made to order, `answers` are by question."""

    requests: str | None = None
    configuration: Mapping[str, Any] | None = None
    answers: Mapping[str, str] | None = None


UNSAID = Words()


@dataclass(frozen=True)
class Opened:
    """The same of a visit, opened, and what the house wrote."""

    requests: str | None
    configuration: dict[str, Any] | None
    answers: dict[str, str] | None
    link: str | None
    refusal_reason: str | None
    override_reason: str | None


def check(experience: Experience, words: Words) -> None:
    """Raise QuestionUnknown for an answer to what the experience does not ask."""
    asked = {question["code"] for question in experience.questions}
    if words.answers and not words.answers.keys() <= asked:
        raise QuestionUnknown(questions=sorted(asked))


def write(tx: AsyncSession, appointment: Appointment, words: Words) -> None:
    """Seal what came with a hold."""
    appointment.requests = _sealed(tx, appointment, "requests", words.requests)
    appointment.configuration = _sealed(tx, appointment, "configuration", _json(words.configuration))
    appointment.answers = _sealed(tx, appointment, "answers", _json(words.answers))


def opened(tx: AsyncSession, appointment: Appointment) -> Opened:
    """What stands written with a visit."""

    def plain(column: str) -> str | None:
        sealed = getattr(appointment, column)
        return keyring(tx).open(TABLE, column, appointment.appointment_id, sealed) if sealed is not None else None

    def parsed(column: str) -> Any:
        written = plain(column)
        return json.loads(written) if written is not None else None

    return Opened(
        requests=plain("requests"),
        configuration=parsed("configuration"),
        answers=parsed("answers"),
        link=plain("link"),
        refusal_reason=plain("refusal_reason"),
        override_reason=plain("override_reason"),
    )


async def answer(
    tx: AsyncSession, appointment_id: UUID, answers: Mapping[str, str], *, if_match: str, by: Caller
) -> Appointment:
    """Replace what she answers before the visit; raises NotFound, Stale, StepNotPossible, QuestionUnknown."""
    appointment = await _ahead(tx, appointment_id, if_match=if_match, by=by)
    check(await directory.experience(tx, appointment.experience_id), Words(answers=answers))
    appointment.answers = _sealed(tx, appointment, "answers", _json(answers))
    appointment.version += 1
    return appointment


async def set_link(
    tx: AsyncSession, appointment_id: UUID, link: str | None, *, if_match: str, by: Caller
) -> Appointment:
    """Say where a video visit is held; raises NotFound, Stale, StepNotPossible, NotByVideo."""
    appointment = await _ahead(tx, appointment_id, if_match=if_match, by=by)
    if appointment.mode != Mode.VIDEO:
        raise NotByVideo
    appointment.link = _sealed(tx, appointment, "link", link)
    appointment.version += 1
    return appointment


async def _ahead(tx: AsyncSession, appointment_id: UUID, *, if_match: str, by: Caller) -> Appointment:
    appointment = await queries.visible(tx, appointment_id, by, lock=True)
    check_match(if_match, appointment.version)
    if appointment.status not in AHEAD:
        raise StepNotPossible(appointment_status=appointment.status)
    return appointment


def _sealed(tx: AsyncSession, appointment: Appointment, column: str, text: str | None) -> bytes | None:
    return keyring(tx).seal(TABLE, column, appointment.appointment_id, text) if text is not None else None


def _json(value: Mapping[str, Any] | None) -> str | None:
    return json.dumps(value, ensure_ascii=False, sort_keys=True) if value else None
