"""Group-sends that wait for the member to confirm, and notices to members with their partial failures."""

from fastapi import APIRouter, Request

from suite.sandbox.kit import Here, Sandbox
from suite.sandbox.wecom_tokens import body, member, texts
from suite.sandbox.wecom_world import KEPT, GroupSend, Notice
from suite.sandbox.wire import No, text
from suite.sandbox.world import MINUTE

MOST_CLIENTS = 10_000
MOST_MEMBERS = 1000
HOUR = 3600
# Notices to one member; what is more is dropped without a word.
PER_MINUTE, PER_HOUR = 30, 1000
LONGEST_REPEAT = 4 * HOUR

router = APIRouter(prefix="/cgi-bin")


@router.post("/externalcontact/add_msg_template")
async def add_msg_template(here: Here, request: Request) -> dict[str, object]:
    """Ask a member to send; nothing is sent here."""
    fields = await body(here, request)
    world, corp = here.world, here.world.corp
    sender, content = text(fields, "sender"), fields.get("text")
    clients = texts(fields.get("external_userid"), most=MOST_CLIENTS)
    words = text(content, "content") if isinstance(content, dict) else ""
    attachments = fields.get("attachments", [])
    if text(fields, "chat_type") not in {"single", ""} or not (words or attachments):
        raise No(47001)
    if len(words.encode()) > 4000 or not isinstance(attachments, list) or len(attachments) > 9:
        raise No(45002)
    member(here, sender)
    failed = [client for client in clients if not corp.has(sender, client)]
    left = {client: (0, 0.0) for client in clients if corp.has(sender, client)}
    if not left:
        raise No(41048)
    msgid = f"msg{world.next_msgid}"
    world.next_msgid += 1
    corp.group_sends[msgid] = GroupSend(
        msgid=msgid, sender=sender, text=words, attachments=len(attachments), clients=left
    )
    return {"errcode": 0, "errmsg": "ok", "fail_list": failed, "msgid": msgid}


@router.post("/externalcontact/cancel_groupmsg_send")
async def cancel_groupmsg_send(here: Here, request: Request) -> dict[str, object]:
    """Stop what the member has not confirmed yet."""
    task = here.world.corp.group_sends.get(text(await body(here, request), "msgid"))
    if task is None:
        raise No(47001)
    if task.confirmed_at is None and task.stopped_at is None:
        task.stopped_at = here.world.now()
    return {"errcode": 0, "errmsg": "ok"}


@router.post("/externalcontact/get_groupmsg_send_result")
async def get_groupmsg_send_result(here: Here, request: Request) -> dict[str, object]:
    """What became of a group-send at each client."""
    fields = await body(here, request)
    task = here.world.corp.group_sends.get(text(fields, "msgid"))
    if task is None or task.sender != text(fields, "userid"):
        raise No(47001)
    limit, cursor = fields.get("limit"), text(fields, "cursor")
    size = limit if isinstance(limit, int) and 0 < limit <= 1000 else 500
    start = int(cursor) if cursor.isdecimal() else 0
    page = list(task.clients.items())[start : start + size]
    return {
        "errcode": 0,
        "errmsg": "ok",
        "send_list": [
            {"external_userid": client, "userid": task.sender, "status": status, "send_time": int(at)}
            for client, (status, at) in page
        ],
        "next_cursor": str(start + size) if start + size < len(task.clients) else "",
    }


@router.post("/message/send")
async def message_send(here: Here, request: Request) -> dict[str, object]:
    """Notify members: errcode 0 though some of them cannot be reached."""
    fields = await body(here, request)
    if fields.get("agentid") != here.settings.wecom_agent_id:
        raise No(40056)
    named = [userid for userid in text(fields, "touser").split("|") if userid]
    if not named or len(named) > MOST_MEMBERS:
        raise No(82001)
    content = fields.get("text")
    words = text(content, "content") if isinstance(content, dict) else ""
    if text(fields, "msgtype") != "text" or not words:
        raise No(44002)
    known = here.world.corp.members
    valid = [userid for userid in named if userid in known and known[userid].left_at is None and known[userid].active]
    if not valid:
        raise No(81013)
    _notify(here, fields, valid, words.encode()[:2048].decode(errors="ignore"))
    here.world.next_msgid += 1
    invalid = "|".join(userid.lower() for userid in named if userid not in valid)
    return {"errcode": 0, "errmsg": "ok", "invaliduser": invalid, "msgid": f"notice{here.world.next_msgid}"}


def _notify(here: Sandbox, fields: dict[str, object], userids: list[str], words: str) -> None:
    world, corp, now = here.world, here.world.corp, here.world.now()
    if fields.get("enable_duplicate_check") == 1:
        wait = fields.get("duplicate_check_interval", 1800)
        key = f"{text(fields, 'touser')} {words}"
        if corp.repeats.get(key, 0) > now:
            return
        corp.repeats[key] = now + min(wait if isinstance(wait, int) else 1800, LONGEST_REPEAT)
    for userid in userids:
        in_minute = world.within(f"notice/{userid}", MINUTE, PER_MINUTE)
        if world.within(f"notice/{userid}", HOUR, PER_HOUR) and in_minute:
            corp.notices.append(Notice(userid=userid, text=words, at=now))
    del corp.notices[:-KEPT]
