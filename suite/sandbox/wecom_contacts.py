"""Who is in a member's contacts, and the welcome of a new one."""

from fastapi import APIRouter, Request

from suite.sandbox.kit import Here
from suite.sandbox.wecom_tokens import admit, body, member
from suite.sandbox.wecom_world import Said
from suite.sandbox.wire import No, require, text

PAGE = 500

router = APIRouter(prefix="/cgi-bin/externalcontact")


@router.api_route("/list", methods=["GET", "POST"])
async def list_contacts(here: Here, request: Request) -> dict[str, object]:
    """The clients of a member."""
    require(request, "GET")
    admit(here, request)
    userid = request.query_params.get("userid", "")
    member(here, userid)
    theirs = list(here.world.corp.relations.get(userid, {}))
    if not theirs:
        raise No(84061)
    return {"errcode": 0, "errmsg": "ok", "external_userid": theirs}


@router.api_route("/get", methods=["GET", "POST"])
async def get_contact(here: Here, request: Request) -> dict[str, object]:
    """One client and the members who have her."""
    require(request, "GET")
    admit(here, request)
    corp, external_userid = here.world.corp, request.query_params.get("external_userid", "")
    client = corp.clients.get(external_userid)
    if client is None:
        raise No(40096)
    follows = [
        {
            "userid": userid,
            "remark": "",
            "description": "",
            "createtime": int(theirs[external_userid].since),
            "tags": [],
            "remark_mobiles": [],
            "add_way": theirs[external_userid].add_way,
            "oper_userid": userid,
            "state": theirs[external_userid].state,
        }
        for userid, theirs in corp.relations.items()
        if external_userid in theirs
    ]
    if not follows:
        raise No(84061)
    cursor = request.query_params.get("cursor", "")
    start = int(cursor) if cursor.isdecimal() else 0
    who: dict[str, object] = {"external_userid": external_userid, "name": "客户", "type": 1, "gender": 0}
    if client.unionid:
        who["unionid"] = client.unionid
    said = {"errcode": 0, "errmsg": "ok", "external_contact": who, "follow_user": follows[start : start + PAGE]}
    return said | ({"next_cursor": str(start + PAGE)} if start + PAGE < len(follows) else {})


@router.post("/send_welcome_msg")
async def send_welcome_msg(here: Here, request: Request) -> dict[str, object]:
    """Greet a new contact: within twenty seconds, once, and not when they are chatting already."""
    fields = await body(here, request)
    corp, content = here.world.corp, fields.get("text")
    words = text(content, "content") if isinstance(content, dict) else ""
    attachments = fields.get("attachments", [])
    if not words and not attachments:
        raise No(44002)
    if len(words.encode()) > 4000 or not isinstance(attachments, list) or len(attachments) > 9:
        raise No(45002)
    code = corp.welcomes.get(text(fields, "welcome_code"))
    if code is None or code.expires_at <= here.world.now():
        raise No(41050)
    if code.state != "open":
        raise No(41051)
    if corp.welcome_busy:
        corp.welcome_busy -= 1
        raise No(41096)
    code.state = "used"
    corp.said.append(Said(userid=code.userid, external_userid=code.external_userid, text=words))
    return {"errcode": 0, "errmsg": "ok"}
