"""The control API of SMS: what is in her telephone, who answers R, which carrier fails."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from suite.sandbox.kit import Here
from suite.sandbox.sms_world import Text


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Answer(_Body):
    """She answers R: nothing more goes to this number."""

    phone: str


class Trouble(_Body):
    """What goes wrong next: the code of the next call, the balance left, numbers that no carrier reaches."""

    next_error: str | None = None
    balance: int | None = None
    unreachable: list[str] | None = None


class Inbox(BaseModel):
    """Every SMS that arrived, oldest first."""

    items: list[Text]


router = APIRouter(prefix="/sandbox/sms")


@router.get("")
async def inbox(here: Here) -> Inbox:
    """What arrived."""
    return Inbox(items=here.world.sms.sent)


@router.post("/replies")
async def reply(here: Here, answer: Answer) -> Inbox:
    """She answers R."""
    here.world.sms.opted_out.append(answer.phone)
    return Inbox(items=here.world.sms.sent)


@router.put("/trouble")
async def trouble(here: Here, change: Trouble) -> Inbox:
    """Let something go wrong."""
    sms = here.world.sms
    sms.next_error = change.next_error
    sms.balance = sms.balance if change.balance is None else change.balance
    sms.unreachable = sms.unreachable if change.unreachable is None else change.unreachable
    return Inbox(items=sms.sent)
