"""How occasions and the waiting list are asked, and what stands there before."""

from collections.abc import Mapping
from datetime import timedelta

from tests.asking import until
from tests.rights.asking import Ask
from tests.rights.house import House

_POLICY = {"most_invitations": 100, "alternates": False}
_WAITLIST = {"priority": [], "offer_minutes": 60}
_HER = {"client_ids": ["{client_id}"]}
_TITLES = {"title_zh": "发布", "title_en": "Launch"}


def _session(house: House, boutique_id: str) -> Mapping[str, object]:
    starts_at = house.clock.now + timedelta(hours=3)
    return {
        "boutique_id": boutique_id,
        "starts_at": starts_at.isoformat(),
        "ends_at": (starts_at + timedelta(hours=2)).isoformat(),
        "seats": 10,
    }


async def an_occasion(house: House) -> Mapping[str, str]:
    """One of the boutique, not published yet."""
    place = house.ids["boutique_id"]
    form = {"boutique_id": place, "kind": "launch", **_TITLES, "sessions": [_session(house, place)]}
    made = await house.made("appointments", "hq", "POST", "/v1/occasions", form)
    return {"occasion_id": made["occasion_id"], "session_id": made["sessions"][0]["session_id"]}


async def a_guest(house: House) -> Mapping[str, str]:
    """Somebody who said yes to an occasion, and what her QR code says."""
    made = await an_occasion(house)
    at = f"/v1/occasions/{made['occasion_id']}"
    await house.made("appointments", "hq", "POST", f"{at}/publish")
    invite = {"client_ids": [house.ids["client_id"]], "dry_run": False}
    (one,) = (await house.made("appointments", "hq", "POST", f"{at}/invitations", invite))["items"]
    invitation = f"/v1/invitations/{one['invitation_id']}"

    async def asked() -> bool:
        return bool((await house.made("appointments", "hq", "GET", invitation))["status"] != "due")

    await until(asked)
    yes = {"answer": "accept", "session_id": made["session_id"]}
    await house.made("appointments", "cs", "POST", f"{invitation}/reply", yes)
    hers = await house.made("appointments", "cl", "GET", invitation)
    return {**made, "guest_id": one["invitation_id"], "pass": hers["token"]}


async def a_wait(house: House) -> Mapping[str, str]:
    """A place on a list of hers, for what nobody can be offered: it needs a room, and there is none."""
    form = {
        "code": f"ROOM-{house.number()}",
        "name_zh": "贵宾室",
        "name_en": "Salon",
        "duration_minutes": 30,
        "needs_room": True,
        "room_kind": "vault",
    }
    experience = await house.made("appointments", "hq", "POST", "/v1/experiences", form)
    wait = {
        "boutique_id": house.ids["boutique_id"],
        "experience_id": experience["experience_id"],
        "client_id": house.ids["client_id"],
        "from_on": "2030-03-01",
        "until_on": "2030-03-02",
    }
    made = await house.made("appointments", "cs", "POST", "/v1/waitlist", wait)
    return {"entry_id": made["entry_id"], "wait_experience_id": experience["experience_id"]}


async def furnish(house: House) -> None:
    """A guest of an occasion, and somebody who waits."""
    policy = "/v1/occasion-policy"
    await house.ask("appointments", "hq", "PUT", policy, json=_POLICY, headers={"If-Match": '"0"'})
    house.ids |= await a_guest(house)
    house.ids |= await a_wait(house)


_NOT_OFFERED = frozenset({"nothing-offered"})
_GUEST = {"invitation_id": "guest_id"}
_AT = "/v1/occasions/{occasion_id}"
_WAIT = "/v1/waitlist/{entry_id}"
_FORM = {
    "boutique_id": "{boutique_id}",
    "kind": "workshop",
    **_TITLES,
    "sessions": [
        {
            "boutique_id": "{boutique_id}",
            "starts_at": "2030-02-01T10:00:00Z",
            "ends_at": "2030-02-01T12:00:00Z",
            "seats": 2,
        }
    ],
}
_WISH = {
    "boutique_id": "{boutique_id}",
    "experience_id": "{wait_experience_id}",
    "client_id": "{client_id}",
    "from_on": "2030-03-01",
    "until_on": "2030-03-02",
}

ASKS: Mapping[str, Ask] = {
    "GET /v1/occasions": Ask(shows="occasion_id"),
    "POST /v1/occasions": Ask(_FORM),
    f"GET {_AT}": Ask(shows="occasion_id"),
    f"PATCH {_AT}": Ask({"title_en": "New"}),
    f"POST {_AT}/publish": Ask(fresh=an_occasion),
    f"POST {_AT}/cancel": Ask(fresh=an_occasion),
    f"POST {_AT}/sessions": Ask(_FORM["sessions"][0], fresh=an_occasion),
    f"PATCH {_AT}/sessions/{{session_id}}": Ask({"seats": 12}),
    f"GET {_AT}/report": Ask(shows="occasion_id"),
    f"GET {_AT}/invitations": Ask(shows="guest_id"),
    f"POST {_AT}/invitations": Ask(_HER),
    f"POST {_AT}/check-in": Ask({"token": "{pass}"}, fresh=a_guest, shows="client_id"),
    "GET /v1/invitations/{invitation_id}": Ask(named=_GUEST, shows="guest_id"),
    "POST /v1/invitations/{invitation_id}/reply": Ask(
        {"answer": "accept", "session_id": "{session_id}"}, named=_GUEST, shows="guest_id"
    ),
    "GET /v1/me/invitations": Ask(shows="guest_id"),
    "PUT /v1/occasion-policy": Ask(_POLICY),
    "GET /v1/me/waitlist": Ask(shows="entry_id"),
    "GET /v1/waitlist": Ask(shows="entry_id"),
    "POST /v1/waitlist": Ask(_WISH, also=frozenset({"already-waiting"})),
    f"GET {_WAIT}": Ask(shows="entry_id"),
    f"DELETE {_WAIT}": Ask(fresh=a_wait),
    f"POST {_WAIT}/accept": Ask(also=_NOT_OFFERED),
    f"POST {_WAIT}/decline": Ask(also=_NOT_OFFERED),
    "PUT /v1/waitlist-policy": Ask(_WAITLIST),
}
