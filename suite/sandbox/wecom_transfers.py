"""Handing clients over: submissions judged client by client, results after 24 hours of the sandbox's clock."""

from fastapi import APIRouter, Request

from suite.sandbox.kit import Here, Sandbox
from suite.sandbox.wecom_tokens import body, member, texts
from suite.sandbox.wecom_world import MOST_TRANSFERS, TAKEOVER, WINDOW, Corp, Member, Transfer
from suite.sandbox.wire import No, text

AT_ONCE = 100
PAGE = 1000
YEAR = 365 * 86_400

_STATUS = {"done": 1, "waiting": 2, "refused": 3, "limit": 4}

router = APIRouter(prefix="/cgi-bin/externalcontact")


@router.post("/transfer_customer")
async def transfer_customer(here: Here, request: Request) -> dict[str, object]:
    """Clients of a member in service."""
    fields = await body(here, request)
    if len(text(fields, "transfer_success_msg")) > 200:
        raise No(45002)
    return _submit(here, fields, resigned=False)


@router.post("/resigned/transfer_customer")
async def resigned_transfer_customer(here: Here, request: Request) -> dict[str, object]:
    """Clients of a member who has left."""
    return _submit(here, await body(here, request), resigned=True)


@router.post("/transfer_result")
async def transfer_result(here: Here, request: Request) -> dict[str, object]:
    """Where the transfers between two members stand."""
    return _results(here, await body(here, request), resigned=False)


@router.post("/resigned/transfer_result")
async def resigned_transfer_result(here: Here, request: Request) -> dict[str, object]:
    """The same for a member who has left."""
    return _results(here, await body(here, request), resigned=True)


@router.post("/get_unassigned_list")
async def get_unassigned_list(here: Here, request: Request) -> dict[str, object]:
    """Clients of members who have left, whom nobody is taking over."""
    fields = await body(here, request)
    corp = here.world.corp
    moving = {(one.handover_userid, one.external_userid) for one in corp.transfers if one.state == "waiting"}
    found: list[dict[str, object]] = [
        {"handover_userid": userid, "external_userid": client, "dimission_time": int(who.left_at)}
        for userid, who in corp.members.items()
        if who.left_at is not None
        for client in corp.relations.get(userid, {})
        if (userid, client) not in moving
    ]
    size = fields.get("page_size")
    page, cursor = _page(found, fields, size if isinstance(size, int) and 0 < size <= PAGE else PAGE)
    return {"errcode": 0, "errmsg": "ok", "info": page, "is_last": not cursor, "next_cursor": cursor}


def _submit(here: Sandbox, fields: dict[str, object], *, resigned: bool) -> dict[str, object]:
    world, corp = here.world, here.world.corp
    handover, takeover = text(fields, "handover_userid"), text(fields, "takeover_userid")
    clients = texts(fields.get("external_userid"), most=AT_ONCE)
    _members(here, handover, takeover, resigned=resigned)
    before: dict[str, list[Transfer]] = {}
    for one in corp.transfers:
        before.setdefault(one.external_userid, []).append(one)
    said = []
    for client in dict.fromkeys(clients):
        errcode = _judge(corp, (handover, takeover), client, before.get(client, []), now=world.now(), resigned=resigned)
        if errcode and corp.at_root:
            raise No(errcode)
        if not errcode:
            corp.transfers.append(
                Transfer(
                    handover_userid=handover,
                    takeover_userid=takeover,
                    external_userid=client,
                    resigned=resigned,
                    submitted_at=world.now(),
                    takeover_at=world.now() + TAKEOVER,
                )
            )
        said.append({"external_userid": client, "errcode": errcode})
    corp.settle(world.now())
    return {"errcode": 0, "errmsg": "ok", "customer": said}


def _members(here: Sandbox, handover: str, takeover: str, *, resigned: bool) -> None:
    """What is wrong with the two themselves stands at the root."""
    former = here.world.corp.members.get(handover)
    if former is None or (former.left_at is not None and not resigned):
        raise No(60111)
    if handover == takeover:
        raise No(40130)
    if resigned:
        if former.left_at is None:
            raise No(40097)
        if here.world.now() - former.left_at > YEAR:
            raise No(40131)
    taker: Member = member(here, takeover)
    if not taker.active:
        raise No(41054)
    if not taker.verified:
        raise No(40098)
    if taker.team_account or former.team_account:
        raise No(40132)


def _judge(
    corp: Corp, between: tuple[str, str], client: str, hers: list[Transfer], *, now: float, resigned: bool
) -> int:
    handover, takeover = between
    if client not in corp.clients:
        return 40096
    if not corp.has(handover, client):
        return 40131
    if any(one.state == "waiting" for one in hers):
        return 40129 if resigned else 40100
    if sum(one.state == "done" and one.submitted_at > now - WINDOW for one in hers) >= MOST_TRANSFERS:
        return 40128
    theirs = corp.relations.get(takeover, {})
    if client not in theirs and len(theirs) >= corp.members[takeover].client_limit:
        return 40099
    return 0


def _results(here: Sandbox, fields: dict[str, object], *, resigned: bool) -> dict[str, object]:
    between = (text(fields, "handover_userid"), text(fields, "takeover_userid"), resigned)
    # A client that was submitted again stands there once, with her last transfer.
    last = {
        one.external_userid: one
        for one in here.world.corp.transfers
        if (one.handover_userid, one.takeover_userid, one.resigned) == between
    }
    found: list[dict[str, object]] = [
        {
            "external_userid": client,
            "status": _STATUS[one.state],
            "takeover_time": int(one.takeover_at) if one.state in {"done", "waiting"} else 0,
        }
        for client, one in last.items()
    ]
    page, cursor = _page(found, fields, PAGE)
    return {"errcode": 0, "errmsg": "ok", "customer": page, "next_cursor": cursor}


def _page(found: list[dict[str, object]], fields: dict[str, object], size: int) -> tuple[list[dict[str, object]], str]:
    cursor = text(fields, "cursor")
    start = int(cursor) if cursor.isdecimal() else 0
    end = start + size
    return found[start:end], str(end) if end < len(found) else ""
