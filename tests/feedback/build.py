"""Rows, forms, facts and people of the feedback tests; every argument has a default."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from infra.identity import Caller, Role
from tests.asking import BRAND

BOUTIQUE = UUID("0190a000-0000-7000-8000-00000000b001")
ELSEWHERE = UUID("0190a000-0000-7000-8000-00000000b002")
ADVISOR_ID = UUID("0190a000-0000-7000-8000-00000000a001")
OTHER_ADVISOR_ID = UUID("0190a000-0000-7000-8000-00000000a002")

HEADQUARTERS = Caller("hq", Role.HEADQUARTERS, BRAND)
MANAGER = Caller("gu", Role.MANAGER, BRAND, boutique_ids=frozenset({BOUTIQUE}))
STRANGER = Caller("he", Role.MANAGER, BRAND, boutique_ids=frozenset({ELSEWHERE}))
ADVISOR = Caller("lin", Role.ADVISOR, BRAND, advisor_id=ADVISOR_ID, boutique_ids=frozenset({BOUTIQUE}))
COLLEAGUE = Caller("wu", Role.ADVISOR, BRAND, advisor_id=OTHER_ADVISOR_ID, boutique_ids=frozenset({BOUTIQUE}))
CLIENT = Caller("her", Role.CLIENT, BRAND, client_id=UUID("0190a000-0000-7000-8000-00000000c001"))
OTHER_BRAND = Caller("mo", Role.HEADQUARTERS, "ombre")
RESOLVED = {"resolution": "致歉并重新安排", "cause": "waiting"}


def words(zh: str = "这次到店，您的感受如何？", en: str = "How was your visit?") -> dict[str, str]:
    """Words in both languages."""
    return {"zh": zh, "en": en}


def score(question_id: str = "visit", *, required: bool = True, **more: Any) -> dict[str, Any]:
    """A score question."""
    return {"question_id": question_id, "kind": "score", "required": required, "text": words(), **more}


def choice(question_id: str = "where") -> dict[str, Any]:
    """A choice question."""
    options = [{"option_id": one, "text": words(one, one)} for one in ("salon", "floor")]
    return {"question_id": question_id, "kind": "choice", "text": words("在哪里？", "Where?"), "options": options}


def wrote(question_id: str = "why", **more: Any) -> dict[str, Any]:
    """A text question."""
    return {"question_id": question_id, "kind": "text", "text": words("为什么？", "Why?"), **more}


def survey(code: str = "after-visit", **more: Any) -> dict[str, Any]:
    """A survey with one question of each kind."""
    return {"code": code, "title": words("到店体验", "Your visit"), "questions": [score(), choice(), wrote()], **more}


def answers(given: int = 3, text: str | None = "等了四十分钟，没有人理我") -> dict[str, Any]:
    """What she says."""
    said: list[dict[str, Any]] = [{"question_id": "visit", "score": given}]
    return {"answers": said + ([{"question_id": "why", "text": text}] if text else [])}


def boutique_opened(boutique_id: UUID = BOUTIQUE, zone: str = "Asia/Shanghai") -> dict[str, Any]:
    """appointments.boutique-opened."""
    return {
        "boutique_id": str(boutique_id),
        "region_id": str(uuid4()),
        "code": "sh-01",
        "boutique_type": "flagship",
        "zone": zone,
        "name_zh": "外滩精品店",
        "name_en": "The Bund",
    }


def advisor_joined(advisor_id: UUID = ADVISOR_ID, boutique_id: UUID = BOUTIQUE) -> dict[str, Any]:
    """appointments.advisor-joined."""
    return {"advisor_id": str(advisor_id), "boutique_id": str(boutique_id), "region_id": str(uuid4())}


def visit_completed(
    client_id: UUID | None = None, boutique_id: UUID = BOUTIQUE, completed_at: datetime | None = None
) -> dict[str, Any]:
    """appointments.visit-completed."""
    return {
        "appointment_id": str(uuid4()),
        "client_id": str(client_id or uuid4()),
        "boutique_id": str(boutique_id),
        "advisor_id": str(ADVISOR_ID),
        "experience_id": str(uuid4()),
        "completed_at": (completed_at or datetime.now(UTC)).isoformat(),
    }


def answer_submitted(score: int = 3, work_order_id: str | None = None) -> dict[str, Any]:
    """feedback.answer-submitted."""
    ids = {name: str(uuid4()) for name in ("answer_id", "invitation_id", "survey_id", "client_id", "appointment_id")}
    places = {"boutique_id": str(BOUTIQUE), "advisor_id": str(ADVISOR_ID), "work_order_id": work_order_id}
    return {**ids, **places, "score": score, "has_comment": False}


def work_order(boutique_id: UUID = BOUTIQUE, severity: str = "medium", text: str = "表带有划痕") -> dict[str, Any]:
    """What somebody of the house opens."""
    return {"client_id": str(uuid4()), "boutique_id": str(boutique_id), "severity": severity, "text": text}
