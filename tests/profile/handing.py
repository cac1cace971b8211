"""What the tests of handovers start from: a boutique of advisors, a book of clients, and their WeCom."""

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx

from infra.identity import Role
from tests.asking import Clock, once, tell
from tests.conftest import Start
from tests.profile.relationship import as_role, as_service, owned, registered
from tests.running import Running
from tests.suite.sandbox.house import House, open_house

CORPID, SECRET, AGENT = "ww0000000000000001", "corp-secret", 1000002
_numbers = itertools.count(1)


@dataclass
class Team:
    """The profile service with one boutique."""

    profile: Running
    clock: Clock
    boutique_id: UUID = field(default_factory=uuid4)

    async def advisor(self, **known: Any) -> UUID:
        """Somebody who works there; `known` is what her description says."""
        advisor_id = known.pop("advisor_id", None) or uuid4()
        boutique_id = str(known.pop("boutique_id", self.boutique_id))
        ids = {"advisor_id": str(advisor_id), "boutique_id": boutique_id}
        about = f"advisor:{advisor_id}"
        joined = ids | {"region_id": str(uuid4())}
        await tell(self.profile, "appointments.advisor-joined.v1", joined, about=about)
        described = {
            "languages": ["zh"],
            "skills": [],
            "wecom_userid": f"u{next(_numbers)}",
            "absent_from_on": None,
            "absent_until_on": None,
        } | known
        await tell(self.profile, "appointments.advisor-described.v1", ids | described, about=about)
        return advisor_id

    async def leave(self, advisor_id: UUID) -> None:
        """She leaves the house."""
        left = {"advisor_id": str(advisor_id), "boutique_id": str(self.boutique_id)}
        at = {"left_at": self.clock.now.isoformat()}
        await tell(self.profile, "appointments.advisor-left.v1", left | at, about=f"advisor:{advisor_id}")

    async def clients(self, advisor_id: UUID, count: int) -> list[UUID]:
        """New clients in an advisor's book."""
        made = [await registered(self.profile) for _ in range(count)]
        for client_id in made:
            await owned(self.profile, client_id, advisor_id=advisor_id, boutique_id=self.boutique_id)
        return made

    def manager(self) -> httpx.AsyncClient:
        """The boutique's manager."""
        return as_role(self.profile, Role.MANAGER, boutique_ids=frozenset({self.boutique_id}))

    def by(self, advisor_id: UUID) -> httpx.AsyncClient:
        """One of the advisors."""
        return as_role(
            self.profile, Role.ADVISOR, advisor_id=advisor_id, boutique_ids=frozenset({self.boutique_id}),
            subject=str(advisor_id),
        )  # fmt: skip

    async def ask_plan(self, advisor_id: UUID, *takers: UUID, **form: Any) -> httpx.Response:
        """What the request for a plan is answered."""
        rule = {"advisor_ids": [str(one) for one in takers]} | form.pop("rule", {})
        body = {"from_advisor_id": str(advisor_id), "reason": "balance", "rule": rule} | form
        return await self.manager().post("/v1/handovers", json=body, headers=once())

    async def planned(self, advisor_id: UUID, *takers: UUID, **form: Any) -> str:
        """The id of a plan."""
        answer = await self.ask_plan(advisor_id, *takers, **form)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["handover_id"])

    async def step(self, handover_id: str, step: str) -> dict[str, Any]:
        """Start, complete or undo it."""
        answer = await self.manager().post(f"/v1/handovers/{handover_id}/{step}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def seen(self, handover_id: str) -> dict[str, Any]:
        """The handover in figures."""
        found: dict[str, Any] = (await self.manager().get(f"/v1/handovers/{handover_id}")).json()
        return found

    async def entries(self, handover_id: str) -> dict[str, dict[str, Any]]:
        """Each client of it."""
        answer = await self.manager().get(f"/v1/handovers/{handover_id}/clients", params={"limit": "100"})
        return {one["client_id"]: one for one in answer.json()["items"]}

    async def owners(self, *, version: bool = False) -> list[dict[str, Any]]:
        """Every row of the owners, byte for byte; the version goes on counting, so only if asked for."""
        left_out = "" if version else " - 'version'"
        return await self.profile.rows(
            f"select (to_jsonb(o){left_out})::text as row from client_owner o order by client_id"  # noqa: S608
        )


@dataclass
class Corp:
    """The sandbox's WeCom."""

    house: House

    async def member(self, userid: str, **changed: object) -> None:
        """A member as she is from now on."""
        await self.house.put(f"/wecom/members/{userid}", dict(changed))

    async def knows(self, team: Team, client_id: UUID, userid: str) -> str:
        """The client is this member's contact, and the house knows her by it."""
        made = await self.house.post("/wecom/clients", {"items": [{"userids": [userid]}]})
        external = str(made["items"][0])
        known = {"kind": "wecom", "system": CORPID, "value": external, "source": "staff"}
        answer = await as_service(team.profile, "gateway").post(f"/v1/clients/{client_id}/identities", json=known)
        assert answer.is_success, answer.text
        return external

    async def holders(self, external: str) -> list[str]:
        """Which members have her."""
        return list((await self.house.get(f"/wecom/clients/{external}"))["userids"])


async def team(running: Start, **options: Any) -> Team:
    """The service with a clock of ours."""
    clock = Clock(datetime(2026, 9, 1, 2, 0, tzinfo=UTC))
    profile = await running("profile", clock=clock, **options)
    return Team(profile, clock)


async def team_in_wecom(running: Start) -> tuple[Team, Corp]:
    """The service with a WeCom in this process."""
    house = open_house(wecom_corpid=CORPID, wecom_secret=SECRET, wecom_agent_id=AGENT)
    settings = {
        "wecom_corpid": CORPID,
        "wecom_secret": SECRET,
        "wecom_agent_id": AGENT,
        "wecom_api_url": "http://wecom",
    }
    made = await team(running, transports={"wecom": httpx.ASGITransport(house.app)}, **settings)
    return made, Corp(house)
