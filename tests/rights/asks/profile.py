"""How profile is asked."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from tests.asking import until
from tests.profile.build import receipt
from tests.rights.asking import Ask, Fresh, filled
from tests.rights.asks import loyalty
from tests.rights.house import APPID, HER_PHONE, House


async def a_client(house: House) -> Mapping[str, str]:
    """Somebody new, whom nobody may see but the whole brand's roles."""
    made = await house.made("profile", "hq", "POST", "/v1/clients", {"display_name": "韩雪"})
    return {"client_id": made["client_id"]}


async def two_clients(house: House) -> Mapping[str, str]:
    """Two whom the advisor owns and nobody expects."""
    one, other = await a_client(house), await a_client(house)
    owner = {name: house.ids[name] for name in ("advisor_id", "boutique_id")}
    for made in (one, other):
        await house.made("profile", "hq", "PUT", f"/v1/clients/{made['client_id']}/owner", owner)
    return {**one, "other_client_id": other["client_id"], "other_id": other["client_id"]}


async def a_draft(house: House) -> Mapping[str, str]:
    """A draft to her."""
    form = {"client_id": house.ids["client_id"], "purpose": "service", "template": "reply", "draft": True}
    return {"message_id": (await house.made("profile", "cs", "POST", "/v1/messages", form))["message_id"]}


async def a_merge(house: House) -> Mapping[str, str]:
    """The two, made one."""
    ids = await two_clients(house)
    form = {"other_client_id": ids["other_client_id"]}
    made = await house.made("profile", "hq", "POST", f"/v1/clients/{ids['client_id']}/merges", form)
    return {**ids, "merge_id": made["merge_id"]}


async def a_phone(house: House) -> Mapping[str, str]:
    """One of the two with a phone of her own."""
    ids, phone = await two_clients(house), f"1371{house.number():07d}"
    form = {"kind": "phone", "value": phone}
    await house.made("profile", "hq", "POST", f"/v1/clients/{ids['client_id']}/identities", form)
    return {**ids, "phone": phone}


async def a_duplicate(house: House) -> Mapping[str, str]:
    """The two with a name that nobody else has, once they were found to be alike."""
    ids, name = await two_clients(house), f"欧阳{chr(0x4E00 + house.number())}{chr(0x5000 + house.number())}"
    both = [UUID(ids["client_id"]), UUID(ids["other_client_id"])]
    for client_id in both:
        await house.made("profile", "hq", "PATCH", f"/v1/clients/{client_id}", {"display_name": name})
    found: list[dict[str, Any]] = []

    async def compared() -> bool:
        asked = "select duplicate_id from duplicate where one_id = any($1) and other_id = any($1)"
        found[:] = await house.services["profile"].rows(asked, both)
        return bool(found)

    await until(compared)
    return {**ids, "duplicate_id": str(found[0]["duplicate_id"])}


NOTE = {"words": "她的生日蛋糕要低糖", "private": False}
DATE = {"kind": "child-birthday", "month": 8, "day": 15, "label": "她的女儿小满"}
TAG = {"topic": "stone", "value": "大概喜欢祖母绿", "provenance": "inferred"}
PREFERENCE = {"topic": "drink", "value": "她爱喝的桂花乌龙", "provenance": "said"}
ACTIVITY = {
    "name": "门店摄像头",
    "purpose": "公共安全",
    "legal_basis": "contract",
    "categories": ["visits"],
    "persons": ["到店者"],
    "retention": "三十天",
    "stored_in": "门店",
    "started_on": "2026-01-01",
}
ASSESSMENT = {
    "activity_ids": ["{activity_id}"],
    "reasons": ["abroad"],
    "necessity": "总部统计",
    "risks": "重新识别",
    "measures": "去标识化",
    "outcome": "accepted",
    "reviewer": "陈律师",
    "assessed_on": "2026-05-01",
    "next_review_on": "2199-05-01",
}
BREACH = {
    "title": "丢失的平板",
    "found_at": "2026-06-01T08:00:00Z",
    "categories": ["name"],
    "persons": 4,
    "measures": "远程锁定",
}
EXPORT = {
    "activity_id": "{activity_id}",
    "recipient": "Maison SA",
    "country": "FR",
    "purpose": "总部统计",
    "categories": ["segment"],
    "mechanism": "standard-contract",
}
ITEM = {"kind": "allergy", "value": "她对镍过敏"}
RELATION = {"tie": "assistant", "name": "她的助理陈静"}


def another(noun: str, form: dict[str, Any], named: str) -> Fresh:
    """One more thing kept of the client the rows are about."""

    async def made(house: House) -> Mapping[str, str]:
        at = f"/v1/clients/{house.ids['client_id']}/{noun}"
        return {named: (await house.made("profile", "ad", "POST", at, form))[named]}

    return made


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


a_note, a_date = another("notes", NOTE, "note_id"), another("dates", DATE, "date_id")
a_preference = another("preferences", PREFERENCE, "preference_id")
an_item, a_relation = another("sensitive-items", ITEM, "item_id"), another("relations", RELATION, "relation_id")


async def a_tag(house: House) -> Mapping[str, str]:
    """Something that is inferred of the client the rows are about."""
    at = f"/v1/clients/{house.ids['client_id']}/preferences"
    return {"tag": (await house.made("profile", "ad", "POST", at, TAG))["preference_id"]}


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
TASK = {"client_id": "{client_id}", "due_on": "2030-01-10", "words": "她的表带换好了"}
_TASKS = {
    "at_work": ["thank-you"],
    "festivals": ["mid-autumn"],
    "thank_you_days": 1,
    "after_sales_days": 5,
    "recovery_days": 3,
    "lapse_days": 5,
    "ahead_days": 14,
    "again_days": 2,
    "most_attempts": 3,
    "rest_days": 180,
}


async def a_task(house: House) -> Mapping[str, str]:
    """Something her advisor has to do for the client the rows are about."""
    return {"task_id": (await house.made("profile", "hq", "POST", "/v1/tasks", filled(TASK, house.ids)))["task_id"]}


CAMPAIGN = {
    "list_id": "{campaign_list_id}",
    "name": "新春拜年",
    "purpose": "service",
    "words": "请致电问候",
    "due_on": "2030-01-10",
    "closes_on": "2030-01-20",
}


async def a_campaign(house: House) -> Mapping[str, str]:
    """A campaign of the boutique's manager, for a list that the whole brand has."""
    kept = {"name": "所有客户", "criteria": {"segments": ["vic"]}, "visibility": "brand"}
    made = await house.made("profile", "hq", "POST", "/v1/lists", kept)
    ids = {"campaign_list_id": made["list_id"]}
    return ids | {
        "campaign_id": (await house.made("profile", "ma", "POST", "/v1/campaigns", filled(CAMPAIGN, ids)))[
            "campaign_id"
        ]
    }


async def a_started_campaign(house: House) -> Mapping[str, str]:
    """One that was started."""
    ids = await a_campaign(house)
    await house.made("profile", "ma", "POST", f"/v1/campaigns/{ids['campaign_id']}/start")
    return ids


_MONTH = {"from": "2026-06-01T00:00:00Z", "to": "2026-07-01T00:00:00Z"}


async def a_wish(house: House) -> Mapping[str, str]:
    """A wish that nobody has closed yet, of a piece of its own."""
    made = await house.made(
        "profile", "hq", "POST", f"/v1/clients/{house.ids['client_id']}/wishes", {"piece_code": f"W-{house.number()}"}
    )
    return {"wish_id": made["wish_id"]}


FILE = b"A,B"


async def an_import(house: House) -> Mapping[str, str]:
    """A file that headquarters has announced."""
    form = {"kind": "clients", "size_bytes": len(FILE), "sha256": hashlib.sha256(FILE).hexdigest()}
    return {"import_id": (await house.made("profile", "hq", "POST", "/v1/imports", form))["import_id"]}


async def a_whole_import(house: House) -> Mapping[str, str]:
    """A file that has arrived."""
    made, part = await an_import(house), {"content": base64.b64encode(FILE).decode()}
    await house.made("profile", "hq", "PUT", f"/v1/imports/{made['import_id']}/parts/0", part)
    return made


_NOT_READY = frozenset({"import-not-ready"})


def _entries(register: str, named: str, form: dict[str, Any]) -> Mapping[str, Ask]:
    """How one register is asked."""
    at, entry = f"/v1/registers/{register}", {"entry_id": named}
    return {
        f"GET {at}": Ask(shows=named),
        f"POST {at}": Ask(form),
        f"GET {at}/{{entry_id}}": Ask(named=entry, shows=named),
        f"PUT {at}/{{entry_id}}": Ask(form, named=entry, shows=named),
        f"GET {at}/{{entry_id}}/versions": Ask(named=entry, shows=named),
    }


_RECEIPT = {**receipt("R-{n}"), "store_code": "{store_code}"}


async def an_advisor(house: House) -> str:
    """Somebody new at the boutique, of whom profile has heard."""
    at = f"/v1/boutiques/{house.ids['boutique_id']}/advisors"
    advisor_id = (await house.made("appointments", "hq", "POST", at, {"display_name": "新顾问"}))["advisor_id"]

    async def heard() -> bool:
        asked = "select from advisor where advisor_id = $1"
        return bool(await house.services["profile"].rows(asked, UUID(advisor_id)))

    await until(heard)
    return str(advisor_id)


def a_handover(*steps: str) -> Fresh:
    """A handover of somebody new who has one client, to the two advisors of the rows."""

    async def made(house: House) -> Mapping[str, str]:
        giver, client = await an_advisor(house), await a_client(house)
        owner = {"advisor_id": giver, "boutique_id": house.ids["boutique_id"]}
        await house.made("profile", "hq", "PUT", f"/v1/clients/{client['client_id']}/owner", owner)
        rule = {"advisor_ids": [house.ids["colleague_id"]]}
        form = {"from_advisor_id": giver, "reason": "balance", "rule": rule}
        planned = await house.made("profile", "hq", "POST", "/v1/handovers", form)
        handover_id = planned["handover_id"]
        for step in steps:
            await house.made("profile", "hq", "POST", f"/v1/handovers/{handover_id}/{step}")
        return {**client, "handover_id": handover_id}

    return made


async def the_handover(house: House) -> Mapping[str, str]:
    """The plan for the book of the rows' advisor, to her colleague; nobody starts it."""
    rule = {"advisor_ids": [house.ids["colleague_id"]]}
    form = {"from_advisor_id": house.ids["advisor_id"], "reason": "leave", "rule": rule}
    return {"handover_id": (await house.made("profile", "hq", "POST", "/v1/handovers", form))["handover_id"]}


async def a_book(house: House) -> Mapping[str, str]:
    """The empty book of somebody new: whoever stands in for it sees nobody."""
    return {"advisor_id": await an_advisor(house)}


_AWAY = {"advisor_id": "{colleague_id}", "until_at": "2199-01-01T00:00:00Z"}

ASKS: Mapping[str, Ask] = {
    "GET /v1/advisors/{advisor_id}/deputy": Ask(),
    "PUT /v1/advisors/{advisor_id}/deputy": Ask(_AWAY, fresh=a_book),
    "PUT /v1/book-policy": Ask({}),
    "PUT /v1/clients/{client_id}/deputy": Ask(_AWAY, fresh=two_clients),
    "GET /v1/clients/{client_id}/plan": Ask(shows="client_id"),
    "PUT /v1/clients/{client_id}/plan": Ask({"stage": "developing", "every_weeks": 6}, shows="client_id"),
    "GET /v1/handovers": Ask(shows="handover_id"),
    "POST /v1/handovers": Ask(
        {"from_advisor_id": "{advisor_id}", "reason": "leave", "dry_run": True}, shows="client_id"
    ),
    "GET /v1/handovers/{handover_id}": Ask(shows="handover_id"),
    "GET /v1/handovers/{handover_id}/clients": Ask(shows="client_id"),
    "PUT /v1/handovers/{handover_id}/clients/{client_id}": Ask({"advisor_id": "{colleague_id}"}, shows="client_id"),
    "GET /v1/handovers/{handover_id}/clients/{client_id}/drafts": Ask(),
    "PUT /v1/handovers/{handover_id}/clients/{client_id}/drafts/{kind}": Ask(
        {"words": "谢谢您"}, named={"kind": "draft_kind"}
    ),
    "POST /v1/handovers/{handover_id}/clients/{client_id}/contacted": Ask(shows="client_id"),
    "POST /v1/handovers/{handover_id}/start": Ask(fresh=a_handover()),
    "POST /v1/handovers/{handover_id}/complete": Ask(fresh=a_handover("start")),
    "POST /v1/handovers/{handover_id}/undo": Ask(fresh=a_handover("start")),
    "PUT /v1/retention/profile/{category}": Ask({"days": 400}, named={"category": "profile_category"}),
    "GET /v1/advisors/{advisor_id}/book": Ask(shows="her_name"),
    "GET /v1/cash-flags": Ask(shows="cash_flagged"),
    "GET /v1/appointments/{appointment_id}/outcome": Ask(shows="piece_code"),
    "POST /v1/appointments/{appointment_id}/outcome": Ask(
        {"pieces": [{"piece_code": "{piece_code}", "kind": "shown"}]}, shows="piece_code"
    ),
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
    "GET /v1/clients/{client_id}/dates": Ask(shows="date_id"),
    "POST /v1/clients/{client_id}/dates": Ask(DATE),
    "DELETE /v1/clients/{client_id}/dates/{date_id}": Ask(fresh=a_date),
    "POST /v1/clients/{client_id}/identities": Ask({"kind": "pos", "system": "till", "value": "N-{n}"}),
    "POST /v1/clients/{client_id}/looks": Ask(
        {"subject": "somebody", "role": "headquarters", "seen": "card"}, shows="her_name"
    ),
    "POST /v1/clients/{client_id}/merges": Ask({"other_client_id": "{other_client_id}"}, fresh=two_clients),
    "DELETE /v1/clients/{client_id}/merges/{merge_id}": Ask(fresh=a_merge),
    "PUT /v1/clients/{client_id}/never-merges/{other_id}": Ask({"reason": "两位客户"}, fresh=two_clients),
    "DELETE /v1/clients/{client_id}/never-merges/{other_id}": Ask(fresh=two_clients),
    "GET /v1/clients/{client_id}/notes": Ask(shows="note_id"),
    "POST /v1/clients/{client_id}/notes": Ask(NOTE),
    "GET /v1/clients/{client_id}/notes/{note_id}": Ask(shows="note_id"),
    "PATCH /v1/clients/{client_id}/notes/{note_id}": Ask({"words": "低糖，不放坚果"}, fresh=a_note),
    "DELETE /v1/clients/{client_id}/notes/{note_id}": Ask(fresh=a_note),
    "GET /v1/clients/{client_id}/owned-pieces": Ask(shows="serial"),
    "POST /v1/clients/{client_id}/owned-pieces": Ask({"serial": "NEW-{n}"}, shows="client_id"),
    "GET /v1/clients/{client_id}/owner": Ask(shows="advisor_id"),
    "PUT /v1/clients/{client_id}/owner": Ask({"advisor_id": "{advisor_id}", "boutique_id": "{boutique_id}"}),
    "GET /v1/clients/{client_id}/preferences": Ask(shows="preference_id"),
    "POST /v1/clients/{client_id}/preferences": Ask(PREFERENCE),
    "DELETE /v1/clients/{client_id}/preferences/{preference_id}": Ask(fresh=a_preference),
    "GET /v1/clients/{client_id}/purchases": Ask(shows="receipt"),
    "GET /v1/clients/{client_id}/purchases/across-brands": Ask(shows="receipt"),
    "GET /v1/clients/{client_id}/timeline/across-brands": Ask(shows="purchase_id"),
    "GET /v1/me/purchases/across-brands": Ask(shows="receipt"),
    "GET /v1/clients/{client_id}/relations": Ask(shows="relation_id"),
    "POST /v1/clients/{client_id}/relations": Ask(RELATION),
    "DELETE /v1/clients/{client_id}/relations/{relation_id}": Ask(fresh=a_relation),
    "GET /v1/clients/{client_id}/sensitive-items": Ask(shows="item_id"),
    "POST /v1/clients/{client_id}/sensitive-items": Ask(ITEM),
    "DELETE /v1/clients/{client_id}/sensitive-items/{item_id}": Ask(fresh=an_item),
    "GET /v1/clients/{client_id}/remote-sales": Ask(shows="remote_sale_id"),
    "POST /v1/clients/{client_id}/remote-sales": Ask(_REMOTE, shows="client_id"),
    "GET /v1/clients/{client_id}/timeline": Ask(shows="purchase_id"),
    "POST /v1/clients/{client_id}/shared-identifiers": Ask({"value": "{phone}"}, fresh=a_phone),
    "POST /v1/duplicates/{duplicate_id}/decision": Ask({"survivor_id": None}, fresh=a_duplicate),
    "GET /v1/clients/{client_id}/wishes": Ask(shows="wish_id"),
    "POST /v1/clients/{client_id}/wishes": Ask({"piece_code": "W-{n}"}),
    "POST /v1/clients/{client_id}/wishes/{wish_id}/close": Ask({"closed_as": "fulfilled"}, fresh=a_wish),
    "GET /v1/data-requests": Ask(shows="request_id"),
    "GET /v1/data-requests/{request_id}": Ask(shows="request_id"),
    "GET /v1/data-requests/{request_id}/certificate": Ask(named={"request_id": "erasure_id"}, shows="erasure_id"),
    "POST /v1/data-requests/{request_id}/finish": Ask(fresh=a_request("verify", "start")),
    "POST /v1/data-requests/{request_id}/refuse": Ask({"reason": "重复申请"}, fresh=a_request()),
    "POST /v1/data-requests/{request_id}/start": Ask(fresh=a_request("verify")),
    "POST /v1/data-requests/{request_id}/verify": Ask(fresh=a_request()),
    # It was not started: that something is delivered stands in tests/rights/test_copies.py.
    "GET /v1/data-requests/{request_id}/copy": Ask(also=frozenset({"copy-not-ready"})),
    "GET /v1/me/data-requests/{request_id}/copy": Ask(also=frozenset({"copy-not-ready"})),
    "GET /v1/me/data-requests": Ask(shows="request_id"),
    "GET /v1/me/data-requests/{request_id}": Ask(shows="request_id"),
    "POST /v1/me/data-requests": Ask({"kind": "access"}),
    "GET /v1/imports": Ask(shows="import_id"),
    "POST /v1/imports": Ask({"kind": "notes", "size_bytes": 1, "sha256": "0" * 64}),
    "GET /v1/imports/{import_id}": Ask(shows="import_id"),
    "POST /v1/imports/{import_id}/cancel": Ask(fresh=an_import),
    "PUT /v1/imports/{import_id}/mapping": Ask({"columns": {"name": ["A"]}}, fresh=an_import, also=_NOT_READY),
    "PUT /v1/imports/{import_id}/parts/{number}": Ask({"content": "QSxC"}, fresh=an_import, named={"number": "zero"}),
    "POST /v1/imports/{import_id}/pause": Ask(fresh=an_import, also=_NOT_READY),
    "POST /v1/imports/{import_id}/preview": Ask({"lines": 1}, fresh=an_import, also=_NOT_READY),
    "POST /v1/imports/{import_id}/read": Ask({}, fresh=a_whole_import),
    "GET /v1/imports/{import_id}/report": Ask(shows="import_id"),
    "POST /v1/imports/{import_id}/start": Ask(fresh=an_import, also=_NOT_READY),
    "POST /v1/imports/{import_id}/undo": Ask(fresh=an_import, also=_NOT_READY),
    "GET /v1/me": Ask(shows="her_name"),
    "PATCH /v1/me": Ask({"salutation": "女士"}, shows="her_name"),
    "PUT /v1/me/consents": Ask(_decision("personalisation")),
    "GET /v1/me/owned-pieces": Ask(shows="serial"),
    "GET /v1/me/purchases": Ask(shows="receipt"),
    "GET /v1/me/tags": Ask(shows="tag"),
    "DELETE /v1/me/tags/{tag}": Ask(fresh=a_tag),
    "PUT /v1/me/channels": Ask({"words": [{"channel": "email", "purpose": "marketing", "declined": True}]}),
    "GET /v1/message-policy": Ask(),
    "PUT /v1/message-policy": Ask(
        {
            "budget": 1000,
            "days": 30,
            "quiet_from": "00:00",
            "quiet_until": "00:00",
            "zone": "Asia/Shanghai",
            "same_words": 1000,
            "draft_days": 7,
        }
    ),
    "POST /v1/permissions/batch": Ask(
        {"client_ids": ["{client_id}"], "purpose": "service"}, shows="client_id", also=frozenset()
    ),
    "PATCH /v1/messages/{message_id}": Ask({"text": "您好"}, fresh=a_draft),
    "POST /v1/messages/{message_id}/send": Ask({}, fresh=a_draft),
    "POST /v1/messages/{message_id}/wording": Ask(fresh=a_draft, also=frozenset({"assistant-off"})),
    "GET /u/{token}": Ask(named={"token": "leave_token"}),
    "POST /u/{token}": Ask(named={"token": "leave_token"}),
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
    **_entries("activities", "activity_id", ACTIVITY),
    **_entries("assessments", "assessment_id", ASSESSMENT),
    **_entries("breaches", "breach_id", BREACH),
    "GET /v1/registers/export-years/{year}": Ask(),
    "GET /v1/registers/exports": Ask(shows="export_id"),
    "POST /v1/registers/exports": Ask(EXPORT),
    "GET /v1/registers/exports/{export_id}": Ask(shows="export_id"),
    "POST /v1/registers/exports/{export_id}/pages": Ask({"limit": 1}),
    "POST /v1/remote-sales/{remote_sale_id}/steps": Ask({"step": "cancel"}, fresh=a_remote_sale),
    "PUT /v1/segment-policy": Ask(_POLICY),
    "GET /v1/campaigns": Ask(shows="campaign_id"),
    "POST /v1/campaigns": Ask(CAMPAIGN),
    "GET /v1/campaigns/{campaign_id}": Ask(shows="campaign_id"),
    "POST /v1/campaigns/{campaign_id}/start": Ask(fresh=a_campaign),
    "POST /v1/campaigns/{campaign_id}/stop": Ask(fresh=a_started_campaign),
    "GET /v1/tasks": Ask(shows="task_id"),
    "POST /v1/tasks": Ask(TASK, shows="her_name"),
    "GET /v1/tasks/{task_id}": Ask(shows="her_name"),
    "POST /v1/tasks/{task_id}/assign": Ask({"advisor_id": "{advisor_id}"}, fresh=a_task),
    "POST /v1/tasks/{task_id}/outcome": Ask({"outcome": "reached"}, fresh=a_task),
    "POST /v1/tasks/{task_id}/snooze": Ask({"until_on": "2030-01-12"}, fresh=a_task),
    "PUT /v1/task-policy": Ask(_TASKS),
    "GET /v1/follow-up": Ask(query={"month": "2030-01"}),
    "GET /v1/follow-up/missed": Ask(query={"month": "2030-01"}),
    "POST /v1/touchpoints/batch": Ask(
        {
            "touchpoints": [
                {
                    "system": "wechat",
                    "ref": "T-{n}",
                    "kind": "menu-click",
                    "person": {"client_id": "{client_id}"},
                    "occurred_at": "2026-06-01T00:00:00Z",
                }
            ]
        }
    ),
    "GET /v1/touchpoints/index": Ask(query=_MONTH),
    "GET /v1/touchpoints/research-online": Ask(query=_MONTH),
    "POST /v1/wechat/events": Ask({"events": []}),
    "POST /v1/wecom/events": Ask({"events": []}),
    "GET /v1/wishes/missing": Ask(query=_MONTH),
    **loyalty.ASKS,
}
