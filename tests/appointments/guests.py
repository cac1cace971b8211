"""Builders for occasions and the waiting list: a door that answers as it is told to, clients of segments, guests."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx

from infra.identity import Caller, Role
from infra.ids import new_id
from services.appointments.occasions.actions.telling import tell_once
from tests.appointments.build import CARD, House, at, client, headquarters, house, post, said, staff
from tests.asking import tell, until
from tests.conftest import Start


@dataclass
class Door:
    """Profile, as far as it is asked to show clients and to tell them: `no` by client id is why it refuses.

    `strangers` are ids that are no client's.
    """

    no: dict[str, str] = field(default_factory=dict)
    strangers: set[str] = field(default_factory=set)
    away: bool = False
    asked: dict[str, dict[str, Any]] = field(default_factory=dict)  # by key
    times: int = 0

    def transport(self) -> httpx.MockTransport:
        """The way in."""
        return httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/permissions/batch":
            named = json.loads(request.content)["client_ids"]
            there = [{"client_id": one} for one in named if one not in self.strangers]
            return httpx.Response(503) if self.away else httpx.Response(200, json={"items": there})
        if not request.url.path.endswith("/messages"):
            return httpx.Response(200, json=CARD)
        self.times += 1
        if self.away:
            return httpx.Response(503)
        body = json.loads(request.content)
        key = request.headers["Idempotency-Key"]
        known = self.asked.setdefault(key, {**body, "message_id": str(new_id())})
        reason = self.no.get(body["client_id"])
        answer = {"message_id": known["message_id"], "status": "refused" if reason else "queued", "reason": reason}
        return httpx.Response(202, json=answer)

    def told(self, caller: Caller, template: str) -> list[dict[str, Any]]:
        """What a client was to be told in a template's words."""
        return [
            one
            for one in self.asked.values()
            if one["client_id"] == str(caller.client_id) and one["template"] == template
        ]


@dataclass
class Salon:
    """A house with an events team and a door."""

    house: House
    door: Door

    @property
    def events(self) -> httpx.AsyncClient:
        return self.house.by(staff(Role.EVENTS, self.house.boutique_id))

    @property
    def hq(self) -> httpx.AsyncClient:
        return self.house.by(headquarters())

    async def of(self, segment: str, *, owned: bool = True) -> Caller:
        """A client of a segment, owned at the boutique."""
        her = client()
        about = f"client:{her.client_id}"
        data: Mapping[str, Any] = {
            "client_id": str(her.client_id),
            "before": None,
            "segment": segment,
            "as_of": "2030-01-01",
        }
        await tell(self.house.running, "profile.segment-changed.v1", data, about=about)
        if owned:
            owner = {
                "client_id": str(her.client_id),
                "advisor_id": self.house.advisor_ids[0],
                "boutique_id": self.house.boutique_id,
            }
            await tell(self.house.running, "profile.owner-assigned.v1", owner, about=about)
        return her

    def form(self, **given: Any) -> dict[str, Any]:
        """An occasion with one session of ten seats."""
        return {
            "boutique_id": self.house.boutique_id,
            "kind": "launch",
            "title_zh": "春季新作发布",
            "title_en": "Spring launch",
            "most_plus_ones": 2,
            "sessions": [self.session()],
            **given,
        }

    def session(self, local: str = "2030-02-01 19:00", *, seats: int = 10, **given: Any) -> dict[str, Any]:
        return {
            "boutique_id": self.house.boutique_id,
            "starts_at": at(local).isoformat(),
            "ends_at": (at(local) + timedelta(hours=2)).isoformat(),
            "seats": seats,
            **given,
        }

    async def occasion(self, *, published: bool = True, **given: Any) -> dict[str, Any]:
        made = await post(self.events, "/v1/occasions", self.form(**given))
        return await self.step(made, "publish") if published else made

    async def step(self, occasion: Mapping[str, Any], step: str) -> dict[str, Any]:
        path = f"/v1/occasions/{occasion['occasion_id']}/{step}"
        return said(await self.events.post(path, headers={"If-Match": f'"{occasion["version"]}"'}))

    async def read(self, occasion: Mapping[str, Any]) -> dict[str, Any]:
        return said(await self.events.get(f"/v1/occasions/{occasion['occasion_id']}"))

    async def invite(self, occasion: Mapping[str, Any], *guests: Caller, **given: Any) -> dict[str, Any]:
        """The verdicts of inviting these clients."""
        form = {"client_ids": [str(one.client_id) for one in guests], "dry_run": False} | given
        return await post(self.events, f"/v1/occasions/{occasion['occasion_id']}/invitations", form)

    async def told(self) -> None:
        """Let the loop tell whoever is due."""

        async def none_due() -> bool:
            await tell_once(self.house.running.kit)
            rows = await self.house.running.rows(
                "select 1 from occasion_invitation i join occasion o using (brand_id, occasion_id)"
                " where to_tell is not null and next_attempt_at <= $1 and o.status <> 'draft'",
                self.house.clock.now,
            )
            return not rows

        await until(none_due)

        async def settled() -> bool:
            rows = await self.house.running.rows(
                "select 1 from occasion_invitation where to_tell is not null and attempts > 0 and opens_at <= $1",
                self.house.clock.now,
            )
            return self.door.away or not rows

        await until(settled)

    async def invited(self, occasion: Mapping[str, Any], *guests: Caller) -> list[dict[str, Any]]:
        """These clients have heard of it; their invitations, in this order."""
        done = await self.invite(occasion, *guests)
        assert done["refused"] == 0, done
        await self.told()
        return [await self.mine(one, occasion) for one in guests]

    async def mine(self, her: Caller, occasion: Mapping[str, Any]) -> dict[str, Any]:
        """Her own invitation to an occasion."""
        found = said(await self.house.by(her).get("/v1/me/invitations"))["items"]
        (hers,) = [one for one in found if one["occasion_id"] == occasion["occasion_id"]]
        return dict(hers)

    async def replies(self, her: Caller, invitation: Mapping[str, Any], answer: str, **given: Any) -> httpx.Response:
        """What her reply is answered."""
        path = f"/v1/invitations/{invitation['invitation_id']}/reply"
        return await self.house.by(her).post(path, json={"answer": answer, **given})

    async def accepts(self, her: Caller, occasion: Mapping[str, Any], **given: Any) -> dict[str, Any]:
        """An invited client who says yes to the first session."""
        (invitation,) = await self.invited(occasion, her)
        session_id = occasion["sessions"][0]["session_id"]
        return said(await self.replies(her, invitation, "accept", **{"session_id": session_id, **given}))

    async def seats(self) -> list[tuple[int, int]]:
        """Taken seats of each session, as counted, and as the invitations say."""
        rows = await self.house.running.rows(
            "select s.taken, coalesce(sum(i.seats_held), 0) as held from occasion_session s"
            " left join occasion_invitation i using (brand_id, session_id)"
            " group by s.session_id, s.taken order by s.session_id"
        )
        return [(row["taken"], row["held"]) for row in rows]

    async def row(self, her: Caller) -> dict[str, Any]:
        """Her latest invitation, as it is kept."""
        rows = await self.house.running.rows(
            "select * from occasion_invitation where client_id = $1 order by invitation_id desc limit 1",
            UUID(str(her.client_id)),
        )
        return rows[0]


async def salon(running: Start, **given: Any) -> Salon:
    """Start the service with a door."""
    door = Door()
    place = await house(running, transports={"profile": door.transport()}, **given)
    return Salon(place, door)


def version(one: Mapping[str, Any]) -> dict[str, str]:
    """The header that says which version a change starts from."""
    return {"If-Match": f'"{one["version"]}"'}


def moment(local: str) -> str:
    """A wall time in Shanghai as it is sent."""
    return at(local).isoformat()


def instant(value: str) -> datetime:
    """An answered moment."""
    return datetime.fromisoformat(value)
