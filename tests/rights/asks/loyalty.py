"""How profile is asked for points, cards, privileges and lists."""

from collections.abc import Mapping
from typing import Any

from tests.rights.asking import Ask, Fresh
from tests.rights.house import House

_POLICY = {"since_on": "2026-01-01", "expiry_months": 24, "spend": [{"currency": "CNY", "minor_per_point": 10_000}]}
_TIER: dict[str, Any] = {"name": "T-{n}", "rank": 1, "cap": 5}
_GIFT: dict[str, Any] = {"kind": "gift", "name": "月下", "quantity": 100}
_LIST: dict[str, Any] = {"name": "L-{n}", "criteria": {"languages": ["zh"]}}
_HER = {"client_id": "{client_id}"}


async def a_tier(house: House) -> Mapping[str, str]:
    """A tier of its own."""
    form = _TIER | {"name": f"Tier {house.number()}"}
    return {"tier_id": (await house.made("profile", "hq", "POST", "/v1/cards/tiers", form))["tier_id"]}


async def a_card(house: House) -> Mapping[str, str]:
    """Her card of a tier of its own."""
    made = await a_tier(house)
    form = {"client_id": house.ids["client_id"], **made}
    return {**made, "card_id": (await house.made("profile", "hq", "POST", "/v1/cards", form))["card_id"]}


async def a_wait(house: House) -> Mapping[str, str]:
    """Her place on the list of a tier of its own."""
    made = await a_tier(house)
    at = f"/v1/cards/tiers/{made['tier_id']}/waiting"
    await house.made("profile", "hq", "POST", at, {"client_id": house.ids["client_id"]})
    return made


async def a_privilege(house: House) -> Mapping[str, str]:
    """A gift that nobody has."""
    return {"privilege_id": (await house.made("profile", "hq", "POST", "/v1/privileges", _GIFT))["privilege_id"]}


async def a_grant(house: House) -> Mapping[str, str]:
    """A gift of hers."""
    made = await a_privilege(house)
    at = f"/v1/privileges/{made['privilege_id']}/grants"
    granted = await house.made("profile", "hq", "POST", at, {"client_id": house.ids["client_id"]})
    return {**made, "privilege_grant_id": granted["grant_id"]}


async def a_list(house: House) -> Mapping[str, str]:
    """A list of her advisor's own."""
    form = _LIST | {"name": f"List {house.number()}"}
    return {"list_id": (await house.made("profile", "ad", "POST", "/v1/lists", form))["list_id"]}


FURNISHED: tuple[Fresh, ...] = (a_card, a_wait, a_grant, a_list)


async def furnish(house: House) -> None:
    """What the rows are about: a tier that she waits for, a gift and a card of hers, her advisor's list."""
    for made in FURNISHED:
        house.ids |= await made(house)
    form = {"kind": "adjust", "points": 1_000_000, "reason": "开业礼"}
    at = f"/v1/clients/{house.ids['client_id']}/points"
    await house.made("profile", "hq", "POST", at, form)
    house.ids["her_points"] = "1000000"


_WAITING = "/v1/cards/tiers/{tier_id}/waiting"
_GRANTS = "/v1/privileges/{privilege_id}/grants"
_NAMED = {"grant_id": "privilege_grant_id"}

ASKS: Mapping[str, Ask] = {
    "PUT /v1/loyalty-policy": Ask(_POLICY),
    "GET /v1/clients/{client_id}/loyalty": Ask(shows="tier_id"),
    "GET /v1/clients/{client_id}/points": Ask(shows="her_points"),
    "POST /v1/clients/{client_id}/points": Ask({"kind": "spend", "points": 1, "reason": "换礼"}, shows="client_id"),
    "GET /v1/me/loyalty": Ask(shows="her_points"),
    "GET /v1/cards/tiers": Ask(shows="tier_id"),
    "POST /v1/cards/tiers": Ask(_TIER),
    "GET /v1/cards/tiers/{tier_id}": Ask(shows="tier_id"),
    "PUT /v1/cards/tiers/{tier_id}": Ask(_TIER, fresh=a_tier),
    "POST /v1/cards": Ask({**_HER, "tier_id": "{tier_id}"}, fresh=a_tier, shows="client_id"),
    "DELETE /v1/cards/{card_id}": Ask(fresh=a_card),
    f"GET {_WAITING}": Ask(shows="client_id"),
    f"POST {_WAITING}": Ask(_HER, fresh=a_tier, shows="client_id"),
    f"DELETE {_WAITING}/{{client_id}}": Ask(fresh=a_wait),
    "GET /v1/privileges": Ask(shows="privilege_id"),
    "POST /v1/privileges": Ask(_GIFT),
    "GET /v1/privileges/{privilege_id}": Ask(shows="privilege_id"),
    "PATCH /v1/privileges/{privilege_id}": Ask({"quantity": 200}, fresh=a_privilege),
    # A gift is granted at once: that a list is allotted stands in tests/profile/test_privileges.py.
    "POST /v1/privileges/{privilege_id}/allot": Ask(fresh=a_privilege, also=frozenset({"privilege-closed"})),
    f"GET {_GRANTS}": Ask(shows="client_id"),
    f"POST {_GRANTS}": Ask(_HER, fresh=a_privilege, shows="client_id"),
    f"POST {_GRANTS}/{{grant_id}}/hand-over": Ask(named=_NAMED, fresh=a_grant, shows="client_id"),
    f"DELETE {_GRANTS}/{{grant_id}}": Ask(named=_NAMED, fresh=a_grant),
    "POST /v1/lists/count": Ask({"criteria": {"languages": ["zh"]}}),
    "GET /v1/lists": Ask(shows="list_id"),
    "POST /v1/lists": Ask(_LIST),
    "GET /v1/lists/{list_id}": Ask(shows="list_id"),
    "PATCH /v1/lists/{list_id}": Ask({"name": "N-{n}"}, fresh=a_list),
    "DELETE /v1/lists/{list_id}": Ask(fresh=a_list),
    "GET /v1/lists/{list_id}/count": Ask(),
    "GET /v1/lists/{list_id}/members": Ask(shows="her_name"),
}
