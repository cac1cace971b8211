"""How appointments is asked."""

import base64
from collections.abc import Mapping
from datetime import date, datetime

from tests.rights.asking import Ask, filled
from tests.rights.asks import guests
from tests.rights.house import House

ROUND_THE_CLOCK = {"weekly": [{"weekday": day, "starts": "00:00", "ends": "24:00"} for day in range(1, 8)]}
HOLD = {
    "boutique_id": "{boutique_id}",
    "experience_id": "{experience_id}",
    "starts_at": "{slot}",
    "client_id": "{client_id}",
}


async def a_slot(house: House) -> Mapping[str, str]:
    """A time that is free."""
    return {"slot": house.slot()}


async def a_hold(house: House) -> Mapping[str, str]:
    """A time kept for her."""
    slot = house.slot()
    made = await house.made("appointments", "cs", "POST", "/v1/appointments", filled(HOLD, {**house.ids, "slot": slot}))
    return {"appointment_id": made["appointment_id"], "slot": slot}


async def a_visit(house: House) -> Mapping[str, str]:
    """A visit of hers, agreed."""
    held = await a_hold(house)
    await house.made("appointments", "cs", "POST", f"/v1/appointments/{held['appointment_id']}/confirm")
    return held


async def _to_move(house: House) -> Mapping[str, str]:
    """A visit of hers, agreed, and another time that is free."""
    return {**await a_visit(house), "another": house.slot()}


async def a_proposal(house: House) -> Mapping[str, str]:
    """Another time that the house proposes for a visit of hers."""
    agreed = await _to_move(house)
    at = f"/v1/appointments/{agreed['appointment_id']}/proposals"
    made = await house.made("appointments", "cs", "POST", at, {"starts_at": agreed["another"]})
    return {**agreed, "proposal_id": made["proposal_id"]}


_DISRUPTION = {
    "boutique_id": "{boutique_id}",
    "from_at": "2031-05-01T00:00:00Z",
    "to_at": "2031-05-02T00:00:00Z",
    "reason": "emergency",
}


async def a_disruption(house: House) -> Mapping[str, str]:
    """A day on which the boutique could not receive anybody."""
    made = await house.made("appointments", "ma", "POST", "/v1/disruptions", filled(_DISRUPTION, house.ids))
    return {"disruption_id": made["disruption_id"]}


async def _begun(house: House) -> Mapping[str, str]:
    """A visit of hers whose time has come."""
    agreed = await a_visit(house)
    house.clock.now = max(house.clock.now, datetime.fromisoformat(agreed["slot"]))
    return agreed


async def _under_way(house: House) -> Mapping[str, str]:
    """A visit of hers that has begun."""
    agreed = await a_visit(house)
    await house.made("appointments", "ma", "POST", f"/v1/appointments/{agreed['appointment_id']}/check-in")
    return agreed


async def a_walk_in(house: House) -> Mapping[str, str]:
    """Somebody who has just come in."""
    form = {"boutique_id": house.ids["boutique_id"], "waits": False}
    return {"visit_id": (await house.made("appointments", "ma", "POST", "/v1/visits", form))["visit_id"]}


async def _in_the_queue(house: House) -> Mapping[str, str]:
    """Somebody who waits for her turn."""
    form = {"boutique_id": house.ids["boutique_id"]}
    return {"visit_id": (await house.made("appointments", "ma", "POST", "/v1/visits", form))["visit_id"]}


_NAMES = {"name_zh": "新", "name_en": "New"}


async def an_advisor(house: House) -> Mapping[str, str]:
    """Somebody new at the boutique."""
    at = f"/v1/boutiques/{house.ids['boutique_id']}/advisors"
    return {
        "advisor_id": (await house.made("appointments", "hq", "POST", at, {"display_name": "新顾问"}))["advisor_id"]
    }


async def a_feed(house: House) -> Mapping[str, str]:
    """An address of the owning advisor's visits."""
    at = f"/v1/advisors/{house.ids['advisor_id']}/calendar-feed"
    made = await house.made("appointments", "hq", "POST", at, {})
    return {"feed_id": made["feed_id"], "calendar": made["url"].rpartition("/")[2]}


NOT_POSSIBLE = frozenset({"appointment-step-not-possible"})


def _a_day(house: House) -> str:
    number = house.number()
    return date(2032 + number % 60, 1 + number // 60 % 12, 1 + number // 720 % 28).isoformat()


async def a_leave(house: House) -> Mapping[str, str]:
    """A day on which somebody of the boutique is away: the advisor who owns her, or one who came for it."""
    at = f"/v1/advisors/{house.ids['advisor_id']}/leaves"
    day = _a_day(house)
    made = await house.made("appointments", "hq", "POST", at, {"starts": day, "ends": day})
    return {"leave_id": made["leave_id"]}


async def a_closure(house: House) -> Mapping[str, str]:
    """A day on which the boutique is closed."""
    at = f"/v1/boutiques/{house.ids['boutique_id']}/closures"
    day = _a_day(house)
    made = await house.made("appointments", "hq", "POST", at, {"starts": day, "ends": day})
    return {"closure_id": made["closure_id"]}


async def a_room(house: House) -> Mapping[str, str]:
    """A room of the boutique."""
    at = f"/v1/boutiques/{house.ids['boutique_id']}/rooms"
    return {"room_id": (await house.made("appointments", "hq", "POST", at, {**_NAMES, "capacity": 2}))["room_id"]}


_FILE = {"kind": "rooms", "content": base64.b64encode(b"boutique_code,code").decode()}
_STAFF = {"employee_number": "E-{n}", "display_name": "新顾问", "boutique_code": "{store_code}"}

ASKS: Mapping[str, Ask] = {
    "GET /calendars/{token}": Ask(named={"token": "calendar"}),
    "POST /v1/advisors/{advisor_id}/calendar-feed": Ask({}),
    "POST /v1/boutiques/{boutique_id}/calendar-feed": Ask({}, also=frozenset({"too-many-calendar-feeds"})),
    "DELETE /v1/calendar-feeds/{feed_id}": Ask(fresh=a_feed),
    "GET /v1/appointments/{appointment_id}/preparation/print": Ask(shows="her_name"),
    "PUT /v1/appointments/{appointment_id}/arrangements": Ask({"refreshments": "龙井"}, fresh=a_visit),
    "POST /v1/boutiques/{boutique_id}/reminders/{notice_id}/telephone": Ask(also=frozenset({"nothing-to-telephone"})),
    "PUT /v1/reminder-policy": Ask({"lead_minutes": [1440, 120]}),
    "PUT /v1/advisors/{advisor_id}/absence": Ask({"from_on": "2031-01-01"}, fresh=an_advisor),
    "GET /v1/advisors/{advisor_id}": Ask(shows="advisor_id"),
    "PATCH /v1/advisors/{advisor_id}": Ask({"weight": 1}),
    "GET /v1/advisors/{advisor_id}/leaves/{leave_id}": Ask(shows="leave_id"),
    "POST /v1/advisors/{advisor_id}/leaves": Ask({"starts": "2031-05-01", "ends": "2031-05-01"}, fresh=an_advisor),
    "PATCH /v1/advisors/{advisor_id}/leaves/{leave_id}": Ask({"reason": "training"}, fresh=a_leave),
    "DELETE /v1/advisors/{advisor_id}/leaves/{leave_id}": Ask(fresh=a_leave),
    "GET /v1/availability/explain": Ask(
        query={
            "boutique_id": "{boutique_id}",
            "experience_id": "{experience_id}",
            "from": "2030-01-09T00:00:00Z",
            "to": "2030-01-09T04:00:00Z",
        },
    ),
    "GET /v1/boutiques/{boutique_id}/closures": Ask(shows="closure_id"),
    "POST /v1/boutiques/{boutique_id}/closures": Ask(
        {"starts": "2031-05-01", "ends": "2031-05-01"}, also=frozenset({"closure-overlaps"})
    ),
    "PATCH /v1/boutiques/{boutique_id}/closures/{closure_id}": Ask({"reason": "renovation"}, fresh=a_closure),
    "DELETE /v1/boutiques/{boutique_id}/closures/{closure_id}": Ask(fresh=a_closure),
    "GET /v1/boutiques/{boutique_id}/hours/suggestions": Ask(query={"from": "2026-10-01", "to": "2026-10-02"}),
    "PUT /v1/boutiques/{boutique_id}/hours/suggestions": Ask({"on": ["2026-10-01"]}),
    "PATCH /v1/boutiques/{boutique_id}/rooms/{room_id}": Ask({"capacity": 3}, fresh=a_room),
    "POST /v1/directory/imports": Ask({**_FILE, "plan": "0" * 64}, also=frozenset({"import-plan-changed"})),
    "POST /v1/directory/imports/preview": Ask(_FILE),
    "GET /v1/me/experiences": Ask(shows="experience_id"),
    "POST /v1/advisors/{advisor_id}/move": Ask({"boutique_id": "{boutique_id}"}, shows="advisor_id"),
    "POST /v1/advisors/{advisor_id}/leave": Ask(fresh=an_advisor),
    "PUT /v1/staff/batch": Ask({"items": [_STAFF]}),
    "PUT /v1/retention/appointments/{category}": Ask({"days": 400}, named={"category": "appointments_category"}),
    "PUT /v1/advisors/{advisor_id}/shifts": Ask(ROUND_THE_CLOCK),
    "GET /v1/appointments": Ask(shows="appointment_id"),
    "POST /v1/appointments": Ask(HOLD, fresh=a_slot),
    "GET /v1/appointments/{appointment_id}": Ask(shows="appointment_id"),
    "POST /v1/appointments/{appointment_id}/cancel": Ask(fresh=a_visit),
    "POST /v1/appointments/{appointment_id}/check-in": Ask(fresh=a_visit),
    "POST /v1/appointments/{appointment_id}/complete": Ask(fresh=_under_way),
    "POST /v1/appointments/{appointment_id}/confirm": Ask(fresh=a_hold),
    "POST /v1/appointments/{appointment_id}/move": Ask(
        {"starts_at": "{another}", "agreed_by": "telephone"}, fresh=_to_move
    ),
    # What needs no approval is refused only after the caller has been let in.
    "POST /v1/appointments/{appointment_id}/approve": Ask(fresh=a_visit, also=NOT_POSSIBLE),
    "POST /v1/appointments/{appointment_id}/refuse": Ask({"reason": "当日包场"}, fresh=a_visit, also=NOT_POSSIBLE),
    "POST /v1/appointments/{appointment_id}/proposals": Ask({"starts_at": "{another}"}, fresh=_to_move),
    "PUT /v1/appointments/{appointment_id}/answers": Ask(
        {"answers": {"nobody-asked": "是"}}, fresh=a_visit, also=frozenset({"question-unknown"})
    ),
    "PUT /v1/appointments/{appointment_id}/link": Ask(
        {"link": "https://meet.example/1"}, fresh=a_visit, also=frozenset({"not-by-video"})
    ),
    "POST /v1/proposals/{proposal_id}/accept": Ask({"agreed_by": "telephone"}, fresh=a_proposal),
    "POST /v1/proposals/{proposal_id}/decline": Ask(fresh=a_proposal),
    "POST /v1/disruptions": Ask({**_DISRUPTION, "dry_run": True}),
    "GET /v1/disruptions/{disruption_id}": Ask(fresh=a_disruption, shows="disruption_id"),
    "PUT /v1/booking-policy": Ask({}),
    "POST /v1/appointments/{appointment_id}/no-show": Ask(fresh=_begun),
    "GET /v1/appointments/{appointment_id}/preparation": Ask(shows="her_name"),
    "GET /v1/availability": Ask(
        query={
            "boutique_id": "{boutique_id}",
            "experience_id": "{experience_id}",
            "client_id": "{client_id}",
            "from": "2030-01-09T00:00:00Z",
            "to": "2030-01-09T04:00:00Z",
        },
        shows="advisor_id",
    ),
    "GET /v1/boutiques": Ask(shows="boutique_id"),
    "POST /v1/boutiques": Ask({"region_id": "{region_id}", "code": "B-{n}", **_NAMES}),
    "GET /v1/boutiques/{boutique_id}": Ask(shows="boutique_id"),
    "PATCH /v1/boutiques/{boutique_id}": Ask({"name_en": "Plaza 66"}),
    "GET /v1/boutiques/{boutique_id}/advisors": Ask(shows="advisor_id"),
    "POST /v1/boutiques/{boutique_id}/advisors": Ask({"display_name": "新顾问"}),
    "PUT /v1/boutiques/{boutique_id}/hours": Ask(ROUND_THE_CLOCK),
    "POST /v1/boutiques/{boutique_id}/rooms": Ask({**_NAMES, "capacity": 2}),
    "GET /v1/experiences": Ask(shows="experience_id"),
    "POST /v1/experiences": Ask({"code": "E-{n}", **_NAMES}),
    "GET /v1/experiences/{experience_id}": Ask(shows="experience_id"),
    "PATCH /v1/experiences/{experience_id}": Ask({"name_en": "Private appointment"}),
    "GET /v1/me/appointments": Ask(shows="appointment_id"),
    "GET /v1/regions": Ask(shows="region_id"),
    "POST /v1/regions": Ask({"code": "R-{n}", **_NAMES}),
    **guests.ASKS,
    "GET /v1/appointments/{appointment_id}/arrival-code": Ask(),
    "GET /v1/reports/bookings": Ask(query={"from": "2030-01-01", "to": "2030-02-01"}, shows="boutique_id"),
    "GET /v1/reports/visits": Ask(query={"from": "2030-01-01", "to": "2030-02-01"}, shows="boutique_id"),
    "GET /v1/reports/expected-no-shows": Ask(
        query={"boutique_id": "{boutique_id}", "on": "2030-02-09"}, shows="boutique_id"
    ),
    "GET /v1/visits": Ask(query={"boutique_id": "{boutique_id}", "on": "2030-01-08"}, shows="visit_id"),
    "POST /v1/visits": Ask({"boutique_id": "{boutique_id}"}),
    "POST /v1/visits/arrivals": Ask(
        {"boutique_id": "{boutique_id}", "appointment_id": "{appointment_id}"}, fresh=a_visit
    ),
    "GET /v1/visits/queue": Ask(query={"boutique_id": "{boutique_id}"}),
    "GET /v1/visits/tally": Ask(query={"boutique_id": "{boutique_id}", "on": "2030-01-08"}, shows="boutique_id"),
    "PUT /v1/visits/tally/{boutique_id}/{on}/{starts}": Ask({"entries": 3}),
    "GET /v1/visits/{visit_id}": Ask(shows="visit_id"),
    "PATCH /v1/visits/{visit_id}": Ask({"home_city": "310000"}, fresh=a_walk_in),
    "POST /v1/visits/{visit_id}/call": Ask(fresh=_in_the_queue, also=frozenset({"out-of-turn"})),
    "POST /v1/visits/{visit_id}/serve": Ask(fresh=a_walk_in),
    "POST /v1/visits/{visit_id}/leave": Ask(fresh=a_walk_in),
}
