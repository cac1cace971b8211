"""Owners and books over HTTP."""

import asyncio
from uuid import UUID, uuid4

import pytest

from infra.identity import Role
from tests.asking import once, problem, tell, until
from tests.conftest import Start
from tests.profile.build import imported
from tests.profile.relationship import as_role, as_service, owned, registered
from tests.running import Running

ASSIGNED = "profile.owner-assigned.v1"


@pytest.fixture
async def profile(running: Start) -> Running:
    return await running("profile")


def owner(advisor_id: UUID | None = None, boutique_id: UUID | None = None) -> dict[str, str]:
    return {"advisor_id": str(advisor_id or uuid4()), "boutique_id": str(boutique_id or uuid4())}


async def joined(profile: Running, boutique_id: UUID | None = None) -> dict[str, str]:
    """An advisor who works at that boutique, as an owner."""
    form = owner(boutique_id=boutique_id)
    await tell(profile, "appointments.advisor-joined.v1", form | {"region_id": str(uuid4())})
    return form


async def test_assigning_a_client_announces_it_once(profile: Running) -> None:
    client_id, form = await registered(profile), await joined(profile)
    headquarters = as_role(profile)
    unowned = await headquarters.get(f"/v1/clients/{client_id}/owner")
    assert (unowned.json()["advisor_id"], unowned.headers["ETag"]) == (None, '"0"')
    first = await headquarters.put(f"/v1/clients/{client_id}/owner", json=form, headers={"If-Match": '"0"'})
    again = await headquarters.put(f"/v1/clients/{client_id}/owner", json=form, headers={"If-Match": '"1"'})
    assert (first.status_code, first.headers["ETag"], again.headers["ETag"]) == (200, '"1"', '"1"')
    assert first.json() | form == first.json()
    assert await profile.facts(ASSIGNED) == [{"type": ASSIGNED, "data": {"client_id": str(client_id)} | form}]


async def test_of_two_who_give_her_away_at_once_one_is_told_that_she_is_gone(profile: Running) -> None:
    client_id = await registered(profile)
    headquarters = as_role(profile)
    path, headers = f"/v1/clients/{client_id}/owner", {"If-Match": '"0"'}
    forms = [await joined(profile) for _ in range(10)]
    answers = await asyncio.gather(*(headquarters.put(path, json=form, headers=headers) for form in forms))
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 9
    assert len(await profile.facts(ASSIGNED)) == 1


async def test_a_change_must_say_what_it_starts_from(profile: Running) -> None:
    client_id = await registered(profile)
    assert (await as_role(profile).put(f"/v1/clients/{client_id}/owner", json=owner())).status_code == 428


async def test_a_manager_assigns_within_her_boutiques_and_only_whom_she_may_see(profile: Running) -> None:
    mine, theirs = uuid4(), uuid4()
    manager = as_role(profile, Role.MANAGER, boutique_ids=frozenset({mine}))
    free, foreign = await registered(profile), await registered(profile)
    await owned(profile, foreign, boutique_id=theirs)
    here, there, headers = await joined(profile, mine), await joined(profile, theirs), {"If-Match": "*"}

    async def put(client_id: UUID, form: dict[str, str]) -> int:
        return (await manager.put(f"/v1/clients/{client_id}/owner", json=form, headers=headers)).status_code

    # That nobody has her opens her to nobody.
    assert await put(free, here) == 404
    assert (await manager.get(f"/v1/clients/{free}/owner")).status_code == 404
    for client_id in (free, foreign):
        reason = {"reason": "she asks for an advisor here"}
        await manager.post(f"/v1/clients/{client_id}/access", json=reason, headers=once())
    assert await put(free, here) == 200
    assert await put(free, there) == 404
    # She may look at another boutique's client, not take her.
    assert await put(foreign, here) == 404
    assert await put(uuid4(), here) == 404
    assert (await manager.get(f"/v1/clients/{free}/owner")).json()["advisor_id"] == here["advisor_id"]


async def test_a_client_goes_to_an_advisor_only_where_that_advisor_works(profile: Running) -> None:
    mine, elsewhere, client_id = uuid4(), uuid4(), await registered(profile)
    here = await joined(profile, mine)
    wrong = here | {"boutique_id": str(elsewhere)}
    manager = as_role(profile, Role.MANAGER, boutique_ids=frozenset({mine, elsewhere}))
    await manager.post(f"/v1/clients/{client_id}/access", json={"reason": "she asks for her"}, headers=once())
    path, headers = f"/v1/clients/{client_id}/owner", {"If-Match": "*"}
    for sender, unknown in ((manager, 400), (as_role(profile), 400), (as_service(profile), 200)):
        refused = await sender.put(path, json=wrong, headers=headers)
        assert (refused.status_code, problem(refused)) == (400, "advisor-not-there")
        assert (await sender.put(path, json=here, headers=headers)).status_code == 200
        # A service may be ahead of the fact that she joined.
        assert (await sender.put(path, json=owner(boutique_id=mine), headers=headers)).status_code == unknown
    # She goes to work elsewhere.
    moved = wrong | {"region_id": str(uuid4())}
    await tell(profile, "appointments.advisor-joined.v1", moved)
    assert (await as_role(profile).put(path, json=wrong, headers=headers)).status_code == 200


async def test_an_advisor_sees_her_own_book_and_nobody_elses(profile: Running) -> None:
    hers, other = await registered(profile), await registered(profile)
    advisor_id, boutique_id = await owned(profile, hers)
    colleague, _ = await owned(profile, other, boutique_id=boutique_id)
    advisor = as_role(profile, Role.ADVISOR, advisor_id=advisor_id)
    book = (await advisor.get(f"/v1/advisors/{advisor_id}/book")).json()
    assert [entry["client_id"] for entry in book["items"]] == [str(hers)]
    assert book["items"][0]["display_name"].startswith("Client ")
    assert book["items"][0]["segment"] == "newcomer"
    assert book["next_cursor"] is None
    assert (await advisor.get(f"/v1/advisors/{colleague}/book")).status_code == 404
    manager = as_role(profile, Role.MANAGER, boutique_ids=frozenset({boutique_id}))
    assert len((await manager.get(f"/v1/advisors/{colleague}/book")).json()["items"]) == 1
    stranger = as_role(profile, Role.MANAGER, boutique_ids=frozenset({uuid4()}))
    assert (await stranger.get(f"/v1/advisors/{colleague}/book")).json()["items"] == []


async def test_a_book_comes_in_pages_that_miss_nobody(profile: Running) -> None:
    advisor_id, boutique_id = uuid4(), uuid4()
    clients = {str(await registered(profile)) for _ in range(5)}
    for client_id in clients:
        await owned(profile, UUID(client_id), advisor_id=advisor_id, boutique_id=boutique_id)
    headquarters, seen, cursor = as_role(profile), [], None
    while True:
        params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await headquarters.get(f"/v1/advisors/{advisor_id}/book", params=params)).json()
        seen += [entry["client_id"] for entry in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert (len(seen), set(seen)) == (5, clients)


@pytest.mark.parametrize("cursor", ["x", "AAAA", "WyJhIl0"])
async def test_a_made_up_cursor_is_refused(profile: Running, cursor: str) -> None:
    answer = await as_role(profile).get(f"/v1/advisors/{uuid4()}/book", params={"cursor": cursor})
    assert answer.status_code == 400


async def test_after_a_merge_the_advisor_keeps_her_client(profile: Running) -> None:
    form = {"display_name": "Li Na", "phone": "13800138000"}
    survivor = UUID((await as_role(profile).post("/v1/clients", json=form, headers=once())).json()["client_id"])
    gateway = as_service(profile, "gateway")
    seen = await gateway.post("/v1/clients/recognise", json={"appid": "wx1", "openid": "o-1"})
    newcomer = UUID(seen.json()["client_id"])
    advisor_id, _ = await owned(profile, newcomer)
    phone = {"kind": "phone", "value": "13800138000", "source": "wechat"}
    assert (await gateway.post(f"/v1/clients/{newcomer}/identities", json=phone)).json()["merged"]

    async def inherited() -> bool:
        facts = await profile.facts(ASSIGNED)
        return [fact["data"]["client_id"] for fact in facts] == [str(newcomer), str(survivor)]

    await until(inherited)
    book = (await as_role(profile).get(f"/v1/advisors/{advisor_id}/book")).json()
    assert [entry["client_id"] for entry in book["items"]] == [str(survivor)]


async def test_an_import_that_names_a_leaver_brings_the_client_without_her_and_says_so(profile: Running) -> None:
    there, gone = await joined(profile), await joined(profile)
    left = gone | {"left_at": "2026-05-20T06:00:00Z"}
    await tell(profile, "appointments.advisor-left.v1", left, about=f"advisor:{gone['advisor_id']}")
    brought = [imported(owner=there), imported(owner=gone), imported(owner=owner())]
    answer = await as_role(profile).post("/v1/clients/batch", json={"clients": brought})
    items = answer.json()["items"]
    assert [(one["status"], one["code"]) for one in items] == [
        ("created", None), ("created", "owner-gone"), ("created", None),
    ]  # fmt: skip
    owners = {str(row["client_id"]) for row in await profile.rows("select client_id from client_owner")}
    assert owners == {items[0]["client_id"], items[2]["client_id"]}
    # And no service puts anybody into her book.
    form = {"If-Match": "*"}
    refused = await as_service(profile).put(f"/v1/clients/{items[1]['client_id']}/owner", json=gone, headers=form)
    assert problem(refused) == "advisor-not-there"
