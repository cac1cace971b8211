"""Routes of invitations: whom the house asks, what they answer, and the door."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Header, Response

from infra.app import By, Now, OfKit, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Role, permit
from infra.openapi import refuses, tagged
from infra.refusal import BadRequest
from infra.wire import After, Limit, Page, cursor, etag, read_cursor, read_id_cursor
from services.appointments.availability.actions import looks
from services.appointments.directory.queries import LOCAL
from services.appointments.occasions.actions import inviting, replying, seating
from services.appointments.occasions.queries import guests, occasions
from services.appointments.occasions.queries.guests import Place
from services.appointments.occasions.rules.life import OccasionKind, Status
from services.appointments.occasions.schemas.invitations import (
    ArrivalForm,
    ArrivalView,
    HerInvitationView,
    HerSessionView,
    InvitationView,
    InvitedView,
    InviteForm,
    InvitingView,
    ReplyForm,
)
from services.appointments.occasions.tables import Invitation

routes = router()

INVITES = (Role.ADVISOR, Role.EVENTS, Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)
ANSWERS = (Role.ADVISOR, Role.CLIENT_SERVICE, Role.EVENTS, Role.MANAGER)
DOOR = (Role.ADVISOR, Role.EVENTS, Role.MANAGER)
READS = (*ANSWERS, Role.REGIONAL, Role.HEADQUARTERS)

# A reply is guarded by the status it starts from; who wants to be sure of more sends the ETag.
Seen = Annotated[str, Header(alias="If-Match", max_length=100)]
Shown = InvitationView | HerInvitationView


async def _hers(tx: Transaction, rows: Sequence[Invitation], now: datetime) -> list[HerInvitationView]:
    found = await occasions.sessions(tx, {one.occasion_id for one in rows})
    shown = []
    for guest in rows:
        occasion = await occasions.occasion(tx, guest.occasion_id)
        status, offered_until = _seen(guest)
        sessions = [
            HerSessionView(
                session_id=one.session.session_id,
                boutique_id=one.session.boutique_id,
                place_zh=one.session.place_zh,
                place_en=one.session.place_en,
                starts_at=one.session.starts_at,
                ends_at=one.session.ends_at,
                is_full=not one.seating(occasion, now=now).free_for(seating.segment_of(guest)),
            )
            for one in found[guest.occasion_id]
        ]
        shown.append(
            HerInvitationView(
                invitation_id=guest.invitation_id,
                occasion_id=guest.occasion_id,
                kind=OccasionKind(occasion.kind),
                title_zh=occasion.title_zh,
                title_en=occasion.title_en,
                about_zh=occasion.about_zh,
                about_en=occasion.about_en,
                status=status,
                most_plus_ones=occasion.most_plus_ones,
                reply_by_at=occasion.reply_by_at,
                sessions=sessions,
                session_id=guest.session_id,
                plus_ones=guest.plus_ones,
                offer_expires_at=offered_until,
                answered_at=guest.answered_at,
                arrived_at=guest.arrived_at,
                token=replying.token(tx, guest),
                version=guest.version,
            )
        )
    return shown


def _seen(guest: Invitation) -> tuple[Status, datetime | None]:
    """Where she stands, as far as she was told: what the house knows of its messages is not hers to wonder about."""
    status = Status(guest.status)
    if status is Status.UNREACHABLE:
        return Status.INVITED, None
    if status is Status.OFFERED and guest.to_tell is not None:
        return Status.WAITING, None
    return status, guest.offer_expires_at


async def _view(tx: Transaction, guest: Invitation, response: Response, *, by: By, now: datetime) -> Shown:
    response.headers["ETag"] = etag(guest.version)
    if by.role is Role.CLIENT:
        return (await _hers(tx, [guest], now))[0]
    return InvitationView.model_validate(guest)


def _place(after: str | None, *, of: str) -> Place | None:
    """Behind whom to walk on; BadRequest for a cursor of other segments, or one that was made up."""
    if (key := read_cursor(after, of=of, parts=2)) is None:
        return None
    try:
        # asyncpg turns an instant into UTC, which must not lead out of the calendar.
        last_at = datetime.fromisoformat(key[0]).astimezone(UTC) if key[0] else None
        return Place(last_at, UUID(key[1]))
    except (ValueError, OverflowError):
        raise BadRequest from None


@routes.post("/occasions/{occasion_id}/invitations", status_code=201, responses=refuses(404))
@permit(*INVITES)
@idempotent()
async def invite(occasion_id: UUID, form: InviteForm, *, kit: OfKit, tx: Transaction, by: By, now: Now) -> InvitingView:
    """Invite clients, or with `dry_run` (unless it is false) see what would become of each: every no names its rule.

    Advisors invite clients of their own by name, boutiques their own clients. Segments that hold `more` are walked on
    through with `next_cursor` as `after`: who was refused stands at their head.
    """
    of = f"inviting {occasion_id} {form.segments} {form.boutique_id}"
    # Before anything is locked: nobody waits for profile. Whose clients are whose is known here, so only the whole
    # house can name somebody of whom nothing is.
    unheard = await guests.unheard(tx, form.client_ids or ()) if by.role not in LOCAL else ()
    strangers = await looks.strangers(kit.peers, unheard, by=by)
    done = await inviting.invite(
        tx, occasion_id, form.wanted(), after=_place(form.after, of=of), strangers=strangers, by=by, now=now
    )
    refused = sum(one.rule is not None for one in done.verdicts)
    return InvitingView(
        dry_run=form.dry_run,
        invited=len(done.verdicts) - refused,
        refused=refused,
        more=done.behind is not None,
        next_cursor=cursor(done.behind.last_at or "", done.behind.client_id, of=of) if done.behind else None,
        items=[InvitedView.model_validate(one) for one in done.verdicts],
    )


@routes.get("/occasions/{occasion_id}/invitations")
@permit(*READS)
async def list_guests(
    occasion_id: UUID,
    *,
    status: Status | None = None,
    after: After = None,
    limit: Limit = 50,
    tx: Transaction,
    by: By,
) -> Page[InvitationView]:
    """The guest list, as far as its guests are the caller's to know; the latest invited first."""
    await occasions.visible(tx, occasion_id, by)
    of = f"guests {occasion_id} {status}"
    rows = await guests.page(
        tx, by, occasion_id=occasion_id, status=status, after=read_id_cursor(after, of=of), limit=limit + 1
    )
    more = cursor(rows[limit - 1].invitation_id, of=of) if len(rows) > limit else None
    return Page(items=[InvitationView.model_validate(one) for one in rows[:limit]], next_cursor=more)


@routes.get("/me/invitations")
@permit(Role.CLIENT)
async def my_invitations(
    *, after: After = None, limit: Limit = 50, tx: Transaction, by: By, now: Now
) -> Page[HerInvitationView]:
    """What she is invited to, the latest first."""
    of = f"my invitations {by.client_id}"
    rows = await guests.page(tx, by, after=read_id_cursor(after, of=of), limit=limit + 1)
    more = cursor(rows[limit - 1].invitation_id, of=of) if len(rows) > limit else None
    return Page(items=await _hers(tx, rows[:limit], now), next_cursor=more)


@routes.get("/invitations/{invitation_id}", responses=tagged())
@permit(Role.CLIENT, *READS)
async def read_invitation(invitation_id: UUID, *, tx: Transaction, by: By, now: Now, response: Response) -> Shown:
    """One invitation."""
    return await _view(tx, await guests.visible(tx, invitation_id, by), response, by=by, now=now)


@routes.post("/invitations/{invitation_id}/reply", responses=tagged())
@permit(Role.CLIENT, *ANSWERS)
async def reply(
    invitation_id: UUID,
    form: ReplyForm,
    *,
    if_match: Seen = "*",
    tx: Transaction,
    by: By,
    now: Now,
    response: Response,
) -> Shown:
    """Accept, change, decline, withdraw, or wait for a seat; the house's people answer for her when she tells them."""
    guest = await replying.reply(tx, invitation_id, form.wanted(), if_match=if_match, by=by, now=now)
    return await _view(tx, guest, response, by=by, now=now)


@routes.post("/occasions/{occasion_id}/check-in")
@permit(*DOOR)
async def check_guest_in(occasion_id: UUID, form: ArrivalForm, *, tx: Transaction, by: By, now: Now) -> ArrivalView:
    """Let a guest in by her QR code, once; her companions are counted."""
    guest = await replying.check_in(tx, occasion_id, form.token, plus_ones=form.plus_ones, by=by, now=now)
    return ArrivalView.of(guest)
