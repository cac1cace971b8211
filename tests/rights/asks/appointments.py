"""How appointments is asked."""

from collections.abc import Mapping
from datetime import datetime

from tests.rights.asking import Ask, filled
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


_STAFF = {"employee_number": "E-{n}", "display_name": "新顾问", "boutique_code": "{store_code}"}

ASKS: Mapping[str, Ask] = {
    "PUT /v1/advisors/{advisor_id}/absence": Ask({"from_on": "2031-01-01"}, fresh=an_advisor),
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
    "POST /v1/appointments/{appointment_id}/move": Ask({"starts_at": "{another}"}, fresh=_to_move),
    "POST /v1/appointments/{appointment_id}/no-show": Ask(fresh=_begun),
    "GET /v1/appointments/{appointment_id}/preparation": Ask(shows="her_name"),
    "GET /v1/availability": Ask(
        query={
            "boutique_id": "{boutique_id}",
            "experience_id": "{experience_id}",
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
