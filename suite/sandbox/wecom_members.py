"""The corp's address book: departments, who is in them, and who is gone."""

from fastapi import APIRouter, Request

from suite.sandbox.kit import Here
from suite.sandbox.wecom_tokens import admit, member
from suite.sandbox.wire import No, require

ACTIVE, INACTIVE = 1, 4

router = APIRouter(prefix="/cgi-bin/user")


@router.api_route("/simplelist", methods=["GET", "POST"])
async def simplelist(here: Here, request: Request) -> dict[str, object]:
    """The members of a department, and of those below it with `fetch_child=1`."""
    require(request, "GET")
    admit(here, request)
    corp, asked = here.world.corp, request.query_params.get("department_id", "")
    if not asked.isdecimal():
        raise No(40066)
    wanted = {int(asked)}
    if request.query_params.get("fetch_child") == "1":
        while more := {one for one, above in corp.departments.items() if above in wanted} - wanted:
            wanted |= more
    found = [
        {"userid": userid, "name": one.name or userid, "department": one.departments}
        for userid, one in corp.members.items()
        if one.left_at is None and one.is_seen and wanted.intersection(one.departments)
    ]
    return {"errcode": 0, "errmsg": "ok", "userlist": found}


@router.api_route("/get", methods=["GET", "POST"])
async def get_member(here: Here, request: Request) -> dict[str, object]:
    """One member: 60111 for one who is gone, 60011 for one the application may not see."""
    require(request, "GET")
    admit(here, request)
    userid = request.query_params.get("userid", "")
    one = member(here, userid)
    if not one.is_seen:
        raise No(60011)
    return {
        "errcode": 0,
        "errmsg": "ok",
        "userid": userid,
        "name": one.name or userid,
        "department": one.departments,
        "status": ACTIVE if one.active else INACTIVE,
    }
