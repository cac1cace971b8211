"""Who of the house sees which client in full, why, and that it is written down."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from infra.identity import Caller, Role
from tests.asking import problem, tell
from tests.conftest import Start
from tests.profile.build import (
    ADVISOR,
    OTHER_BOUTIQUE,
    advisor,
    client_of,
    gateway,
    names,
    own,
    phone,
    registered,
    someone,
    visit,
)
from tests.running import Running

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
COLLEAGUE = UUID("00000000-0000-7000-8000-00000000a002")
ROUTES = ["", "/card", "/timeline", "/purchases", "/segment", "/consents", "/dates", "/preferences"]


async def _status(profile: Running, by: Caller, client_id: str, route: str = "") -> int:
    return (await profile.client(by).get(f"/v1/clients/{client_id}{route}")).status_code


async def test_an_owner_sees_her_client_and_a_colleague_does_not(running: Start) -> None:
    profile = await running("profile")
    client_id = await registered(profile)
    await own(profile, client_id)
    seen = {
        "owner": advisor(),
        "manager": advisor(COLLEAGUE, role=Role.MANAGER),
        "regional": advisor(COLLEAGUE, role=Role.REGIONAL),
        "client service": someone(Role.CLIENT_SERVICE),
        "headquarters": someone(Role.HEADQUARTERS),
        "privacy": someone(Role.PRIVACY),
        "service": gateway(),
    }
    absent = {
        "colleague": advisor(COLLEAGUE),
        "advisor of another boutique": advisor(COLLEAGUE, boutique_id=OTHER_BOUTIQUE),
        "manager of another boutique": advisor(COLLEAGUE, boutique_id=OTHER_BOUTIQUE, role=Role.MANAGER),
        "after-sales": advisor(COLLEAGUE, role=Role.AFTER_SALES),
        "events": advisor(COLLEAGUE, role=Role.EVENTS),
        "owner's namesake in another brand": advisor(brand_id="other"),
        "headquarters of another brand": someone(brand_id="other"),
    }
    for route in ROUTES:
        for who, by in seen.items():
            answer = await profile.client(by).get(f"/v1/clients/{client_id}{route}")
            assert answer.status_code == 200, (who, route, answer.text)
        for who, by in absent.items():
            assert await _status(profile, by, client_id, route) == 404, (who, route)
        for role in (Role.CLIENT, Role.POS, Role.PARTNER, Role.GROUP):
            assert await _status(profile, someone(role), client_id, route) == 403, (role, route)
        assert (await profile.client(None).get(f"/v1/clients/{client_id}{route}")).status_code == 401


async def test_presence_opens_a_client_from_a_day_before_until_a_day_after_her_visit(running: Start) -> None:
    now = NOW
    profile = await running("profile", clock=lambda: now)
    client_id = await registered(profile)
    agreed = visit(client_id, starts_at=NOW + timedelta(days=3), ends_at=NOW + timedelta(days=3, hours=1))
    about = f"appointment:{agreed['appointment_id']}"
    await tell(profile, "appointments.confirmed.v1", agreed, about=about)
    assert await _status(profile, advisor(), client_id) == 404
    now = NOW + timedelta(days=2, minutes=1)
    assert await _status(profile, advisor(), client_id) == 200
    assert await _status(profile, advisor(COLLEAGUE, role=Role.AFTER_SALES), client_id) == 200
    assert await _status(profile, advisor(boutique_id=OTHER_BOUTIQUE), client_id) == 404

    moved = agreed | {
        "starts_at": (NOW + timedelta(days=9)).isoformat(),
        "ends_at": (NOW + timedelta(days=9, hours=1)).isoformat(),
    }
    await tell(profile, "appointments.moved.v1", moved, about=about)
    assert await _status(profile, advisor(), client_id) == 404

    # She comes early all the same.
    arrived = {key: agreed[key] for key in ("appointment_id", "client_id", "boutique_id", "advisor_id")}
    await tell(profile, "appointments.client-arrived.v1", arrived | {"arrived_at": now.isoformat()}, about=about)
    assert await _status(profile, advisor(), client_id) == 200

    done = arrived | {"completed_at": (now + timedelta(hours=1)).isoformat(), "experience_id": str(uuid4())}
    await tell(profile, "appointments.visit-completed.v1", done, about=about)
    now += timedelta(hours=24)
    assert await _status(profile, advisor(), client_id) == 200
    now += timedelta(hours=1, minutes=1)
    assert await _status(profile, advisor(), client_id) == 404


@pytest.mark.parametrize("ended", ["appointments.cancelled.v1", "appointments.no-show-recorded.v1"])
async def test_who_does_not_come_is_not_present(running: Start, ended: str) -> None:
    profile = await running("profile", clock=lambda: NOW)
    client_id = await registered(profile)
    agreed = visit(client_id, starts_at=NOW, ends_at=NOW + timedelta(hours=1))
    about = f"appointment:{agreed['appointment_id']}"
    await tell(profile, "appointments.confirmed.v1", agreed, about=about)
    assert await _status(profile, advisor(), client_id) == 200
    await tell(profile, ended, agreed, about=about)
    assert await _status(profile, advisor(), client_id) == 404


async def test_an_access_with_a_reason_opens_a_client_for_a_day_and_for_one_person(running: Start) -> None:
    now = NOW
    profile = await running("profile", clock=lambda: now)
    client_id = await registered(profile)
    mine = profile.client(advisor())
    key = {"Idempotency-Key": "access-1"}
    opened = await mine.post(f"/v1/clients/{client_id}/access", json={"reason": "她来电咨询保养"}, headers=key)
    assert opened.status_code == 201
    assert opened.json() == {"client_id": client_id, "until_at": "2026-06-02T12:00:00Z"}
    assert await _status(profile, advisor(), client_id) == 200
    assert await _status(profile, advisor(COLLEAGUE), client_id) == 404
    now += timedelta(hours=24)
    assert await _status(profile, advisor(), client_id) == 404
    nobody = await mine.post(
        f"/v1/clients/{uuid4()}/access", json={"reason": "reason"}, headers={"Idempotency-Key": "2"}
    )
    assert nobody.status_code == 404

    log = (await profile.client(someone(Role.PRIVACY)).get(f"/v1/clients/{client_id}/access-log")).json()["items"]
    looks = [(one["subject"], one["seen"], one["ground"], one["reason"]) for one in log]
    assert looks == [(f"advisor:{ADVISOR}", "client", "grant", "她来电咨询保养")]
    assert "她".encode() not in (await profile.rows("select reason from access_grant"))[0]["reason"]


async def test_every_full_view_is_written_down_with_its_ground(running: Start) -> None:
    profile = await running("profile")
    client_id = await registered(profile)
    await own(profile, client_id)
    await _status(profile, advisor(), client_id)
    await _status(profile, advisor(), client_id, "/timeline")
    await _status(profile, someone(Role.CLIENT_SERVICE), client_id, "/purchases")
    await _status(profile, advisor(COLLEAGUE), client_id)
    log = (await profile.client(someone(Role.PRIVACY)).get(f"/v1/clients/{client_id}/access-log")).json()["items"]
    assert [(one["role"], one["seen"], one["ground"]) for one in log] == [
        ("client-service", "purchases", "role"),
        ("advisor", "timeline", "owner"),
        ("advisor", "client", "owner"),
    ]


async def test_a_peer_asks_in_somebodys_name_and_gets_what_she_would_have_got(running: Start) -> None:
    profile = await running("profile")
    client_id = await registered(profile, salutation="女士")
    await own(profile, client_id)
    peer = profile.client(gateway())

    def asker(by: Caller) -> dict[str, object]:
        return {
            "subject": by.subject,
            "role": by.role,
            "advisor_id": str(by.advisor_id) if by.advisor_id else None,
            "boutique_ids": [str(boutique_id) for boutique_id in by.boutique_ids],
            "seen": "recommendations",
        }

    path = f"/v1/clients/{client_id}/looks"
    seen = await peer.post(path, json=asker(advisor()))
    assert (seen.status_code, seen.json()) == (
        200,
        {
            "client_id": client_id,
            "display_name": "曾小贤",
            "salutation": "女士",
            "addressed_as": "曾女士",
            "language": "zh",
            "segment": "newcomer",
            "received_as": "vic",
            "owner_advisor_id": str(ADVISOR),
        },
    )
    assert (await peer.post(path, json=asker(advisor(COLLEAGUE, role=Role.MANAGER)))).status_code == 200
    assert (await peer.post(path, json=asker(gateway()))).status_code == 200
    for by in (advisor(COLLEAGUE), client_of(client_id), someone(Role.POS), someone(Role.PARTNER)):
        refused = await peer.post(path, json=asker(by))
        assert (refused.status_code, problem(refused)) == (404, "client-unknown"), by
    unknown = await peer.post(f"/v1/clients/{uuid4()}/looks", json=asker(someone()))
    assert problem(unknown) == "client-unknown"
    for by in (someone(), advisor(), client_of(client_id)):
        assert (await profile.client(by).post(path, json=asker(advisor()))).status_code == 403
    log = (await profile.client(someone(Role.PRIVACY)).get(f"/v1/clients/{client_id}/access-log")).json()["items"]
    assert [(one["subject"], one["seen"], one["ground"]) for one in reversed(log)] == [
        (advisor().subject, "recommendations", "owner"),
        (advisor(COLLEAGUE, role=Role.MANAGER).subject, "recommendations", "owner"),
    ]


async def test_who_registers_a_client_may_see_her_for_a_day(running: Start) -> None:
    profile = await running("profile")
    client_id = await registered(profile, by=advisor())
    assert await _status(profile, advisor(), client_id) == 200
    assert await _status(profile, advisor(COLLEAGUE), client_id) == 404


async def test_search_finds_only_whom_the_caller_may_see(running: Start) -> None:
    profile = await running("profile")
    value = phone()
    mine = await registered(profile, display_name="曾小贤", family_name="曾", given_name="小贤", phone=value)
    await registered(profile, display_name="曾国藩")
    await own(profile, mine)

    async def found(by: Caller, **form: object) -> list[str]:
        answer = await profile.client(by).post("/v1/clients/search", json=form)
        assert answer.status_code == 200, answer.text
        return [item["display_name"] for item in answer.json()["items"]]

    for typed in ("曾", "zeng", "ZengXiao", "zxx", "小贤", "曾小", "zeng x"):
        assert await found(advisor(), text=typed) == ["曾小贤"], typed
    assert await found(advisor(), criteria={"phone_tail": value[-4:]}) == ["曾小贤"]
    assert sorted(await found(someone(), text="zeng")) == ["曾国藩", "曾小贤"]
    for typed in ("贤", "engxiao", "%", "_", "'", "\\"):
        assert await found(someone(), text=typed) == [], typed
    assert await found(advisor(COLLEAGUE), text="zeng") == []
    assert await found(someone(brand_id="other"), text="zeng") == []
    assert await found(someone(brand_id="other"), criteria={"phone_tail": value[-4:]}) == []


async def test_search_goes_on_behind_its_cursor_and_shows_nobody_twice(running: Start) -> None:
    profile = await running("profile")
    every = {await registered(profile, display_name="李丽", family_name="李", given_name="丽") for _ in range(7)}
    seen: list[str] = []
    cursor = None
    for _ in range(4):
        form = {"text": "l", "limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await profile.client(someone()).post("/v1/clients/search", json=form)).json()
        seen += [item["client_id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert cursor is None
    assert sorted(seen) == sorted(every)
    wrongs: list[dict[str, object]] = [
        {},
        {"criteria": {}},
        {"text": "l", "criteria": {"phone_tail": "1234"}},
        {"criteria": {"member": "M1", "phone_tail": "1234"}},
    ]
    for wrong in wrongs:
        assert (await profile.client(someone()).post("/v1/clients/search", json=wrong)).status_code == 400


async def test_corrections_start_from_the_version_that_was_read(running: Start) -> None:
    profile = await running("profile")
    client_id = await registered(profile, display_name="李若怡", salutation="女士")
    door = profile.client(someone())
    read = await door.get(f"/v1/clients/{client_id}")
    assert read.headers["ETag"] == '"1"'
    without = await door.patch(f"/v1/clients/{client_id}", json={"display_name": "李若仪"})
    assert without.status_code == 428
    changed = await door.patch(
        f"/v1/clients/{client_id}", json={"display_name": "曾若仪"}, headers={"If-Match": read.headers["ETag"]}
    )
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    assert (changed.json()["display_name"], changed.json()["salutation"]) == ("曾若仪", "女士")
    stale = await door.patch(f"/v1/clients/{client_id}", json={"language": "en"}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    gone = await door.patch(f"/v1/clients/{client_id}", json={"salutation": None}, headers={"If-Match": '"2"'})
    assert gone.json()["salutation"] is None
    found = await door.post("/v1/clients/search", json={"text": "zengruoyi"})
    assert [item["client_id"] for item in found.json()["items"]] == [client_id]


async def test_a_client_sees_herself_without_label_or_owner_and_nobody_else(running: Start) -> None:
    profile = await running("profile")
    value = phone()
    client_id = await registered(profile, phone=value, salutation="先生")
    mine = profile.client(client_of(client_id))
    me = await mine.get("/v1/me")
    assert me.json() == {
        "client_id": client_id,
        "display_name": "曾小贤",
        "family_name": None,
        "given_name": None,
        "salutation": "先生",
        "language": "zh",
        "birthday": None,
        "masked_phone": f"{value[3:6]}****{value[-4:]}",
    }
    changed = await mine.patch("/v1/me", json={"language": "en"}, headers={"If-Match": me.headers["ETag"]})
    assert changed.json()["language"] == "en"
    assert (await profile.client(client_of(str(uuid4()))).get("/v1/me")).status_code == 404
    assert (await profile.client(client_of(client_id, brand_id="other")).get("/v1/me")).status_code == 404


async def test_a_new_client_is_registered_once_per_key(running: Start) -> None:
    profile = await running("profile")
    door = profile.client(advisor())
    answers = [
        await door.post("/v1/clients", json=names(), headers={"Idempotency-Key": "one tap".replace(" ", "-")})
        for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    assert len(await profile.rows("select 1 from client")) == 1
    assert (await door.post("/v1/clients", json=names())).status_code == 400
