"""For whom free times are asked: a client for herself, the house for itself or for a client it may see."""

from dataclasses import replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from infra.identity import Caller, Role
from infra.peers import Peers
from infra.refusal import Kind, NotPermitted, Refusal
from services.appointments.availability import queries
from services.appointments.availability.actions.looks import look
from services.appointments.availability.queries import Person
from services.appointments.availability.rules import Outlook
from services.appointments.directory.queries import LOCAL
from services.appointments.directory.rules import Span

ASKS = (Role.CLIENT, Role.ADVISOR, Role.CLIENT_SERVICE, Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)


class NoOwnAdvisor(Refusal):
    """Nobody is hers yet."""

    kind = Kind.CONFLICT
    slug = "no-own-advisor"
    en = "You do not have an advisor of your own yet. Every advisor of the boutique is glad to receive you."
    zh = "您暂无专属顾问，精品店的每位顾问都很乐意为您服务。"


async def whom(tx: AsyncSession, peers: Peers, client_id: UUID | None, by: Caller) -> Person | None:
    """The client whose times they are; None where the house asks for nobody in particular.

    Raises NotPermitted for a client who asks for another, and what `look` raises: whom profile does not show to the
    caller is not there.
    """
    if by.role is Role.CLIENT:
        if by.client_id is None or client_id not in {None, by.client_id}:
            raise NotPermitted
        return await queries.person(tx, by.client_id)
    if client_id is None:
        return None
    await look(peers, client_id, seen="availability", by=by)
    return await queries.person(tx, client_id)


def shown_to(by: Caller, outlook: Outlook) -> Outlook:
    """An outlook as far as it is this caller's to see: who sees her visits of some boutiques alone is not told of any.

    Or the gaps would say when she is elsewhere. Booking her then is refused all the same.
    """
    return replace(outlook, client_busy=()) if by.role in LOCAL else outlook


async def own(
    tx: AsyncSession, client: Person | None, window: Span, by: Caller
) -> tuple[UUID, list[tuple[UUID, Span]]]:
    """Her advisor, or the asking one herself, and who stands in for her and when; raises NoOwnAdvisor."""
    advisor_id = client.owner_id if client else by.advisor_id
    if advisor_id is None:
        raise NoOwnAdvisor
    return advisor_id, await queries.stand_ins(tx, client, window) if client else []
