"""A profile that takes messages, as far as appointments sees of it: each key once, and what is recalled."""

import json
from collections.abc import Callable
from typing import Any

import httpx

from infra.app import Kit
from infra.ids import new_id
from services.appointments.reminders.actions import noting
from services.appointments.reminders.actions.dispatch import hand_over_once
from tests.appointments.build import CARD, briefs

Said = Callable[[dict[str, Any]], httpx.Response | None]


class Door:
    """What was asked for, in order, and what profile would do about it. `says` may answer something else first."""

    def __init__(self, says: Said | None = None) -> None:
        self.says = says
        self.tries: list[dict[str, Any]] = []
        self.taken: dict[str, dict[str, Any]] = {}  # by key
        self.recalled: set[str] = set()  # references

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self.answer)

    async def answer(self, request: httpx.Request) -> httpx.Response:
        match request.url.path:
            case "/v1/messages":
                return await self.ask(request)
            case "/v1/messages/recalls":
                references = json.loads(request.content)["references"]
                self.recalled |= set(references)
                return httpx.Response(200, json={"recalled": len(references)})
            case "/v1/briefs":
                return briefs(request)
            case _:
                return httpx.Response(200, json=CARD)

    async def ask(self, request: httpx.Request) -> httpx.Response:
        form, key = json.loads(request.content), request.headers["Idempotency-Key"]
        self.tries.append(form | {"key": key})
        if self.says is not None and (other := self.says(form)) is not None:
            return other
        if key not in self.taken:
            self.taken[key] = form | {"message_id": str(new_id())}
        answer = {"message_id": self.taken[key]["message_id"], "status": "queued", "channel": "subscribe"}
        return httpx.Response(202, json=answer)

    def told(self, appointment_id: str | None = None) -> list[str]:
        """The templates of what was taken and not recalled, in order; the house's link says of which visit."""
        return [
            form["template"]
            for form in self.taken.values()
            if form["reference"] not in self.recalled
            and (appointment_id is None or appointment_id.replace("-", "") in (form.get("link") or ""))
        ]


async def dispatch_once(kit: Kit) -> int:
    """Plan all that is due and hand over one batch, as the loop does; answers how many notices were taken up."""
    await noting.plan(kit.database, since=None, now=kit.clock())
    return await hand_over_once(kit)
