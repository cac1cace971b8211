"""How profile is asked."""

from collections.abc import Mapping
from typing import Any

from tests.profile.build import receipt
from tests.rights.asking import Ask
from tests.rights.house import APPID, HER_PHONE, House


async def a_client(house: House) -> Mapping[str, str]:
    """Somebody new, whom nobody may see but the whole brand's roles."""
    made = await house.made("profile", "hq", "POST", "/v1/clients", {"display_name": "韩雪"})
    return {"client_id": made["client_id"]}


async def an_open_receipt(house: House) -> Mapping[str, str]:
    """A receipt that is nobody's yet."""
    name = f"R-OPEN-{house.number()}"
    await house.made("profile", "po", "POST", "/v1/purchases", receipt(name, store_code="SH-PLAZA"))
    return {"open_receipt": name}


async def a_remote_sale(house: House) -> Mapping[str, str]:
    """A piece kept for her, which nobody has paid."""
    form = {"boutique_id": house.ids["boutique_id"], "piece_code": "RING-1", "price_minor": 1, "currency": "CNY"}
    made = await house.made("profile", "hq", "POST", f"/v1/clients/{house.ids['client_id']}/remote-sales", form)
    return {"remote_sale_id": made["remote_sale_id"]}


def _decision(purpose: str) -> dict[str, Any]:
    return {"consents": [{"purpose": purpose, "granted": True, "notice_version": "2029-1"}]}


_POLICY = {
    "currency": "CNY",
    "zone": "Asia/Shanghai",
    "vic_minor": 100_000_000,
    "core_minor": 10_000_000,
    "potential_minor": 1_000_000,
}
_REMOTE = {"boutique_id": "{boutique_id}", "piece_code": "RING-1", "price_minor": 100_000, "currency": "CNY"}
_RECEIPT = {**receipt("R-{n}"), "store_code": "{store_code}"}

ASKS: Mapping[str, Ask] = {
    "GET /v1/advisors/{advisor_id}/book": Ask(shows="her_name"),
    "GET /v1/cash-flags": Ask(shows="cash_flagged"),
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
    "GET /v1/clients/{client_id}/card": Ask(shows="her_name"),
    "PUT /v1/clients/{client_id}/consents": Ask(_decision("marketing")),
    "POST /v1/clients/{client_id}/identities": Ask({"kind": "pos", "system": "till", "value": "N-{n}"}),
    "POST /v1/clients/{client_id}/looks": Ask(
        {"subject": "somebody", "role": "headquarters", "seen": "card"}, shows="her_name"
    ),
    "GET /v1/clients/{client_id}/owned-pieces": Ask(shows="serial"),
    "POST /v1/clients/{client_id}/owned-pieces": Ask({"serial": "NEW-{n}"}, shows="client_id"),
    "GET /v1/clients/{client_id}/owner": Ask(shows="advisor_id"),
    "PUT /v1/clients/{client_id}/owner": Ask({"advisor_id": "{advisor_id}", "boutique_id": "{boutique_id}"}),
    "GET /v1/clients/{client_id}/purchases": Ask(shows="receipt"),
    "GET /v1/clients/{client_id}/remote-sales": Ask(shows="remote_sale_id"),
    "POST /v1/clients/{client_id}/remote-sales": Ask(_REMOTE, shows="client_id"),
    "GET /v1/clients/{client_id}/timeline": Ask(shows="purchase_id"),
    "GET /v1/me": Ask(shows="her_name"),
    "PATCH /v1/me": Ask({"salutation": "女士"}, shows="her_name"),
    "PUT /v1/me/consents": Ask(_decision("personalisation")),
    "GET /v1/me/owned-pieces": Ask(shows="serial"),
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
    "GET /v1/owned-pieces": Ask(query={"serial": "{serial}"}, shows="serial", words="her_name"),
    "GET /v1/owned-pieces/{piece_id}": Ask(shows="serial"),
    "POST /v1/owned-pieces/{piece_id}/owners": Ask(
        {"kind": "given", "client_id": "{client_id}"}, also=frozenset({"owner-unchanged"})
    ),
    "POST /v1/owned-pieces/{piece_id}/services": Ask({"kind": "care", "served_on": "2029-12-01"}),
    "POST /v1/purchases": Ask(_RECEIPT),
    "GET /v1/purchases/by-store-type": Ask(query={"from_on": "2026-01-01", "to_on": "2026-12-31"}, shows="sold_at"),
    "POST /v1/purchases/batch": Ask({"receipts": [_RECEIPT]}),
    "POST /v1/purchases/claims": Ask(
        {
            "client_id": "{client_id}",
            "pos": "till",
            "receipt": "{open_receipt}",
            "purchased_on": "2026-03-01",
            "net_minor": 100_000,
        },
        fresh=an_open_receipt,
    ),
    "POST /v1/remote-sales/{remote_sale_id}/steps": Ask({"step": "cancel"}, fresh=a_remote_sale),
    "PUT /v1/segment-policy": Ask(_POLICY),
    "POST /v1/wechat/events": Ask({"events": []}),
}
