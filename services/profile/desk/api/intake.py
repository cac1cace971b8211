"""How clients come in: registered, imported, recognised by WeChat, known by one more identifier."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Literal
from uuid import UUID

from fastapi import Response

from infra.app import By, Now, OfKit, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Caller, Role, permit
from infra.ids import new_id
from infra.openapi import refuses, tagged
from infra.refusal import Refusal
from infra.wire import etag
from services.profile.books.actions import Assignment
from services.profile.clients.actions import Newcomer
from services.profile.clients.models import days
from services.profile.clients.rules import DayAhead, NoSuchDay
from services.profile.clients.schemas import NamesForm
from services.profile.consents.rules import GuardianNeeded, is_child
from services.profile.desk.actions import meeting as actions
from services.profile.desk.actions.meeting import Imported
from services.profile.desk.rules import MERGERS, MaskUnreadable, SystemMissing, WechatUnclear
from services.profile.desk.schemas.intake import (
    AddedView,
    AskedForm,
    IdentityForm,
    ImportedForm,
    ImportedView,
    ImportFault,
    ImportForm,
    ImportView,
    NumberForm,
    RecognisedView,
    RecogniseForm,
    RegisterForm,
    SharedForm,
)
from services.profile.identities import actions as identity_actions
from services.profile.identities import models
from services.profile.identities.queries import Known
from services.profile.identities.rules import MergeNeedsDecision
from services.profile.privacy import actions as privacy
from services.profile.privacy.rules import STAFF, role_ground
from services.profile.segments import queries as segments

routes = router()


@routes.post("/clients", status_code=201, responses=tagged(201))
@permit(Role.ADVISOR, Role.MANAGER, Role.REGIONAL, Role.CLIENT_SERVICE, Role.HEADQUARTERS, Role.POS)
@idempotent()
async def register(form: RegisterForm, tx: Transaction, by: By, now: Now, response: Response) -> RecognisedView:
    """Register a new client. Who registers her may see her for a day, whoever will own her."""
    birthday = form.birthday.read(today=await segments.today(tx, now)) if form.birthday else None
    newcomer = replace(_newcomer(form), birthday=birthday)
    known = [*_phone(form.phone), *_member(form.member), *_others(form), *_masks(form)]
    await actions.register(tx, newcomer, known, source=_source(by, "staff"), now=now)
    if by.role in STAFF and role_ground(by.role) is None:
        await privacy.open_access(tx, newcomer.client_id, "registered", by=by, now=now)
    response.headers["ETag"] = etag(1)
    return RecognisedView(client_id=newcomer.client_id)


@routes.post("/clients/batch", status_code=207, max_body_size=2 * 1024 * 1024)
@permit(Role.HEADQUARTERS)
async def import_clients(form: ImportForm, tx: Transaction, by: By, now: Now) -> ImportView:
    """Bring in up to 500 clients of an older system. Whoever is there already, by member number, stays as she is."""
    today = await segments.today(tx, now)
    views: dict[int, ImportedView] = {}
    offered: list[tuple[int, Imported]] = []
    for index, one in enumerate(form.clients):
        try:
            offered.append((index, _imported(one, today=today)))
        except (models.PhoneUnreadable, models.EmailUnreadable, NoSuchDay, DayAhead, GuardianNeeded) as refusal:
            views[index] = ImportedView(index=index, status="rejected", client_id=None, code=_CODES[type(refusal)])
    arrivals = await actions.bring_in(tx, [one for _, one in offered], actor=by.subject, now=now)
    for (index, _), arrival in zip(offered, arrivals, strict=True):
        if arrival.refused is not None:
            views[index] = ImportedView(index=index, status="rejected", client_id=None, code=arrival.refused)
        else:
            status: Literal["created", "known"] = "created" if arrival.is_new else "known"
            code: Literal["owner-gone"] | None = "owner-gone" if arrival.is_ownerless else None
            views[index] = ImportedView(index=index, status=status, client_id=arrival.client_id, code=code)
    return ImportView(items=[views[index] for index in range(len(form.clients))])


@routes.post("/clients/recognise", responses=refuses(410))
@permit(Role.SERVICE)
async def recognise(form: RecogniseForm, tx: Transaction, now: Now) -> RecognisedView:
    """Who signs in through WeChat, or adds an advisor in WeCom; someone new is registered. Safe to repeat."""
    unionid = Known("unionid", form.unionid) if form.unionid else None
    return RecognisedView(client_id=await actions.recognise(tx, _account(form), unionid, now=now))


@routes.post("/clients/{client_id}/identities", responses=refuses(410))
@permit(
    Role.SERVICE,
    Role.POS,
    Role.ADVISOR,
    Role.AFTER_SALES,
    Role.EVENTS,
    Role.MANAGER,
    Role.REGIONAL,
    Role.CLIENT_SERVICE,
    Role.HEADQUARTERS,
)
async def add_identity(
    client_id: UUID, form: IdentityForm, *, tx: Transaction, by: By, kit: OfKit, now: Now
) -> AddedView:
    """Know a client by one more identifier. A verified phone or e-mail of another record joins the two.

    Safe to repeat.
    """
    source, identifier = _source(by, form.source), known(form)
    try:
        survivor, merged = await actions.add_identity(tx, client_id, identifier, source=source, by=by, now=now)
    except MergeNeedsDecision:
        # That she says so is kept although it proves nothing; not in this transaction, which the refusal takes along.
        await tx.rollback()
        async with kit.database.transaction(by.brand_id) as own:
            await identity_actions.claim(own, client_id, identifier, source=source, now=now)
        raise
    return AddedView(client_id=survivor, merged=merged)


@routes.post("/clients/{client_id}/shared-identifiers", status_code=204, responses=refuses(404))
@permit(*MERGERS)
async def share(client_id: UUID, form: SharedForm, tx: Transaction, by: By, now: Now) -> None:
    """A number of hers is a family's or a driver's: it identifies nobody any more and merges nobody. Safe to repeat."""
    value = models.e164(form.value) if form.kind == "phone" else models.mailbox(form.value)
    await actions.share(tx, client_id, Known(form.kind, value), by=by, now=now)


def known(form: AskedForm | IdentityForm) -> Known:
    """An identifier as it is compared.

    Raises PhoneUnreadable, EmailUnreadable, MaskUnreadable, and SystemMissing for a number of one system alone.
    """
    match form.kind:
        case "phone":
            return Known("phone", models.e164(form.value))
        case "email":
            return Known("email", models.mailbox(form.value))
        case "member":
            return Known("member", form.value)
        case "masked-phone":
            if not _MASK.fullmatch(form.value):
                raise MaskUnreadable
            return Known("masked-phone", form.value)
    if form.system is None:
        raise SystemMissing
    return Known(form.kind, form.value, form.system)


def _source(by: Caller, said: str) -> str:
    """Who vouches: only a service is believed when it names somebody else."""
    if by.role is Role.SERVICE:
        return said
    return "staff" if by.role in STAFF else "pos"


def _newcomer(form: NamesForm) -> Newcomer:
    return Newcomer(new_id(), form.display_name, form.family_name, form.given_name, form.salutation, form.language)


_MASK = re.compile(models.MASK)
_CODES: dict[type[Refusal], ImportFault] = {
    models.PhoneUnreadable: "phone-unreadable",
    models.EmailUnreadable: "email-unreadable",
    NoSuchDay: "no-such-day",
    DayAhead: "day-ahead",
    GuardianNeeded: "guardian-needed",
}


def _imported(form: ImportedForm, *, today: date) -> Imported:
    birthday = form.birthday.read(today=today) if form.birthday else None
    # An import has no guardian's consent, nor the evidence of one.
    if birthday is not None and form.consents and is_child(days.age(birthday, today)):
        raise GuardianNeeded
    newcomer = replace(_newcomer(form), birthday=birthday)
    owner = form.owner
    return Imported(
        newcomer=newcomer,
        member=Known("member", form.external_ref),
        others=tuple(dict.fromkeys([*_phone(form.phone), *_others(form)])),
        marks=tuple(_masks(form)),
        consents=actions.consents_of(newcomer.client_id, form.consents, form.notice_version),
        owner=Assignment(newcomer.client_id, owner.advisor_id, owner.boutique_id) if owner else None,
    )


def _phone(typed: str | None) -> list[Known]:
    return [Known("phone", models.e164(typed))] if typed else []


def _member(number: str | None) -> list[Known]:
    return [Known("member", number)] if number else []


def _others(form: RegisterForm | ImportedForm) -> list[Known]:
    address = [Known("email", models.mailbox(form.email))] if form.email else []
    return [*address, *_numbers("pos", form.pos_ids), *_numbers("eshop", form.eshop_ids)]


def _masks(form: RegisterForm | ImportedForm) -> list[Known]:
    return [Known("masked-phone", form.masked_phone)] if form.masked_phone else []


def _numbers(kind: str, forms: Sequence[NumberForm]) -> list[Known]:
    return [Known(kind, form.value, form.system) for form in forms]


def _account(form: RecogniseForm) -> Known:
    """How one app or corp knows her; raises WechatUnclear."""
    match (form.appid, form.openid, form.corpid, form.external_userid):
        case (str(appid), str(openid), None, None):
            return Known("openid", openid, appid)
        case (None, None, str(corpid), str(contact)):
            return Known("wecom", contact, corpid)
    raise WechatUnclear
