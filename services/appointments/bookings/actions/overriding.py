"""Which rules a manager sets aside for a time, and why."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.identity import Caller, Role
from services.appointments.bookings.rules.policy import OverrideIsManagers
from services.appointments.bookings.tables import Appointment, Proposal

REASON = "override_reason"


def check_override(reason: str | None, by: Caller) -> None:
    """Raise OverrideIsManagers for whoever else gives a reason to set rules aside."""
    if reason is not None and by.role is not Role.MANAGER:
        raise OverrideIsManagers


def set_aside(
    tx: AsyncSession, where: Appointment | Proposal, overridden: Sequence[str], *, reason: str | None
) -> None:
    """Write down the rules with the time they are set aside for, and why; without a reason none are."""
    table, row_id = _place(where)
    where.overridden = list(overridden) if reason else []
    where.override_reason = keyring(tx).seal(table, REASON, row_id, reason) if reason else None


def why(tx: AsyncSession, proposal: Proposal) -> str | None:
    """Why rules are set aside for what is proposed."""
    table, row_id = _place(proposal)
    sealed = proposal.override_reason
    return keyring(tx).open(table, REASON, row_id, sealed) if sealed is not None else None


def _place(where: Appointment | Proposal) -> tuple[str, UUID]:
    row_id = where.appointment_id if isinstance(where, Appointment) else where.proposal_id
    return where.__tablename__, row_id
