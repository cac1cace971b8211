"""What another service may lay before somebody who is about to receive clients: as much as she would see herself."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event

from infra.identity import Role
from tests.asking import once, problem, until
from tests.conftest import Start
from tests.profile.relationship import as_role, as_service, bought, owned, registered, restricted
from tests.profile.test_merging import merged
from tests.running import Running

PARTS = ("preferences", "conversations", "purchases", "wishes", "gifts")


@pytest.fixture
async def profile(running: Start) -> Running:
    return await running("profile")


async def asked(
    profile: Running, *client_ids: UUID, role: Role = Role.HEADQUARTERS, parts: Any = PARTS, **fields: Any
) -> dict[str, dict[str, Any]]:
    """The briefs for somebody, by client."""
    form = {"subject": "somebody", "role": role, "seen": "preparation", "client_ids": [str(one) for one in client_ids]}
    form |= {name: str(value) if isinstance(value, UUID) else value for name, value in fields.items()}
    answer = await as_service(profile, "appointments").post("/v1/briefs", json=form | {"parts": list(parts)})
    assert answer.status_code == 200, answer.text
    return {one["client_id"]: one for one in answer.json()["items"]}


async def known(profile: Running) -> UUID:
    """A client with something in every part."""
    number = f"N-{uuid4()}"
    client_id = await registered(profile, till_number=number)
    await owned(profile, client_id)
    await bought(profile, number)
    http, at = as_role(profile), f"/v1/clients/{client_id}"
    for path, form in (
        ("preferences", {"topic": "colour", "value": "玫瑰金", "provenance": "said"}),
        ("notes", {"words": "喜欢靠窗的位置"}),
        ("notes", {"words": "只给自己看", "private": True}),
        ("wishes", {"piece_code": "RING-9"}),
    ):
        made = await http.post(f"{at}/{path}", json=form, headers=once())
        assert made.status_code == 201, made.text
    gift = await http.post("/v1/privileges", json={"kind": "gift", "name": "月饼", "quantity": 9}, headers=once())
    granted = await http.post(
        f"/v1/privileges/{gift.json()['privilege_id']}/grants", json={"client_id": str(client_id)}, headers=once()
    )
    assert granted.status_code == 201, granted.text
    return client_id


async def test_all_parts_of_one_client(profile: Running) -> None:
    client_id = await known(profile)
    brief = (await asked(profile, client_id, subject="headquarters"))[str(client_id)]
    assert brief["card"]["client_id"] == str(client_id)
    assert [one["value"] for one in brief["preferences"]] == ["玫瑰金"]
    # Her author's private note is not for paper, even where she asks herself.
    assert [one["words"] for one in brief["notes"]] == ["喜欢靠窗的位置"]
    assert [len(one["lines"]) for one in brief["purchases"]] == [1]
    assert [one["piece_code"] for one in brief["wishes"]] == ["RING-9"]
    assert [(one["name"], one["status"]) for one in brief["gifts"]] == [("月饼", "granted")]
    assert brief["conversations"] == []


async def test_what_was_not_asked_for_is_not_told(profile: Running) -> None:
    client_id = await known(profile)
    brief = (await asked(profile, client_id, parts=["gifts"]))[str(client_id)]
    assert [name for name in (*PARTS, "notes") if brief[name] is not None] == ["gifts"]


async def test_a_mornings_clients_cost_the_same_number_of_statements_however_many(profile: Running) -> None:
    clients = [await known(profile) for _ in range(3)] + [await registered(profile) for _ in range(20)]
    advisor_id, boutique_id = await owned(profile, clients[0])
    for one in clients[1:]:
        await owned(profile, one, advisor_id=advisor_id, boutique_id=boutique_id)
    her: dict[str, Any] = {"role": Role.ADVISOR, "advisor_id": advisor_id, "boutique_ids": [str(boutique_id)]}
    counted: list[str] = []
    engine = profile.kit.database.engine.sync_engine

    def count(*arguments: Any) -> None:
        counted.append(arguments[2])

    async def quiet() -> bool:
        last = max(one.position for one in await profile.kit.log.read(0, 10_000))
        cursors = await profile.rows("select position from follower_cursor where follower = 'profile'")
        return (
            not await profile.rows("select from outbox where published_at is null") and cursors[0]["position"] >= last
        )

    async def statements(*client_ids: UUID) -> int:
        counted.clear()
        event.listen(engine, "before_cursor_execute", count)
        answer = await asked(profile, *client_ids, parts=["gifts"], **her)
        event.remove(engine, "before_cursor_execute", count)
        assert set(answer) == {str(one) for one in client_ids}
        return len(counted)

    await until(quiet)
    # The loops of the service may look at the database in between: what the request needs is the least.
    few, many = [min([await statements(*asked_for) for _ in range(5)]) for asked_for in (clients[:1], clients)]
    assert few == many
    gifts = await asked(profile, *clients, parts=["gifts"], **her)
    assert [len(gifts[str(one)]["gifts"]) for one in clients] == [1] * 3 + [0] * 20


async def test_an_advisor_gets_her_own_clients_and_no_others_and_it_is_written_down(profile: Running) -> None:
    mine, other, shut = [await registered(profile) for _ in range(3)]
    advisor_id, boutique_id = await owned(profile, mine)
    await owned(profile, shut, advisor_id=advisor_id, boutique_id=boutique_id)
    await restricted(profile, shut)
    her: dict[str, Any] = {"role": Role.ADVISOR, "advisor_id": advisor_id, "boutique_ids": [str(boutique_id)]}
    assert set(await asked(profile, mine, other, shut, uuid4(), **her)) == {str(mine)}
    log = (await as_role(profile).get(f"/v1/clients/{mine}/access-log")).json()["items"]
    assert ("preparation", "somebody", "owner") in {(one["seen"], one["subject"], one["ground"]) for one in log}
    log = (await as_role(profile).get(f"/v1/clients/{other}/access-log")).json()["items"]
    assert "preparation" not in {one["seen"] for one in log}


async def test_a_merged_record_is_answered_under_the_id_that_was_asked_for(profile: Running) -> None:
    survivor, gone = await registered(profile), await registered(profile)
    await merged(profile, str(survivor), str(gone))
    found = await asked(profile, gone, survivor, parts=[])
    assert {one: brief["card"]["client_id"] for one, brief in found.items()} == {
        str(gone): str(survivor),
        str(survivor): str(survivor),
    }


async def test_only_services_ask_and_no_more_than_a_day_of_clients(profile: Running) -> None:
    form: dict[str, Any] = {"subject": "x", "role": "manager", "seen": "x", "client_ids": [str(uuid4())]}
    assert (await as_role(profile).post("/v1/briefs", json=form)).status_code == 403
    peer = as_service(profile, "appointments")
    wrongs: list[dict[str, Any]] = [{"client_ids": []}, {"client_ids": [str(uuid4())] * 201}, {"parts": ["segment"]}]
    for wrong in wrongs:
        assert problem(await peer.post("/v1/briefs", json=form | wrong)) == "malformed"
