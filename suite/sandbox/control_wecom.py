"""The control API of the WeCom corp: members who come and go, clients who refuse, sends that are confirmed."""

import calendar
import secrets
from datetime import UTC, datetime
from typing import Literal

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from suite.sandbox.kit import Here, Sandbox
from suite.sandbox.pushes import Delivery
from suite.sandbox.wecom_world import (
    WELCOME,
    Client,
    GroupSend,
    Happened,
    Member,
    Notice,
    Relation,
    Said,
    Transfer,
    Welcome,
)

_SENT, _NOT_A_FRIEND, _ENOUGH = 1, 2, 3


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewClient(_Body):
    """A client and the members who have her; `external_userid` is made when it is not given."""

    external_userid: str | None = Field(default=None, min_length=1, max_length=64)
    unionid: str | None = None
    userids: list[str] = Field(default_factory=list)


class NewClients(_Body):
    """Several at once."""

    items: list[NewClient]


class ClientChange(_Body):
    """What may change about her; what is not said stays."""

    refuses: bool | None = None
    messages_on: bool | None = None


class Meeting(_Body):
    """A client adds a member: `state` is that of the code she scanned; without `welcome` an admin greets her."""

    userid: str
    state: str = ""
    welcome: bool = True


class Switches(_Body):
    """`at_root`: transfer codes at the root of the answer; `welcome_busy`: so many welcomes answer 41096."""

    at_root: bool = False
    welcome_busy: int = Field(default=0, ge=0)


class SeenClient(BaseModel):
    """A client as the control API shows her."""

    external_userid: str
    unionid: str | None
    refuses: bool
    userids: list[str]


router = APIRouter(prefix="/sandbox/wecom")


@router.put("/members/{userid}")
async def put_member(here: Here, userid: str, member: Member) -> Member:
    """A member as she is from now on; with `left_at` she has left."""
    here.world.corp.members[userid] = member
    return member


@router.post("/members/{userid}/leave")
async def leave(here: Here, userid: str) -> Member:
    """She leaves now."""
    found = here.world.corp.members.get(userid)
    if found is None:
        raise HTTPException(404, "no such member")
    found.left_at = here.world.now()
    here.world.corp.untold.append(Happened(event="change_contact", change="delete_user", fields={"UserID": userid}))
    return found


@router.get("/members")
async def members(here: Here) -> dict[str, Member]:
    """Everybody who is or was a member."""
    return here.world.corp.members


@router.post("/clients", status_code=201)
async def create_clients(here: Here, new: NewClients) -> dict[str, list[str]]:
    """Clients with their relations; their external user ids, in the order asked for."""
    corp, now, made = here.world.corp, here.world.now(), []
    for one in new.items:
        external_userid = one.external_userid or f"wm{secrets.token_urlsafe(22)}"
        client = corp.clients.setdefault(external_userid, Client())
        client.unionid = one.unionid or client.unionid
        for userid in one.userids:
            corp.members.setdefault(userid, Member())
            corp.relations.setdefault(userid, {}).setdefault(external_userid, Relation(since=now))
        made.append(external_userid)
    return {"items": made}


@router.get("/clients/{external_userid}")
async def one_client(here: Here, external_userid: str) -> SeenClient:
    """One client and who has her by now."""
    here.world.corp.settle(here.world.now())
    client = _client(here, external_userid)
    return SeenClient(
        external_userid=external_userid,
        unionid=client.unionid,
        refuses=client.refuses,
        userids=[userid for userid, theirs in here.world.corp.relations.items() if external_userid in theirs],
    )


@router.patch("/clients/{external_userid}")
async def change_client(here: Here, external_userid: str, change: ClientChange) -> SeenClient:
    """Have her refuse transfers, or block group-sends."""
    client = _client(here, external_userid)
    for name, value in change.model_dump(exclude_none=True).items():
        setattr(client, name, value)
    return await one_client(here, external_userid)


@router.post("/clients/{external_userid}/contacts", status_code=201)
async def meet(here: Here, external_userid: str, meeting: Meeting) -> dict[str, str]:
    """She adds a member; the welcome code lives twenty seconds, and is empty where an admin greets."""
    corp, now = here.world.corp, here.world.now()
    corp.settle(now)
    _client(here, external_userid)
    if meeting.userid not in corp.members:
        raise HTTPException(404, "no such member")
    relation = Relation(since=now, state=meeting.state)
    corp.relations.setdefault(meeting.userid, {})[external_userid] = relation
    if not meeting.welcome:
        corp.contact("add_external_contact", meeting.userid, external_userid, State=meeting.state)
        return {"welcome_code": ""}
    code = secrets.token_urlsafe(32)
    corp.contact("add_external_contact", meeting.userid, external_userid, State=meeting.state, WelcomeCode=code)
    corp.welcomes[code] = Welcome(userid=meeting.userid, external_userid=external_userid, expires_at=now + WELCOME)
    return {"welcome_code": code}


@router.delete("/clients/{external_userid}/contacts/{userid}", status_code=204)
async def part(here: Here, external_userid: str, userid: str, by: Literal["client", "member"] = "client") -> None:
    """She removes the member, or the member her."""
    corp = here.world.corp
    corp.settle(here.world.now())
    if corp.relations.get(userid, {}).pop(external_userid, None) is not None:
        change = "del_follow_user" if by == "client" else "del_external_contact"
        corp.contact(change, userid, external_userid)


@router.get("/transfers")
async def transfers(here: Here) -> dict[str, list[Transfer]]:
    """Every transfer, oldest first, as it stands by now."""
    here.world.corp.settle(here.world.now())
    return {"items": here.world.corp.transfers}


@router.get("/group-sends")
async def group_sends(here: Here) -> dict[str, list[GroupSend]]:
    """What members are asked to send."""
    return {"items": list(here.world.corp.group_sends.values())}


@router.post("/group-sends/{msgid}/confirm")
async def confirm(here: Here, msgid: str) -> GroupSend:
    """The member confirms in WeCom: it is sent to whom she still has and who has not had her share this month.

    What was stopped before she did is not.
    """
    task, now = here.world.corp.group_sends.get(msgid), here.world.now()
    if task is None:
        raise HTTPException(404, "no such group-send")
    if task.confirmed_at is None and task.stopped_at is None:
        task.confirmed_at = now
        month = datetime.fromtimestamp(now, UTC)
        share = calendar.monthrange(month.year, month.month)[1]
        for client in task.clients:
            status = _status(here, task.sender, client, share=share, month=f"{month:%Y-%m}")
            task.clients[client] = (status, now if status == _SENT else 0.0)
    return task


@router.get("/notices")
async def notices(here: Here) -> dict[str, list[Notice]]:
    """What members have received, oldest first."""
    return {"items": here.world.corp.notices}


@router.get("/welcomes")
async def welcomes(here: Here) -> dict[str, list[Said]]:
    """Welcomes that were sent."""
    return {"items": here.world.corp.said}


@router.put("/departments/{department_id}", status_code=204)
async def put_department(here: Here, department_id: int, below: int = 1) -> None:
    """A department and the one it is part of."""
    here.world.corp.departments[department_id] = below


@router.get("/pushes")
async def pushes(here: Here) -> dict[str, list[Delivery]]:
    """What the corp has pushed, and what became of it."""
    return {"items": list(here.corp_pusher.deliveries)}


@router.post("/pushes/check")
async def check(here: Here) -> dict[str, bool]:
    """Check the address, as WeCom does when it is entered."""
    return {"ok": await here.corp_pusher.check_url()}


@router.put("/switches")
async def switches(here: Here, new: Switches) -> Switches:
    """Set all switches."""
    here.world.corp.at_root, here.world.corp.welcome_busy = new.at_root, new.welcome_busy
    return new


@router.post("/tokens/expire", status_code=204)
async def expire(here: Here) -> None:
    """The application's token is past its time (42001)."""
    if here.world.corp.token is not None:
        here.world.corp.token.expires_at = here.world.now()


def _client(here: Sandbox, external_userid: str) -> Client:
    client = here.world.corp.clients.get(external_userid)
    if client is None:
        raise HTTPException(404, "no such client")
    return client


def _status(here: Sandbox, sender: str, external_userid: str, *, share: int, month: str) -> int:
    corp = here.world.corp
    if not corp.has(sender, external_userid) or not corp.clients[external_userid].messages_on:
        return _NOT_A_FRIEND
    key = f"group-send/{external_userid}/{month}"
    _, had = here.world.tallies.get(key, (0, 0))
    if had >= share:
        return _ENOUGH
    here.world.tallies[key] = (0, had + 1)
    return _SENT
