"""How profile is asked."""

from collections.abc import Mapping
from typing import Any

from tests.profile.build import receipt
from tests.rights.asking import Ask, Fresh
from tests.rights.house import APPID, HER_PHONE, House


async def a_client(house: House) -> Mapping[str, str]:
    """Somebody new, whom nobody may see but the whole brand's roles."""
    made = await house.made("profile", "hq", "POST", "/v1/clients", {"display_name": "韩雪"})
    return {"client_id": made["client_id"]}


def a_request(*steps: str, kind: str = "correct") -> Fresh:
    """Something that somebody new asks for, after some steps."""

    async def made(house: House) -> Mapping[str, str]:
        hers = await a_client(house)
        asked = f"/v1/clients/{hers['client_id']}/data-requests"
        request = await house.made("profile", "pr", "POST", asked, {"kind": kind})
        for step in steps:
            await house.made("profile", "pr", "POST", f"/v1/data-requests/{request['request_id']}/{step}")
        return {**hers, "request_id": request["request_id"]}

    return made


def _decision(purpose: str) -> dict[str, Any]:
    return {"consents": [{"purpose": purpose, "granted": True, "notice_version": "2029-1"}]}


_POLICY = {
    "currency": "CNY",
    "zone": "Asia/Shanghai",
    "vic_minor": 100_000_000,
    "core_minor": 10_000_000,
    "potential_minor": 1_000_000,
}
_RECEIPT = {**receipt("R-{n}"), "store_code": "{store_code}"}

ASKS: Mapping[str, Ask] = {
    "GET /v1/advisors/{advisor_id}/book": Ask(shows="her_name"),
    "POST /v1/clients": Ask({"display_name": "韩雪", "member": "M-{n}"}),
    "POST /v1/clients/batch": Ask({"clients": [{"external_ref": "I-{n}", "display_name": "李若怡"}]}),
    "POST /v1/clients/identify": Ask(
        {"identities": [{"kind": "phone", "value": HER_PHONE}]}, shows="client_id", words="her_name"
    ),
    "POST /v1/clients/recognise": Ask({"appid": APPID, "openid": "openid-{n}"}),
    "POST /v1/clients/search": Ask({"text": "林晚"}, shows="her_name"),
    "GET /v1/clients/{client_id}": Ask(shows="her_name"),
    "PATCH /v1/clients/{client_id}": Ask({"salutation": "女士"}, shows="her_name"),
    "POST /v1/clients/{client_id}/access": Ask({"reason": "为她准备生日礼物"}, fresh=a_client),
    "GET /v1/clients/{client_id}/access-log": Ask(shows="looked"),
    "POST /v1/clients/{client_id}/data-requests": Ask({"kind": "access"}),
    "DELETE /v1/clients/{client_id}/restriction": Ask(fresh=a_request("verify", "start", kind="restrict")),
    "GET /v1/clients/{client_id}/card": Ask(shows="her_name"),
    "PUT /v1/clients/{client_id}/consents": Ask(_decision("marketing")),
    "POST /v1/clients/{client_id}/identities": Ask({"kind": "pos", "system": "till", "value": "N-{n}"}),
    "POST /v1/clients/{client_id}/looks": Ask(
        {"subject": "somebody", "role": "headquarters", "seen": "card"}, shows="her_name"
    ),
    "GET /v1/clients/{client_id}/owner": Ask(shows="advisor_id"),
    "PUT /v1/clients/{client_id}/owner": Ask({"advisor_id": "{advisor_id}", "boutique_id": "{boutique_id}"}),
    "GET /v1/clients/{client_id}/purchases": Ask(shows="receipt"),
    "GET /v1/clients/{client_id}/timeline": Ask(shows="purchase_id"),
    "GET /v1/data-requests": Ask(shows="request_id"),
    "GET /v1/data-requests/{request_id}": Ask(shows="request_id"),
    "GET /v1/data-requests/{request_id}/certificate": Ask(named={"request_id": "erasure_id"}, shows="erasure_id"),
    "POST /v1/data-requests/{request_id}/finish": Ask(fresh=a_request("verify", "start")),
    "POST /v1/data-requests/{request_id}/refuse": Ask({"reason": "重复申请"}, fresh=a_request()),
    "POST /v1/data-requests/{request_id}/start": Ask(fresh=a_request("verify")),
    "POST /v1/data-requests/{request_id}/verify": Ask(fresh=a_request()),
    "GET /v1/me/data-requests": Ask(shows="request_id"),
    "GET /v1/me/data-requests/{request_id}": Ask(shows="request_id"),
    "POST /v1/me/data-requests": Ask({"kind": "access"}),
    "GET /v1/me": Ask(shows="her_name"),
    "PATCH /v1/me": Ask({"salutation": "女士"}, shows="her_name"),
    "PUT /v1/me/consents": Ask(_decision("personalisation")),
    "GET /v1/me/purchases": Ask(shows="receipt"),
    "POST /v1/messages": Ask(
        {
            "client_id": "{client_id}",
            "purpose": "service",
            "template": "care",
            "variables": {"thing1": "您的腕表已修好"},
        }
    ),
    "GET /v1/messages/{message_id}": Ask(shows="message_id"),
    "POST /v1/purchases": Ask(_RECEIPT),
    "POST /v1/purchases/batch": Ask({"receipts": [_RECEIPT]}),
    "PUT /v1/segment-policy": Ask(_POLICY),
    "POST /v1/wechat/events": Ask({"events": []}),
}
