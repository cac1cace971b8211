"""A client's copy of her data, through the door: she asks on her phone, an officer starts, she downloads it."""

import io
import json
import zipfile
from functools import partial
from html.parser import HTMLParser
from typing import Any

import pytest

from tests.asking import once, problem, until
from tests.rights.furnishing import HER_NAME, HER_WORDS, KEPT, RECEIPT, TILL_NUMBER
from tests.rights.house import HER_PHONE, House
from tests.rights.state import settled

pytestmark = pytest.mark.asyncio(loop_scope="module")

# What of the furnished house must be in each service's part.
FILLED = {
    "profile": {
        "client",
        "identity",
        "client_date",
        "preference",
        "note",
        "relation",
        "consent",
        "sensitive_item",
        "client_segment",
        "client_owner",
        "purchase",
        "purchase_line",
        "remote_sale",
        "owned_piece",
        "piece_change",
        "touchpoint",
        "reported_contact",
        "wish",
        "message",
        "message_credit",
        "presence",
        "access_log",
        "data_request",
    },
    "appointments": {"appointment"},
    "feedback": {"invitation", "answer", "work_order", "work_order_step"},
    "recommend": {"consent", "bought", "visit", "assortment", "assortment_piece"},
    "gateway": {"session"},
}
OTHER_NAME = "周清和"


class Page(HTMLParser):
    """What a page would load, run or send, and what stands in it."""

    def __init__(self) -> None:
        super().__init__()
        self.reaches: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name for name, _ in attrs}
        if tag in {"script", "img", "link", "iframe", "form", "object", "a"} or named & {"src", "href", "onclick"}:
            self.reaches.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def _rows(part: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    return {table["table"]: table["rows"] for table in part["tables"]}


async def test_she_asks_an_officer_starts_and_she_downloads_everything_of_hers_and_nobody_elses(house: House) -> None:
    await settled(house)
    asked = (await house.at_the_door("cl", "POST", "/v1/me/data-requests", json={"kind": "copy"})).json()
    mine = f"/v1/me/data-requests/{asked['request_id']}/copy"
    assert problem(await house.at_the_door("cl", "GET", mine)) == "copy-not-ready"
    written = '<img src=x onerror=alert(1)>"&'
    note = {"words": written, "private": True}
    await house.made("profile", "ad", "POST", f"/v1/clients/{house.ids['client_id']}/notes", note)
    started = await house.at_the_door("pr", "POST", f"/v1/data-requests/{asked['request_id']}/start")
    assert (started.status_code, started.json()["status"]) == (200, "running")
    assert (await house.at_the_door("c2", "GET", mine)).status_code == 404

    answer = await house.at_the_door("cl", "GET", mine)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["cache-control"] == "no-store"
    assert int(answer.headers["content-length"]) == len(answer.content)
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    manifest = json.loads(archive.read("manifest.json"))
    assert set(archive.namelist()) == {"manifest.json", *manifest["files"]}
    parts = {service: json.loads(archive.read(f"{service}.json")) for service in FILLED}
    for service, tables in FILLED.items():
        rows = _rows(parts[service])
        assert {table for table, count in manifest["rows"][service].items() if count} >= tables
        assert {table: len(hers) for table, hers in rows.items()} == manifest["rows"][service]
        for table in parts[service]["tables"]:
            names = [field["name"] for field in table["fields"]]
            assert all(list(row) == names for row in table["rows"])
            assert all(field["zh"] and field["en"] for field in table["fields"])

    everything = b"".join(archive.read(name) for name in archive.namelist()).decode()
    hers = [HER_NAME, HER_PHONE, HER_WORDS, RECEIPT, TILL_NUMBER, house.ids["serial"]]
    hers += [str(form[name]) for form, name in KEPT]
    page = Page()
    page.feed(archive.read("your-data.html").decode())
    for one in hers:
        assert one in everything, one
        assert one in page.text, one
    assert written in page.text
    assert page.reaches == []
    others = {str(house.callers["c2"].client_id), house.ids["other_client_id"], house.ids["other_id"], OTHER_NAME}
    others |= {house.callers[column].subject for column in ("ad", "pr", "hq")}
    assert [one for one in others if one in everything] == []


async def test_what_was_delivered_is_on_record_and_no_more_than_that_it_was(house: House) -> None:
    made = (await house.at_the_door("cl", "GET", "/v1/me/data-requests")).json()["items"]
    [asked] = [one for one in made if one["kind"] == "copy"]
    assert asked["status"] == "done"
    again = await house.at_the_door("pr", "GET", f"/v1/data-requests/{asked['request_id']}/copy")
    assert again.status_code == 200
    receipts = (await house.at_the_door("pr", "GET", f"/v1/data-requests/{asked['request_id']}/copies")).json()["items"]
    assert [one["delivered_to"] for one in receipts] == [house.callers["pr"].subject, "client"]
    assert all(one["counts"]["profile"]["client"] == 1 and one["counts"]["gateway"]["session"] for one in receipts)
    seen = (await house.at_the_door("cl", "GET", "/v1/me/access-log")).json()["items"]
    assert [one["role"] for one in seen if one["seen"] == "copy"] == ["privacy", "client"]
    told = json.dumps([fact for service in house.services.values() for fact in await service.facts()])
    kept = json.dumps(await house.services["profile"].rows("select * from data_copy"), default=str)
    for secret in house.secrets:
        assert secret not in told
        assert secret not in kept


async def test_while_her_data_is_restricted_nothing_is_prepared_asked_or_listed(house: House) -> None:
    ids = house.ids
    sheet = f"/v1/appointments/{ids['appointment_id']}/preparation"
    before = (await house.at_the_door("ad", "GET", sheet)).json()
    assert before["card"]
    assert before["assortment"]["pieces"]
    book = f"/v1/advisors/{ids['advisor_id']}/book"
    assert ids["client_id"] in (await house.at_the_door("ad", "GET", book)).text
    found = await house.at_the_door("ad", "GET", "/v1/owned-pieces", params={"serial": ids["serial"]})
    assert found.json()["items"][0]["owner"]["client_id"] == ids["client_id"]

    asked = (await house.at_the_door("cl", "POST", "/v1/me/data-requests", json={"kind": "restrict"})).json()
    await house.at_the_door("pr", "POST", f"/v1/data-requests/{asked['request_id']}/start")
    for name in ("recommend", "feedback"):
        await until(partial(_has, house, name, "restriction"))
    hidden = (await house.at_the_door("ad", "GET", sheet)).json()
    assert (hidden["card"], hidden["assortment"]) == (None, None)
    assert ids["client_id"] not in (await house.at_the_door("ad", "GET", book)).text
    found = await house.at_the_door("ad", "GET", "/v1/owned-pieces", params={"serial": ids["serial"]})
    assert found.json()["items"][0]["owner"] is None
    identified = {"identities": [{"kind": "phone", "value": HER_PHONE}]}
    for column, count in (("ad", 0), ("hq", 0), ("po", 1), ("pr", 1)):
        answer = await house.ask("profile", column, "POST", "/v1/clients/identify", json=identified)
        assert len(answer.json()["items"]) == count, column
    invited = {name: ids[name] for name in ("survey_id", "client_id", "boutique_id", "advisor_id", "appointment_id")}
    refused = await house.at_the_door("ma", "POST", "/v1/survey-invitations", json=invited, headers=once())
    assert problem(refused) == "processing-restricted"
    # Staff cannot book for her; what she does herself goes on.
    shown = (await house.at_the_door("cl", "GET", "/v1/me/recommendations")).json()
    assert not shown["personalised"]
    assert (await house.at_the_door("cl", "GET", f"/v1/appointments/{ids['appointment_id']}")).status_code == 200

    assert (await house.at_the_door("pr", "DELETE", f"/v1/clients/{ids['client_id']}/restriction")).status_code == 204

    async def resumed() -> bool:
        return not await _has(house, "recommend", "restriction") and not await _has(house, "feedback", "restriction")

    await until(resumed)
    assert (await house.at_the_door("ad", "GET", sheet)).json()["assortment"]["pieces"]
    assert ids["client_id"] in (await house.at_the_door("ad", "GET", book)).text


async def _has(house: House, service: str, table: str) -> bool:
    return bool(await house.services[service].rows(f"select from {table}"))
