"""Steps 3 to 5: she books, her advisor prepares, she comes and buys."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from suite.door import Door, Refused
from suite.house import House
from suite.journey.walk import Walk, WeChatUser, eventually, expect, must

BOUTIQUE = "SH-PLAZA66"
RIVALS = 4
PRICE = 8_000_000  # CNY 80,000 in fen: about USD 11,000


def book(walk: Walk) -> None:
    """She asks for free times, and takes one against rivals who tap at the same moment."""
    her: WeChatUser = walk.known["her"]
    boutique = next(boutique for boutique in walk.house.boutiques if boutique["code"] == BOUTIQUE)
    experience_id = walk.house.experiences["private-appointment"]
    now = datetime.now(UTC)
    slots = her.door.get(
        "/v1/availability",
        boutique_id=boutique["boutique_id"],
        experience_id=experience_id,
        **{"from": now.isoformat(), "to": (now + timedelta(hours=23)).isoformat()},
    )["items"]
    must("there are free times in the next day", slots)
    slot = slots[walk.number % len(slots)]
    walk.say(f"{len(slots)} free times in the next day; she taps {slot['starts_at']}")

    wish = {
        "boutique_id": boutique["boutique_id"],
        "experience_id": experience_id,
        "starts_at": slot["starts_at"],
        "advisor_id": slot["advisor_ids"][0],
    }
    rivals = [walk.wechat_user(f"rival-{walk.number}-{number}", "") for number in range(RIVALS)]
    for rival in rivals:
        rival.log_in()
    with ThreadPoolExecutor(RIVALS + 1) as together:
        outcomes = list(together.map(lambda person: (person, _hold(person.door, wish)), [her, *rivals]))
    won = [(person, answer) for person, answer in outcomes if isinstance(answer, dict)]
    lost = [answer for _, answer in outcomes if isinstance(answer, Refused)]
    expect("how many got the one time", saw=len(won), wanted=1)
    for refused in lost:
        expect(
            "the status of a taken time",
            saw=(refused.status, refused.kind),
            wanted=(409, "urn:maison:problem:slot-taken"),
        )
        must("alternatives for who came too late", refused.body["alternatives"])
    walk.say(f"{RIVALS + 1} taps at once: one held it, {len(lost)} got 409 with alternatives")

    winner, appointment = won[0]
    if winner is not her:
        winner.door.post(f"/v1/appointments/{appointment['appointment_id']}/cancel")
        appointment = her.door.post("/v1/appointments", wish)
    confirmed = her.door.post(f"/v1/appointments/{appointment['appointment_id']}/confirm")
    expect("her appointment", saw=confirmed["status"], wanted="confirmed")
    late = _hold(rivals[0].door, wish)
    must("a confirmed time is taken too", isinstance(late, Refused) and late.status == 409)
    walk.say("confirmed; a later attempt on the same advisor gets 409")
    walk.known |= {"appointment": confirmed, "boutique_code": BOUTIQUE}


def _hold(door: Door, wish: dict[str, Any]) -> Any:
    try:
        return door.post("/v1/appointments", wish)
    except Refused as refused:
        return refused


def prepare(walk: Walk) -> None:
    """Her advisor sees the visit with an assortment: every piece in stock there, every one with a reason."""
    appointment = walk.known["appointment"]
    number = next(
        number
        for number, advisor in enumerate(walk.house.advisors, start=1)
        if advisor["advisor_id"] == appointment["advisor_id"]
    )
    advisor = walk.house.staff(f"advisor.{number:02d}")
    walk.known["advisor"] = advisor
    day = advisor.get("/v1/appointments", advisor_id=appointment["advisor_id"], limit=100)
    must(
        "her advisor's list shows the visit",
        any(item["appointment_id"] == appointment["appointment_id"] for item in day["items"]),
    )
    at = f"/v1/appointments/{appointment['appointment_id']}/preparation"
    sheet, took = eventually(
        "the assortment is on the sheet", lambda: (found := advisor.get(at))["assortment"] and found
    )
    chosen = sheet["assortment"]["pieces"]
    must("pieces were chosen", chosen)
    stock = _stock(advisor, appointment["boutique_id"])
    for piece in chosen:
        must(f"{piece['piece_code']} is in stock there", stock.get(piece["piece_code"], 0) > 0 and piece["in_stock"])
        must(f"{piece['piece_code']} has a reason", piece["reason"]["zh"] and piece["reason"]["en"])
    walk.say(f"the sheet was complete {took:.2f} s after the booking: {len(chosen)} pieces, all in stock there")
    for piece in chosen[:3]:
        walk.say(f"{piece['name_en']}: {piece['reason']['en']}")
    walk.known["chosen"] = chosen


def _recommended(advisor: Door, client_id: str, shown: dict[str, Any]) -> list[dict[str, Any]] | None:
    try:
        items: list[dict[str, Any]] = advisor.get(f"/v1/clients/{client_id}/recommendations", **shown)["items"]
    except Refused as refused:
        if refused.status == HTTPStatus.NOT_FOUND:
            return None
        raise
    return items


def _credit(house: House, client_id: str) -> int:
    with house.staff("client-service") as desk:
        permissions = desk.get(f"/v1/clients/{client_id}/permissions")
    return sum(credit["remaining"] for credit in permissions["credits"])


def _stock(door: Door, boutique_id: str) -> dict[str, int]:
    found: dict[str, int] = {}
    cursor = None
    while True:
        page = door.get(f"/v1/boutiques/{boutique_id}/stock", cursor=cursor, limit=100)
        found |= {item["piece_code"]: item["quantity"] for item in page["items"]}
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def come_and_buy(walk: Walk) -> None:
    """The visit is held, the till sends what she bought; her segment and what is shown to her change."""
    her: WeChatUser = walk.known["her"]
    advisor: Door = walk.known["advisor"]
    appointment, client_id = walk.known["appointment"], walk.known["client_id"]
    shown = {"boutique_id": appointment["boutique_id"], "limit": 10}
    # The visit opens her to the boutique's people, as soon as profile has heard of it.
    seen, took = eventually("her advisor sees her", lambda: _recommended(advisor, client_id, shown))
    walk.say(f"her advisor for the visit may see her; waited for {took:.2f} s")
    before = [item["piece_code"] for item in seen]
    at = f"/v1/appointments/{appointment['appointment_id']}"
    # One message: the tap is what WeChat counts, and what it pushes to the gateway.
    her.allow_message("survey-invitation")
    credit, _ = eventually("her tap reaches the ledger", lambda: _credit(walk.house, client_id))
    walk.say(f"her tap in WeChat granted {credit} message")
    advisor.post(f"{at}/check-in")
    expect("the visit", saw=advisor.post(f"{at}/complete")["status"], wanted="completed")
    bought = walk.known["chosen"][0]
    receipt = {
        "pos": "lumiere-till",
        "receipt": f"JOURNEY-{walk.number:05d}-{appointment['appointment_id'][-8:]}",
        "purchased_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "currency": "CNY",
        "store_code": BOUTIQUE,
        "customer": {"system": "online-retail", "value": walk.known["customer"]},
        "lines": [{"line": 1, "piece_code": bought["piece_code"], "quantity": 1, "unit_price_minor": PRICE}],
    }
    with walk.house.till() as till:
        till.post("/v1/purchases", receipt)

    segment, took = eventually(
        "her segment changes",
        lambda: (now := advisor.get(f"/v1/clients/{client_id}/segment"))["segment"] != walk.known["segment"] and now,
    )
    expect("her segment after CNY 80,000", saw=segment["segment"], wanted="core")
    walk.say(f"{walk.known['segment']} -> {segment['segment']} in {took:.2f} s")

    def changed() -> list[str] | None:
        items = advisor.get(f"/v1/clients/{client_id}/recommendations", **shown)["items"]
        codes = [item["piece_code"] for item in items]
        return codes if codes != before and bought["piece_code"] not in codes else None

    after, took = eventually("the recommendations change", changed)
    must("what she bought is no longer recommended", bought["piece_code"] in before)
    walk.say(f"recommendations changed in {took:.2f} s: {len(set(after) - set(before))} of {len(after)} are new")
    me = her.door.get("/v1/me")
    must("she never sees a segment", "segment" not in str(me).lower() and segment["segment"] not in str(me))
