"""What stands in the house before it is tried: people and things whose ids requests can name."""

import asyncio
import base64
import hashlib
import itertools
from collections import deque
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

from infra.identity import Caller, Role
from tests.asking import BRAND, once
from tests.fuzz.house import APPID, GATEWAY, House, person
from tests.gateway.build import PASSWORD

PATIENCE = 400  # tries, 50 ms apart
STAFF = 3  # advisors and rooms of each boutique
CLIENTS = 8
PURPOSES = ("personalisation", "marketing", "survey", "measurements")
KEPT = 40  # ids of a kind; the newest push out the oldest
HOLD, ARRIVED = 5, 0  # which of the visits
CATEGORIES = ("ring", "necklace", "watch")
CODES = [f"AUBE-{category.upper()}-{number}" for category in CATEGORIES for number in range(4)]
HOURS = {"weekly": [{"weekday": day, "starts": "00:00", "ends": "24:00"} for day in range(1, 8)]}
WORDS = {"zh": "您满意吗？", "en": "Were you satisfied?"}
# What else a request must name rightly to be more than refused.
KNOWN: dict[str, object] = {
    "system": "till",
    "pos": "till",
    "receipt": "R0",
    "store_code": "A",
    "currency": "CNY",
    "line": 1,
    "quantity": 1,
    "unit_price_minor": 100_000,
    "template": "visit",
    "zone": "Asia/Shanghai",
    "vic_minor": 300,
    "core_minor": 200,
    "potential_minor": 100,
    "grant_type": "client_credentials",
    "brand": BRAND,
    "password": PASSWORD,
}
DOOR = Caller(GATEWAY, Role.SERVICE, BRAND)
QUESTIONS = [
    {"question_id": "score", "kind": "score", "required": True, "text": WORDS},
    {"question_id": "why", "kind": "text", "text": WORDS},
]


class Seeds:
    """The ids of the house by the names that requests give them, and the people who ask."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._count = itertools.count()
        self._newcomers = itertools.count()
        self._openids: dict[str, str] = {}  # of the clients in the pool
        self._pools: dict[str, deque[object]] = {}
        self._boss = person(Role.HEADQUARTERS)
        self.callers: dict[Role, list[Caller]] = {}

    def pool(self, name: str) -> tuple[Any, ...]:
        """Values that the house knows under a name; none under most names."""
        return tuple(self._pools.get(name, ()))

    def keep(self, name: str, *values: object) -> None:
        """Put values into a pool."""
        self._pools.setdefault(name, deque(maxlen=KEPT)).extend(values)

    async def _ask(self, service: str, method: str, path: str, body: Any = None, *, by: Caller | None = None) -> Any:
        """What a request that must succeed is answered; what it needs may still be on its way through the log."""
        client, refused = self._house.client(service, by or self._boss), ""
        for _ in range(PATIENCE):
            answer = await client.request(method, path, json=body, headers={**once(), "If-Match": "*"})
            if answer.status_code < httpx.codes.BAD_REQUEST:
                return answer.json() if answer.content else None
            refused = answer.text
            await asyncio.sleep(0.05)
        raise RuntimeError(f"{method} {path}: {refused}")

    async def furnish(self) -> None:
        """Build the house; then `refill` gives it a life."""
        await self._places()
        await self._shelves()
        await self._clients()
        self._people()
        await self._questions()
        await self._refill_gateway()

    async def _places(self) -> None:
        region = await self._ask("appointments", "POST", "/v1/regions", _named("EAST"))
        self.keep("region_id", region["region_id"])
        for place in ("A", "B"):
            form = {**_named(place), "region_id": region["region_id"], "hours": HOURS}
            boutique = await self._ask("appointments", "POST", "/v1/boutiques", form)
            self.keep("boutique_id", boutique["boutique_id"])
            at = f"/v1/boutiques/{boutique['boutique_id']}"
            for number in range(STAFF):
                room = {"name_zh": "厅", "name_en": f"Room {number}", "capacity": 6}
                await self._ask("appointments", "POST", f"{at}/rooms", room)
        await self._staff()
        experience = {
            **_named("PRIVATE"),
            "duration_minutes": 30,
            "granularity_minutes": 30,
            "notice_minutes": 0,
            "horizon_days": 366,
            "needs_room": True,
        }
        made = await self._ask("appointments", "POST", "/v1/experiences", experience)
        self.keep("experience_id", made["experience_id"])
        self.keep("skill", "high-jewellery")

    async def _staff(self) -> None:
        """Three advisors at each boutique: what was tried may have moved them, or let them go."""
        self._pools["advisor_id"] = deque(maxlen=KEPT)
        for boutique_id in self.pool("boutique_id"):
            at = f"/v1/boutiques/{boutique_id}/advisors"
            here = [one["advisor_id"] for one in (await self._ask("appointments", "GET", at))["items"][:STAFF]]
            while len(here) < STAFF:
                advisor = {"display_name": "林静", "languages": ["zh"], "shifts": HOURS}
                here.append((await self._ask("appointments", "POST", at, advisor))["advisor_id"])
            self.keep("advisor_id", *here)

    async def _shelves(self) -> None:
        pieces = [
            {
                "piece_code": code,
                "category": code.split("-")[1].lower(),
                "collection": "aube",
                "name_zh": "戒指",
                "name_en": "Ring",
                "price_minor": 100_000,
                "currency": "CNY",
            }
            for code in CODES
        ]
        await self._ask("recommend", "PUT", "/v1/pieces/batch", {"pieces": pieces})
        stock = [
            {"boutique_id": boutique, "piece_code": code, "quantity": 3}
            for boutique in self.pool("boutique_id")
            for code in CODES
        ]
        await self._ask("recommend", "PUT", "/v1/stock/batch", {"stock": stock})
        for name, values in (("piece_code", CODES), ("pin", CODES), ("category", CATEGORIES), ("collection", ["aube"])):
            self.keep(name, *values)

    async def _clients(self) -> None:
        for _ in range(CLIENTS):
            await self._client()
        for name, value in KNOWN.items():
            self.keep(name, value)

    async def _client(self) -> None:
        """Somebody with a phone, a receipt, a piece and an advisor."""
        advisors, boutiques = self.pool("advisor_id"), self.pool("boutique_id")
        number = next(self._newcomers)
        known = {"appid": APPID, "openid": f"o{number}", "unionid": f"u{number}"}
        made = await self._ask("profile", "POST", "/v1/clients/recognise", known, by=DOOR)
        at = f"/v1/clients/{made['client_id']}"
        self.keep("client_id", made["client_id"])
        self._openids[made["client_id"]] = f"o{number}"
        for identity in (
            {"kind": "phone", "value": f"+86139{number:08d}", "source": "wechat"},
            {"kind": "pos", "system": "till", "value": f"C{number}", "source": "pos"},
        ):
            await self._ask("profile", "POST", f"{at}/identities", identity, by=DOOR)
        await self._allow(made["client_id"])
        owner = {"advisor_id": advisors[number % STAFF], "boutique_id": boutiques[0]}
        await self._ask("profile", "PUT", f"{at}/owner", owner)
        await self._ask("profile", "POST", "/v1/purchases", _receipt(number))
        piece = await self._ask("profile", "POST", f"{at}/owned-pieces", {"serial": f"AV-{number:04d}"})
        self.keep("piece_id", piece["piece_id"])
        self.keep("serial", piece["serial"])
        kept = {"boutique_id": boutiques[0], "piece_code": CODES[0], "price_minor": 1, "currency": "CNY"}
        sale = await self._ask("profile", "POST", f"{at}/remote-sales", kept)
        self.keep("remote_sale_id", sale["remote_sale_id"])

    async def _allow(self, client_id: str) -> None:
        """Her consents, as a grown-up's: what was tried may have made a child of her."""
        await self._ask("profile", "PATCH", f"/v1/clients/{client_id}", {"birthday": None})
        consents = [{"purpose": purpose, "granted": True, "notice_version": "1"} for purpose in PURPOSES]
        await self._ask("profile", "PUT", f"/v1/clients/{client_id}/consents", {"consents": consents})

    async def _revive(self) -> None:
        """Restricted data is let be used again; in the place of whoever was erased, or left, comes somebody new."""
        await self._staff()
        officer = self._house.client("profile", self.callers[Role.PRIVACY][0])
        boss = self._house.client("profile", self._boss)
        for client_id in self.pool("client_id"):
            await officer.delete(f"/v1/clients/{client_id}/restriction")
            card = await boss.get(f"/v1/clients/{client_id}/card")
            if card.status_code == httpx.codes.NOT_FOUND:
                self._pools["client_id"].remove(client_id)
                await self._client()
            else:
                await self._allow(client_id)
        self._people()

    def _people(self) -> None:
        first, *_, last = self.pool("boutique_id")
        advisors, clients = self.pool("advisor_id"), self.pool("client_id")
        here: dict[str, Any] = {"boutique_ids": [first]}
        there: dict[str, Any] = {"boutique_ids": [last]}
        everywhere: dict[str, Any] = {"boutique_ids": [first, last], "region_id": self.pool("region_id")[0]}
        self.callers = {
            Role.CLIENT: [person(Role.CLIENT, client_id=one) for one in clients[:3]],
            Role.ADVISOR: [
                person(Role.ADVISOR, advisor_id=advisors[0], **here),
                person(Role.ADVISOR, advisor_id=advisors[-1], **there),
            ],
            Role.MANAGER: [person(Role.MANAGER, **here), person(Role.MANAGER, advisor_id=advisors[-1], **there)],
            Role.REGIONAL: [person(Role.REGIONAL, **everywhere)],
            Role.CLIENT_SERVICE: [person(Role.CLIENT_SERVICE)],
            Role.AFTER_SALES: [person(Role.AFTER_SALES, **here)],
            Role.EVENTS: [person(Role.EVENTS, **here)],
            Role.HEADQUARTERS: [self._boss, self._boss, person(Role.HEADQUARTERS, brand="ombre")],
            Role.PRIVACY: [person(Role.PRIVACY)],
            Role.GROUP: [person(Role.GROUP)],
            Role.POS: [person(Role.POS)],
            Role.PARTNER: [person(Role.PARTNER)],
        }

    async def _questions(self) -> None:
        survey = {"code": "visit", "title": WORDS, "questions": QUESTIONS}
        made = await self._ask("feedback", "POST", "/v1/surveys", survey)
        await self._ask("feedback", "POST", f"/v1/surveys/{made['survey_id']}/publish")
        self.keep("survey_id", made["survey_id"])
        steps = [
            {"trigger": trigger, "survey_id": made["survey_id"]} for trigger in ("visit-completed", "work-order-closed")
        ]
        await self._ask("feedback", "POST", "/v1/journeys", {"name": "Visit", "steps": steps})

    async def _refill_gateway(self) -> None:
        self.keep("username", "admin")
        self.keep("appid", APPID)
        for number in range(4):
            partner = await self._ask(GATEWAY, "POST", "/v1/partners", {"name": f"Till {number}", "role": "pos"})
            self.keep("partner_id", partner["partner_id"])
            self.keep("key_id", partner["key_id"])
        for number in range(3):
            account = {"username": f"lin.{number}", "password": "a long enough password", "role": "privacy"}
            made = await self._ask(GATEWAY, "POST", "/v1/accounts", account)
            self.keep("account_id", made["account_id"])

    async def refill(self) -> None:
        """Fresh visits in every status, work orders and invitations: what is tried uses them up."""
        await self._revive()
        await self._visits()
        await self._merges()
        await self._imports()
        clients, boutiques = self.pool("client_id"), self.pool("boutique_id")
        granted = [_granted(self._openids[client_id]) for client_id in clients for _ in range(4)]
        await self._ask("profile", "POST", "/v1/wechat/events", {"events": granted}, by=DOOR)
        for number in range(4):
            about = {"client_id": clients[number], "boutique_id": boutiques[number % 2]}
            order = {**about, "severity": "high", "text": "表带有划痕"}
            made = await self._ask("feedback", "POST", "/v1/work-orders", order)
            self.keep("work_order_id", made["work_order_id"])
            invitation = {**about, "survey_id": self.pool("survey_id")[0]}
            made = await self._ask("feedback", "POST", "/v1/survey-invitations", invitation)
            self.keep("invitation_id", made["invitation_id"])
            message = {"client_id": clients[number], "purpose": "service", "template": "visit", "variables": {}}
            desk = self.callers[Role.CLIENT_SERVICE][0]
            made = await self._ask("profile", "POST", "/v1/messages", message, by=desk)
            self.keep("message_id", made["message_id"])
            await self._known_of(clients[number], clients[number - 1])
        self.keep("token", *self._house.links)

    async def _merges(self) -> None:
        """A merge to take back, and somebody to merge: not of those who come to the boutiques."""
        twins = []
        for _ in range(3):
            one = {"appid": APPID, "openid": f"twin{next(self._count)}"}
            twins.append((await self._ask("profile", "POST", "/v1/clients/recognise", one, by=DOOR))["client_id"])
        joined = {"other_client_id": twins[1]}
        made = await self._ask("profile", "POST", f"/v1/clients/{twins[0]}/merges", joined)
        self.keep("merge_id", made["merge_id"])
        for name in ("other_client_id", "other_id"):
            self.keep(name, twins[2])

    async def _imports(self) -> None:
        """An old file that has been read, and one that is on its way."""
        content = "会员号,客户姓名\nM1,王芳\n".encode()
        form = {"kind": "clients", "size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for reads in (True, False):
            made = await self._ask("profile", "POST", "/v1/imports", form)
            self.keep("import_id", made["import_id"])
            at, part = f"/v1/imports/{made['import_id']}", {"content": base64.b64encode(content).decode()}
            await self._ask("profile", "PUT", f"{at}/parts/0", part)
            if reads:
                await self._ask("profile", "POST", f"{at}/read", {})

    async def _known_of(self, client_id: str, other: str) -> None:
        """What advisors keep of a client."""
        known = {
            "notes": ("note_id", {"words": "喜欢靠窗的座位"}),
            "dates": ("date_id", {"kind": "child-birthday", "calendar": "lunar", "month": 8, "day": 15}),
            "preferences": ("preference_id", {"topic": "drink", "value": "龙井", "provenance": "said"}),
            "sensitive-items": ("item_id", {"kind": "wrist", "value": "15.5 cm"}),
            "relations": ("relation_id", {"tie": "assistant", "name": "陈静"}),
        }
        for noun, (named, form) in known.items():
            made = await self._ask("profile", "POST", f"/v1/clients/{client_id}/{noun}", form)
            self.keep(named, made[named])
        self.keep("other_client_id", other)

    async def _visits(self) -> None:
        now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        day = now + timedelta(days=2 + next(self._count) % 25)
        soon = [now + timedelta(hours=1)] * 4  # may be checked in
        for number, starts_at in enumerate([*soon, *(day + timedelta(hours=n) for n in range(4))]):
            form = {
                "boutique_id": self.pool("boutique_id")[number % 2],
                "experience_id": self.pool("experience_id")[0],
                "starts_at": starts_at.isoformat(),
                "client_id": self.pool("client_id")[number],
            }
            desk = self.callers[Role.CLIENT_SERVICE][0]
            held = await self._house.client("appointments", desk).post("/v1/appointments", json=form, headers=once())
            if held.status_code == httpx.codes.CONFLICT:
                continue  # what was tried before took this time
            appointment_id = held.json()["appointment_id"]
            self.keep("appointment_id", appointment_id)
            self.keep("starts_at", form["starts_at"])
            if number == HOLD:
                continue
            at = f"/v1/appointments/{appointment_id}"
            await self._ask("appointments", "POST", f"{at}/confirm", by=desk)
            if number == ARRIVED:
                await self._ask("appointments", "POST", f"{at}/check-in", by=self.callers[Role.MANAGER][number % 2])
            made = await self._ask("recommend", "POST", "/v1/assortments", {"appointment_id": appointment_id})
            self.keep("assortment_id", made["assortment_id"])


def _named(code: str) -> dict[str, str]:
    return {"code": code, "name_zh": "恒隆", "name_en": "Plaza 66"}


def _receipt(number: int) -> dict[str, Any]:
    return {
        "pos": "till",
        "receipt": f"R{number}",
        "store_code": "A",
        "purchased_at": "2026-03-01T12:00:00+08:00",
        "currency": "CNY",
        "customer": {"system": "till", "value": f"C{number}"},
        "lines": [{"line": 1, "piece_code": CODES[number % len(CODES)], "quantity": 1, "unit_price_minor": 100_000}],
    }


def _granted(openid: str) -> dict[str, Any]:
    """One send of the survey's template that WeChat says a client granted."""
    return {
        "event_id": str(uuid4()),
        "kind": "granted",
        "appid": APPID,
        "openid": openid,
        "template_id": "s",
        "occurred_at": datetime.now(UTC).isoformat(),
    }
