"""The corp's address book: who works in a department, and whether somebody is still there."""

from dataclasses import dataclass

from infra.wecom import answers
from infra.wecom.client import Channel
from infra.wecom.codes import NO_SUCH_MEMBER, NOT_SEEN

_LEFT = 5  # WeCom's status of a member who has left


@dataclass(frozen=True)
class Member:
    """A member of the corp and the departments she is in."""

    userid: str
    name: str
    departments: tuple[int, ...]


async def list_members(wecom: Channel, department_id: int) -> list[Member]:
    """Who is in a department or in one below it, as far as the application may see."""
    params = {"department_id": str(department_id), "fetch_child": "1"}
    answer = await wecom.call("GET", "/cgi-bin/user/simplelist", params=params)
    found = answers.objects(answer.fields.get("userlist"))
    return [Member(answers.text(one, "userid"), answers.text(one, "name"), _numbers(one)) for one in found]


async def has_left(wecom: Channel, userid: str) -> bool:
    """Whether WeCom says that there is no such member any more; one whom we may not see has not left."""
    expected = frozenset({NO_SUCH_MEMBER, NOT_SEEN})
    answer = await wecom.call("GET", "/cgi-bin/user/get", params={"userid": userid}, expected=expected)
    if answer.errcode == NOT_SEEN:
        return False
    return answer.errcode == NO_SUCH_MEMBER or answers.number(answer.fields, "status") == _LEFT


def _numbers(one: dict[str, object]) -> tuple[int, ...]:
    value = one.get("department")
    return tuple(item for item in value if isinstance(item, int)) if isinstance(value, list) else ()
