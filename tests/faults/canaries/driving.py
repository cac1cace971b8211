"""Putting the people wherever a caller can put a value: where it belongs, and where it is wrong."""

import importlib
import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from infra.wechat.push_cipher import PushCipher, sign
from tests.faults.canaries.people import PEOPLE, Person
from tests.profile.build import receipt
from tests.rights.asking import Ask, filled
from tests.rights.house import AES_KEY, APPID, NOW, PUSH_TOKEN, House
from tests.rights.matrix import NAMES, REFUSED, Cell, table

PROBES = frozenset({"GET /healthz", "GET /readyz", "GET /metrics"})
ASKS: Mapping[str, Mapping[str, Ask]] = {
    name: importlib.import_module(f"tests.rights.asks.{name}").ASKS for name in NAMES
}
BATCH = 500  # clients and receipts of one request
IMPORTED = PEOPLE - 100
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<=/s/).+")
# Whoever may do the most comes first.
PREFERRED = ("hq", "ma", "ad", "cs", "cl", "po", "as", "sv", "no", "pr", "op")


@dataclass
class Driver:
    """Drives one house, each request with the next person; counts what was answered."""

    house: House
    crowd: list[Person]
    answered: dict[int, int] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)  # by method and path what has succeeded
    _turn: Iterator[Person] = field(init=False)

    def __post_init__(self) -> None:
        # Those whom no import brings: they can still be registered.
        self._turn = itertools.cycle(self.crowd[IMPORTED:])

    async def ask(self, service: str, column: str, method: str, path: str, **more: Any) -> httpx.Response:
        answer = await self.house.ask(service, column, method, path, **more)
        self.answered[answer.status_code] = self.answered.get(answer.status_code, 0) + 1
        if answer.is_success:
            self.done.add(f"{method} {_ID.sub('{}', path)}")
        return answer

    async def everybody(self, most: int = IMPORTED) -> None:
        """Nearly all of them at once, or so many, as an import and a till bring them, each with a new receipt."""
        turn = self.house.number()
        for first in range(0, most, BATCH):
            some = self.crowd[first : min(first + BATCH, most)]
            clients = [
                {
                    "external_ref": one.member,
                    "display_name": one.name,
                    "family_name": one.family,
                    "given_name": one.given,
                    "phone": one.phone,
                    "pos_ids": [{"system": "till", "value": one.till_number}],
                }
                for one in some
            ]
            await self.ask("gateway", "hq", "POST", "/v1/clients/batch", json={"clients": clients})
            bought = [
                receipt(f"R-{turn}-{one.number}", customer=one.till_number, store_code="SH-PLAZA") for one in some
            ]
            await self.ask("profile", "po", "POST", "/v1/purchases/batch", json={"receipts": bought})
            events = [
                {
                    "event_id": f"e-{turn}-{one.number}",
                    "kind": "granted",
                    "appid": APPID,
                    "openid": one.openid,
                    "template_id": "T",
                    "occurred_at": NOW.isoformat(),
                }
                for one in some[:100]
            ]
            await self.ask("profile", "sv", "POST", "/v1/wechat/events", json={"events": events})

    async def where_they_belong(self, rounds: int) -> None:
        """Through every route that takes something personal, in the field that is meant for it."""
        for _ in range(rounds):
            for service, column, method, path, body in self._proper():
                await self.ask(service, column, method, path, json=body)
            await self._work_order(next(self._turn))
            await self._push(next(self._turn))

    def _proper(self) -> Iterator[tuple[str, str, str, str, Mapping[str, Any]]]:
        at, one = f"/v1/clients/{self.house.ids['client_id']}", next(self._turn)
        names = {"display_name": one.name, "family_name": one.family, "given_name": one.given}
        known = {"phone": one.phone, "member": one.member, "email": one.email}
        yield "gateway", "hq", "POST", "/v1/clients", {**names, **known, "salutation": "女士"}
        yield "gateway", "cs", "POST", "/v1/clients/search", {"text": one.name}
        yield "gateway", "cs", "POST", "/v1/clients/search", {"criteria": {"phone_tail": one.phone[-4:]}}
        yield "gateway", "cs", "POST", "/v1/clients/search", {"criteria": {"email": one.email}}
        yield "gateway", "ma", "POST", "/v1/clients/identify", {"identities": [{"kind": "phone", "value": one.phone}]}
        one = next(self._turn)
        for kind, value in (("phone", one.phone), ("member", one.member), ("email", one.email)):
            yield "gateway", "ad", "POST", f"{at}/identities", {"kind": kind, "value": value}
        number = {"kind": "pos", "system": "till", "value": one.till_number}
        yield "profile", "sv", "POST", f"{at}/identities", {**number, "source": "pos"}
        yield "gateway", "ma", "POST", f"{at}/access", {"reason": one.note}
        yield "gateway", "cl", "PATCH", "/v1/me", {"display_name": one.name}
        yield "gateway", "hq", "PATCH", at, {"family_name": one.family, "given_name": one.given}
        told = {"client_id": self.house.ids["client_id"], "purpose": "service", "template": "care"}
        one = next(self._turn)
        for text in (one.message, one.address, one.email):
            yield "gateway", "cs", "POST", "/v1/messages", {**told, "variables": {"thing1": text}}
        yield (
            "profile",
            "sv",
            "POST",
            "/v1/clients/recognise",
            {
                "appid": APPID,
                "openid": one.openid,
                "unionid": one.unionid,
            },
        )
        yield "gateway", "no", "POST", "/v1/auth/wechat", {"code": one.openid}
        yield "gateway", "cl", "POST", "/v1/auth/wechat/phone", {"code": one.openid}
        yield "gateway", "no", "POST", "/v1/auth/staff", {"username": one.phone, "password": one.note}
        yield "gateway", "no", "POST", "/v1/auth/token", {"grant_type": "client_credentials", "client_id": one.email}
        yield "gateway", "no", "POST", "/v1/auth/refresh", {"refresh_token": one.unionid}
        answers = [{"question_id": "visit", "score": 3}, {"question_id": "why", "text": one.note}]
        yield "gateway", "no", "POST", f"/s/{self.house.ids['token']}", {"answers": answers}
        yield "profile", "po", "POST", "/v1/purchases", receipt(f"R-one-{one.number}", customer=one.till_number)

    async def _work_order(self, one: Person) -> None:
        about = {name: self.house.ids[name] for name in ("boutique_id", "client_id")}
        form = {**about, "severity": "high", "text": f"{one.name} {one.phone} {one.note}"}
        answer = await self.ask("gateway", "ma", "POST", "/v1/work-orders", json=form)
        order = answer.json().get("work_order_id", self.house.ids["work_order_id"])
        resolved = {"cause": "polish", "resolution": one.address}
        advisor = {"advisor_id": self.house.ids["advisor_id"]}
        for step, body in (("assign", advisor), ("start", None), ("notes", {"text": one.email}), ("resolve", resolved)):
            await self.ask("gateway", "ma", "POST", f"/v1/work-orders/{order}/{step}", json=body)

    async def _push(self, one: Person) -> None:
        """What WeChat tells us about her, signed and encrypted as it comes."""
        timestamp, nonce = str(int(self.house.clock().timestamp())), f"n{one.number}"
        said = {"ToUserName": "gh_1", "FromUserName": one.openid, "CreateTime": int(timestamp)}
        for more in (
            {"MsgType": "text", "Content": one.note, "MsgId": one.number + 1},
            {"MsgType": "event", "Event": "user_authorization_revoke", "OpenID": one.openid, "RevokeInfo": "3"},
        ):
            sealed = PushCipher(AES_KEY, APPID).encrypt(json.dumps(said | more), random=b"0123456789abcdef")
            query = {"timestamp": timestamp, "nonce": nonce, "encrypt_type": "aes"}
            query["msg_signature"] = sign(PUSH_TOKEN, timestamp, nonce, sealed)
            body = json.dumps({"ToUserName": "gh_1", "Encrypt": sealed})
            await self.ask("gateway", "no", "POST", f"/wechat/{APPID}/push", params=query, content=body)

    async def where_they_are_wrong(self) -> None:
        """At every operation: as another type, beside what is known, in path, query and headers, and as no JSON."""
        for cell in operations():
            ask = ASKS[cell.service].get(cell.operation, Ask())
            ids = {**self.house.ids, "n": str(self.house.number())}
            ids |= {name: ids[other] for name, other in (ask.named or {}).items()}
            path = filled(cell.operation.partition(" ")[2], ids)
            body = filled(ask.body, ids)
            for wrong in self._wrong(cell, body):
                door = cell.service if cell.column in {"sv", "op"} else "gateway"
                await self.ask(door, cell.column, cell.method, **{"path": path, **wrong})

    def _wrong(self, cell: Cell, body: object) -> Iterator[dict[str, Any]]:
        one = next(self._turn)
        yield {"params": {"limit": one.phone + "x", one.name: one.openid}, "headers": _headers(one)}
        yield {"headers": {b"Authorization": b"Bearer %s" % one.note.encode()}}
        if "{" in cell.operation:
            yield {"path": _with(cell.operation, (one.name, one.phone, one.openid)[one.number % 3])}
        if cell.method == "GET":
            return
        yield {
            "content": f'{{"name": {one.name}, {one.phone}'.encode(),
            "headers": {"Content-Type": "application/json"},
        }
        yield {"json": list(one.values)}
        yield {"json": {one.name: one.phone, "phone": one.phone, "openid": one.openid}}
        yield {"content": one.note.encode("utf-16")}
        if isinstance(body, Mapping):
            for number, spot in enumerate(_spots(body)):
                one = next(self._turn)
                told = {one.name: [one.phone, one.email, one.note]}
                yield {"json": _replaced(body, spot, [told, one.openid, one.member] if number % 2 else told)}


def operations() -> Iterator[Cell]:
    """Every operation, by the first who may."""
    for name in NAMES:
        for operation, row in table(name).rows.items():
            column = next((one for one in PREFERRED if row[one] not in REFUSED), None)
            if column is not None and operation not in PROBES and "/internal/" not in operation:
                yield Cell(name, operation, column, row[column])


def _headers(one: Person) -> dict[bytes, bytes]:
    return {
        b"User-Agent": one.email.encode(),
        b"X-Phone": one.phone.encode(),
        b"Cookie": one.name.encode(),
        b"Accept-Language": one.openid.encode(),
        b"Referer": one.address.encode(),
        b"If-Match": b'"%s"' % one.member.encode(),
        b"traceparent": b"00-%s-%s" % (one.phone.encode(), one.openid.encode()),
        b"baggage": b"phone=%s" % one.phone.encode(),
    }


def _with(operation: str, value: str) -> str:
    path = operation.partition(" ")[2]
    return "/".join(value if part.startswith("{") else part for part in path.split("/"))


def _spots(body: Mapping[str, Any], before: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    for name, value in body.items():
        yield (*before, name)
        inner = value[0] if isinstance(value, list) and value else value
        if isinstance(inner, Mapping):
            yield from _spots(inner, (*before, name, 0) if isinstance(value, list) else (*before, name))


def _replaced(body: Any, spot: tuple[str | int, ...], value: object) -> Any:
    if not spot:
        return value
    if isinstance(body, list):
        return [_replaced(one, spot[1:], value) if number == spot[0] else one for number, one in enumerate(body)]
    return {name: _replaced(one, spot[1:], value) if name == spot[0] else one for name, one in body.items()}
