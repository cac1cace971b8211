"""Clients handed from one member to another, in service or after the first has left."""

from collections.abc import Sequence

from infra.wechat.errors import WeChatUnavailable
from infra.wecom import answers
from infra.wecom.answers import Submitted, Transferred, TransferStatus, Unassigned
from infra.wecom.client import Channel
from infra.wecom.codes import TRANSFER

AT_ONCE = 100  # clients of one submission
LONGEST_SUCCESS_MESSAGE = 200  # characters
UNASSIGNED_AT_ONCE = 1000

_PATH = "/cgi-bin/externalcontact"


async def transfer_customer(
    wecom: Channel, handover_userid: str, takeover_userid: str, clients: Sequence[str], *, said: str = ""
) -> list[Submitted]:
    """Submit up to 100 clients of a member in service; `said` greets a client when she has been taken over.

    Each transfer ends by itself after 24 hours unless the client refuses; `transfer_result` says where it stands.
    """
    body: dict[str, object] = _submission(handover_userid, takeover_userid, clients)
    if said:
        body["transfer_success_msg"] = said[:LONGEST_SUCCESS_MESSAGE]
    return await _submit(wecom, f"{_PATH}/transfer_customer", body, clients)


async def resigned_transfer_customer(
    wecom: Channel, handover_userid: str, takeover_userid: str, clients: Sequence[str]
) -> list[Submitted]:
    """The same for a member who has left within the year."""
    body = _submission(handover_userid, takeover_userid, clients)
    return await _submit(wecom, f"{_PATH}/resigned/transfer_customer", body, clients)


async def transfer_result(
    wecom: Channel, handover_userid: str, takeover_userid: str, *, resigned: bool, cursor: str = ""
) -> tuple[list[Transferred], str]:
    """Up to a thousand transfers between two members, and the cursor of the next ones (empty: none)."""
    path = f"{_PATH}/resigned/transfer_result" if resigned else f"{_PATH}/transfer_result"
    body = {"handover_userid": handover_userid, "takeover_userid": takeover_userid, "cursor": cursor}
    answer = await wecom.call("POST", path, body=body)
    return [_transferred(one) for one in answers.objects(answer.fields.get("customer"))], answers.text(
        answer.fields, "next_cursor"
    )


async def get_unassigned_list(wecom: Channel, *, cursor: str = "") -> tuple[list[Unassigned], str]:
    """Clients whose member has left and whom nobody has taken over, and the cursor of the next ones."""
    body = {"page_size": UNASSIGNED_AT_ONCE, "cursor": cursor}
    answer = await wecom.call("POST", f"{_PATH}/get_unassigned_list", body=body)
    found = []
    for one in answers.objects(answer.fields.get("info")):
        left_at = answers.moment(one, "dimission_time")
        if left_at is None:
            raise WeChatUnavailable
        found.append(Unassigned(answers.text(one, "handover_userid"), answers.text(one, "external_userid"), left_at))
    last = answer.fields.get("is_last") is True
    return found, "" if last else answers.text(answer.fields, "next_cursor")


def _submission(handover_userid: str, takeover_userid: str, clients: Sequence[str]) -> dict[str, object]:
    if not 0 < len(clients) <= AT_ONCE:
        raise ValueError(f"1 to {AT_ONCE} clients at once")
    return {
        "handover_userid": handover_userid,
        "takeover_userid": takeover_userid,
        "external_userid": list(clients),
    }


async def _submit(wecom: Channel, path: str, body: dict[str, object], clients: Sequence[str]) -> list[Submitted]:
    answer = await wecom.call("POST", path, body=body, expected=TRANSFER)
    if answer.errcode:  # WeCom does not document which of these stand at the root: then they hold for all
        return [Submitted(client, answer.errcode) for client in clients]
    return [
        Submitted(answers.text(one, "external_userid"), answers.number(one, "errcode"))
        for one in answers.objects(answer.fields.get("customer"))
    ]


def _transferred(one: dict[str, object]) -> Transferred:
    try:
        status = TransferStatus(answers.number(one, "status"))
    except ValueError:
        raise WeChatUnavailable from None
    return Transferred(answers.text(one, "external_userid"), status, answers.moment(one, "takeover_time"))
