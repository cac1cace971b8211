"""Reads of answers, and of what lies behind a link."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.identity import Caller, Role
from services.feedback.answers.tables import Answer
from services.feedback.invitations import queries as invitations
from services.feedback.invitations.rules import Status, check_open
from services.feedback.surveys import queries as surveys


@dataclass(frozen=True)
class Link:
    """What a link opens."""

    title: dict[str, str]
    questions: list[dict[str, Any]]
    expires_at: datetime


async def behind(tx: AsyncSession, token_hash: bytes, *, now: datetime) -> Link:
    """What an open link asks; raises NotFound, LinkUsed or LinkExpired."""
    invitation = await invitations.by_token(tx, token_hash)
    check_open(Status(invitation.status), expires_at=invitation.expires_at, now=now)
    survey = await surveys.survey(tx, invitation.survey_id)
    return Link(title=survey.title, questions=survey.questions, expires_at=invitation.expires_at)


def texts(tx: AsyncSession, answer: Answer) -> dict[str, str]:
    """What she wrote, by question."""
    if answer.words is None:
        return {}
    opened: dict[str, str] = json.loads(keyring(tx).open("answer", "words", answer.answer_id, answer.words))
    return opened


async def comments(tx: AsyncSession, answer_ids: Collection[UUID]) -> Mapping[UUID, str | None]:
    """What she wrote in each of these answers, its texts joined."""
    found = await tx.scalars(
        select(Answer).where(Answer.brand_id == tx.info["brand_id"], Answer.answer_id.in_(answer_ids))
    )
    return {answer.answer_id: "\n".join(texts(tx, answer).values()) or None for answer in found}


def seen_by(by: Caller) -> ColumnElement[bool]:
    """Headquarters see the brand, an advisor what was said about her own visits, managers their boutiques."""
    if by.role is Role.HEADQUARTERS:
        return true()
    if by.role is Role.ADVISOR:
        return Answer.advisor_id == by.advisor_id
    return Answer.boutique_id.in_(by.boutique_ids)


async def page(
    tx: AsyncSession,
    *,
    by: Caller,
    boutique_id: UUID | None,
    client_id: UUID | None,
    survey_id: UUID | None,
    before: UUID | None,
    limit: int,
) -> Sequence[Answer]:
    """Newest first, before the answer of that id."""
    query = select(Answer).where(Answer.brand_id == tx.info["brand_id"], seen_by(by))
    if boutique_id is not None:
        query = query.where(Answer.boutique_id == boutique_id)
    if client_id is not None:
        query = query.where(Answer.client_id.in_(await invitations.family(tx, client_id)))
    if survey_id is not None:
        query = query.where(Answer.survey_id == survey_id)
    if before is not None:
        query = query.where(Answer.answer_id < before)
    return (await tx.scalars(query.order_by(Answer.answer_id.desc()).limit(limit))).all()
