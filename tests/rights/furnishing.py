"""The house before its doors are tried: two regions, two boutiques, one client who bought, comes and complains."""

from uuid import UUID

from infra.crypto import Keyring
from infra.identity import Caller, Role
from infra.ids import new_id
from services.profile.messages.actions import unsubscribing
from tests.asking import BRAND, once, until
from tests.feedback.build import answers, survey
from tests.gateway.build import PASSWORD
from tests.profile.build import receipt
from tests.rights.asking import filled
from tests.rights.asks import guests, loyalty
from tests.rights.asks.appointments import HOLD, ROUND_THE_CLOCK, a_disruption, a_feed, a_proposal, a_walk_in
from tests.rights.asks.every import parked
from tests.rights.asks.profile import (
    ACTIVITY,
    ASSESSMENT,
    BREACH,
    DATE,
    EXPORT,
    ITEM,
    NOTE,
    PREFERENCE,
    RELATION,
    TAG,
    a_campaign,
    a_date,
    a_duplicate,
    a_merge,
    a_note,
    a_preference,
    a_relation,
    a_request,
    a_tag,
    a_task,
    an_import,
    an_item,
    the_handover,
    two_clients,
)
from tests.rights.asks.recommend import piece
from tests.rights.house import APPID, CORPID, HER_PHONE, NOW, OTHER_BRAND, SURVEY_TEMPLATE, House
from tests.rights.matrix import COLUMNS, NAMES
from tests.rights.state import settled

HER_NAME, HER_WORDS, RECEIPT, TILL_NUMBER = "林晚秋", "等了四十分钟，没有人理我", "R-HERS-1", "C-HERS-1"

KEPT = ((NOTE, "words"), (DATE, "label"), (PREFERENCE, "value"), (ITEM, "value"), (RELATION, "name"), (TAG, "value"))


async def furnish(house: House) -> None:
    """Everything the rows are about, made over HTTP by whoever may make it."""
    for column, (_, role) in COLUMNS.items():
        if role is not None and column not in {"sv", "op"}:
            brand = OTHER_BRAND if column == "ob" else BRAND
            house.callers[column] = Caller(f"{column}:{new_id()}", role, brand)
    await _directory(house)
    await _people(house)
    await _catalogue(house)
    await _visit(house)
    house.ids |= {**(await a_walk_in(house)), "on": "2030-01-07", "starts": "10:00"}
    await _complaint(house)
    await loyalty.furnish(house)
    await guests.furnish(house)
    await _outside(house)
    for name in NAMES:
        house.ids["parked_id"] = str(await parked(house, name))
    house.ids["parked_ref"] = f"profile-{house.ids['parked_id']}"
    await _rights(house)
    await _registers(house)
    house.ids["proposal_id"] = (await a_proposal(house))["proposal_id"]
    house.ids |= await a_disruption(house)
    house.ids |= {"slot": house.slot(), "another": house.slot(), "looked": house.callers["ad"].subject}
    house.ids |= {"her_name": HER_NAME, "her_words": HER_WORDS, "receipt": RECEIPT}
    house.secrets += [HER_NAME, HER_PHONE, HER_WORDS, RECEIPT, TILL_NUMBER]
    house.secrets += [str(form[name]) for form, name in KEPT]
    # Last: what is told of all these visits is heard of before anybody asks.
    await _told(house)


async def _directory(house: House) -> None:
    places = {}
    for name, region, boutique in (("plaza", "EAST", "SH-PLAZA"), ("skp", "NORTH", "BJ-SKP")):
        names = {"name_zh": name, "name_en": name}
        made = await house.made("appointments", "hq", "POST", "/v1/regions", {"code": region, **names})
        form = {"region_id": made["region_id"], "code": boutique, "hours": ROUND_THE_CLOCK, **names}
        places[name] = await house.made("appointments", "hq", "POST", "/v1/boutiques", form)
    advisors = {}
    for column, name in (("ad", "plaza"), ("co", "plaza"), ("st", "skp")):
        at = f"/v1/boutiques/{places[name]['boutique_id']}/advisors"
        form = {"display_name": "林静", "shifts": ROUND_THE_CLOCK}
        advisors[column] = (await house.made("appointments", "hq", "POST", at, form))["advisor_id"]
    form = {"code": "PRIVATE", "name_zh": "私人预约", "name_en": "Private", "duration_minutes": 15}
    experience = await house.made(
        "appointments",
        "hq",
        "POST",
        "/v1/experiences",
        {**form, "granularity_minutes": 15, "notice_minutes": 0, "horizon_days": 366, "cancel_notice_minutes": 0},
    )
    house.ids |= {
        "region_id": places["plaza"]["region_id"],
        "boutique_id": places["plaza"]["boutique_id"],
        "store_code": "SH-PLAZA",
        "advisor_id": advisors["ad"],
        "colleague_id": advisors["co"],
        "draft_kind": "farewell",
        "experience_id": experience["experience_id"],
    }
    at, day = f"/v1/boutiques/{places['plaza']['boutique_id']}", {"starts": "2095-01-01", "ends": "2095-01-01"}
    salon = {"name_zh": "云起厅", "name_en": "Cloud", "capacity": 4}
    house.ids["room_id"] = (await house.made("appointments", "hq", "POST", f"{at}/rooms", salon))["room_id"]
    house.ids["closure_id"] = (await house.made("appointments", "hq", "POST", f"{at}/closures", day))["closure_id"]
    away = f"/v1/advisors/{advisors['ad']}/leaves"
    house.ids["leave_id"] = (await house.made("appointments", "hq", "POST", away, day))["leave_id"]
    local = {"plaza": ("ad", "co", "as", "ev", "ma", "re", "po"), "skp": ("st", "a2", "e2", "m2", "r2")}
    for name, columns in local.items():
        boutique_id, region_id = (UUID(places[name][one]) for one in ("boutique_id", "region_id"))
        for column in columns:
            one = house.callers[column]
            advisor = UUID(advisors[column]) if column in advisors else None
            placed = region_id if one.role is Role.REGIONAL else None
            house.callers[column] = Caller(
                one.subject,
                one.role,
                BRAND,
                advisor_id=advisor,
                boutique_ids=frozenset({boutique_id}),
                region_id=placed,
            )

    async def heard() -> bool:
        in_profile = await house.services["profile"].rows("select from advisor")
        in_feedback = await house.services["feedback"].rows("select from advisor")
        regions = await house.gateway.rows("select from boutique_region")
        return len(in_profile) == len(in_feedback) == len(advisors) and len(regions) == len(places)

    await until(heard)


async def _people(house: House) -> None:
    for column, name in (("cl", HER_NAME), ("c2", "周清和")):
        tokens = await house.made("gateway", "no", "POST", "/v1/auth/wechat", {"code": column})
        verified = house.gateway.exchange.verify(tokens["access_token"], now=house.clock())
        house.callers[column], house.sessions[column] = verified.caller, verified.session_id
        await house.made("profile", "hq", "PATCH", f"/v1/clients/{tokens['client_id']}", {"display_name": name})
    hers = str(house.callers["cl"].client_id)
    house.ids |= {"client_id": hers, "appid": APPID, "corpid": CORPID}
    for known in (
        {"kind": "phone", "value": HER_PHONE, "source": "wechat"},
        {"kind": "pos", "system": "till", "value": TILL_NUMBER, "source": "pos"},
    ):
        await house.made("profile", "sv", "POST", f"/v1/clients/{hers}/identities", known)
    allowed = ("personalisation", "survey", "sensitive-items")
    consents = [{"purpose": one, "granted": True, "notice_version": "2029-1"} for one in allowed]
    await house.made("profile", "cl", "PUT", "/v1/me/consents", {"consents": consents})
    owner = {name: house.ids[name] for name in ("advisor_id", "boutique_id")}
    await house.made("profile", "hq", "PUT", f"/v1/clients/{hers}/owner", owner)
    await house.made("profile", "ad", "GET", f"/v1/clients/{hers}")
    strangers, joined, alike = await two_clients(house), await a_merge(house), await a_duplicate(house)
    house.ids |= {name: strangers[name] for name in ("other_client_id", "other_id")} | {"phone": "13700000000"}
    house.ids |= {"merge_id": joined["merge_id"], "duplicate_id": alike["duplicate_id"]}
    for kept in (a_note, a_date, a_preference, an_item, a_relation, a_tag, a_task, a_campaign):
        house.ids |= await kept(house)
    bought = receipt(RECEIPT, customer=TILL_NUMBER, store_code="SH-PLAZA")
    house.ids["purchase_id"] = (await house.made("profile", "po", "POST", "/v1/purchases", bought))["purchase_id"]
    watch = await house.made("profile", "hq", "POST", f"/v1/clients/{hers}/owned-pieces", {"serial": "HERS-1234"})
    house.ids |= {"piece_id": watch["piece_id"], "serial": watch["serial"]}
    reserved = {"boutique_id": house.ids["boutique_id"], "piece_code": "RING-1", "price_minor": 1, "currency": "CNY"}
    sale = await house.made("profile", "hq", "POST", f"/v1/clients/{hers}/remote-sales", reserved)
    house.ids["remote_sale_id"] = sale["remote_sale_id"]
    cash = receipt("R-CASH", payments=[{"method": "cash", "amount_minor": 10_000_000}])
    paid = await house.made("profile", "po", "POST", "/v1/purchases", cash)
    house.ids["sold_at"] = '"boutique_type":"boutique"'
    house.ids |= {"cash_flagged": paid["purchase_id"], "open_receipt": "R-OPEN-0"}
    await house.made("profile", "po", "POST", "/v1/purchases", receipt("R-OPEN-0", store_code="SH-PLAZA"))
    told = {"client_id": hers, "purpose": "service", "template": "care", "variables": {"thing1": "您的腕表已修好"}}
    house.ids["message_id"] = (await house.made("profile", "sv", "POST", "/v1/messages", told))["message_id"]
    ring = Keyring.load(house.services["profile"].kit.settings.keys)
    house.ids["leave_token"] = unsubscribing.token(ring, BRAND, UUID(house.ids["message_id"]))
    wish = await house.made("profile", "ad", "POST", f"/v1/clients/{hers}/wishes", {"piece_code": "BAG-OF-HERS"})
    house.ids["wish_id"] = wish["wish_id"]
    house.ids |= await the_handover(house)
    granted = [
        {
            "event_id": f"granted-{number}",
            "kind": "granted",
            "appid": APPID,
            "openid": "openid-of-cl",
            "template_id": SURVEY_TEMPLATE,
            "occurred_at": NOW.isoformat(),
        }
        for number in range(5)
    ]
    await house.made("profile", "sv", "POST", "/v1/wechat/events", {"events": granted})


async def _registers(house: House) -> None:
    house.ids["year"] = str(NOW.year)
    kept = {"profile": "contacts", "appointments": "visits", "feedback": "opinions", "recommend": "assortments"}
    house.ids |= {f"{service}_category": category for service, category in kept.items()}
    for register, named, form in (
        ("activities", "activity_id", ACTIVITY),
        ("assessments", "assessment_id", ASSESSMENT),
        ("breaches", "breach_id", BREACH),
    ):
        made = await house.made("profile", "pr", "POST", f"/v1/registers/{register}", filled(form, house.ids))
        house.ids[named] = made["entry_id"]
    export = await house.made("profile", "pr", "POST", "/v1/registers/exports", filled(EXPORT, house.ids))
    house.ids["export_id"] = export["export_id"]


async def _catalogue(house: House) -> None:
    house.ids["piece_code"] = "RING-OF-HERS"
    await house.made("recommend", "hq", "PUT", "/v1/pieces/batch", {"pieces": [piece("RING-OF-HERS")]})
    stock = {"boutique_id": house.ids["boutique_id"], "piece_code": "RING-OF-HERS", "quantity": 2}
    await house.made("recommend", "po", "PUT", "/v1/stock/batch", {"stock": [stock]})


async def _visit(house: House) -> None:
    form = filled(HOLD, {**house.ids, "slot": house.slot()}) | {"advisor_id": house.ids["advisor_id"]}
    held = await house.made("appointments", "cs", "POST", "/v1/appointments", form)
    house.ids["appointment_id"] = held["appointment_id"]
    await house.made("appointments", "cl", "POST", f"/v1/appointments/{held['appointment_id']}/confirm")

    async def heard() -> bool:
        found = await house.services["recommend"].rows("select assortment_id from assortment")
        if found:
            house.ids["assortment_id"] = str(found[0]["assortment_id"])
        present = await house.services["profile"].rows("select from presence, cash_flag")
        contacts = await house.services["profile"].rows(
            "select from touchpoint where subject_id = $1", UUID(house.ids["purchase_id"])
        )
        return bool(found and present and contacts)

    await until(heard)
    house.ids |= await a_feed(house)
    shown = {"pieces": [{"piece_code": house.ids["piece_code"], "kind": "tried"}]}
    await house.made("profile", "ad", "POST", f"/v1/appointments/{held['appointment_id']}/outcome", shown)


async def _told(house: House) -> None:
    """What her visits make profile do is done before the doors are tried."""
    comes = house.services["appointments"]
    await settled(house)

    async def noted() -> bool:
        found = await comes.rows("select notice_id, status, recall_until from notice")
        house.ids |= {"notice_id": str(found[0]["notice_id"])} if found else {}
        return bool(found) and all(row["status"] != "waiting" for row in found)

    await until(noted)
    await settled(house)


async def _complaint(house: House) -> None:
    drafted = await house.made("feedback", "hq", "POST", "/v1/surveys", survey())
    house.ids["survey_id"] = drafted["survey_id"]
    await house.made("feedback", "hq", "POST", f"/v1/surveys/{drafted['survey_id']}/publish")
    # After a touchpoint that nothing here reaches, so that nobody is invited by it.
    steps = [{"trigger": "work-order-closed", "survey_id": drafted["survey_id"], "delay_minutes": 40_000}]
    journey = await house.made("feedback", "hq", "POST", "/v1/journeys", {"name": "工单关闭", "steps": steps})
    house.ids["journey_id"] = journey["journey_id"]
    names = ("survey_id", "client_id", "boutique_id", "advisor_id", "appointment_id")
    form = {name: house.ids[name] for name in names}
    for _ in range(2):
        asked = await house.made("feedback", "ma", "POST", "/v1/survey-invitations", form)
        house.ids["invitation_id"] = asked["invitation_id"]

    async def sent() -> bool:
        return len(house.wechat.links) == 2

    await until(sent)
    used, house.ids["token"] = house.wechat.links
    await house.services["feedback"].client().post(f"/s/{used}", json=answers(3, HER_WORDS), headers=once())

    async def opened() -> bool:
        found = (await house.made("feedback", "ma", "GET", "/v1/work-orders"))["items"]
        house.ids |= {name: found[0][name] for name in ("work_order_id", "answer_id") if found}
        return bool(found)

    await until(opened)
    at = f"/v1/work-orders/{house.ids['work_order_id']}/assign"
    await house.made("feedback", "ma", "POST", at, {"advisor_id": house.ids["advisor_id"]})


async def _rights(house: House) -> None:
    asked = await house.made("profile", "cl", "POST", "/v1/me/data-requests", {"kind": "copy"})
    house.ids["request_id"] = asked["request_id"]
    house.ids |= {**(await an_import(house)), "zero": "0"}
    house.ids["erasure_id"] = (await a_request("verify", "start", kind="erase")(house))["request_id"]


async def _outside(house: House) -> None:
    for number in range(3):
        form = {"username": f"staff-{number}", "password": PASSWORD, "role": "privacy"}
        house.ids["account_id"] = (await house.made("gateway", "hq", "POST", "/v1/accounts", form))["account_id"]
    partner = await house.made("gateway", "hq", "POST", "/v1/partners", {"name": "ERP", "role": "partner"})
    house.ids |= {
        "partner_id": partner["partner_id"],
        "key_id": partner["key_id"],
        "partner_client_id": partner["client_id"],
        "partner_secret": partner["client_secret"],
    }
    house.ids["refresh_token"] = "lumiere." + "x" * 43
