"""A thousand invented people go through every route; then everything that is written down is searched for them."""

import asyncio
import contextlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from infra.telemetry import configure_logs
from tests.asking import until
from tests.faults.canaries.broken import broken
from tests.faults.canaries.driving import IMPORTED, Driver
from tests.faults.canaries.people import disguises, found, found_pinyin, people
from tests.faults.canaries.reading import read
from tests.infra.telemetry.receiver import Receiver, receiver
from tests.rights.furnishing import furnish
from tests.rights.house import APPID, opened
from tests.rights.state import settled
from tests.running import Throwaway

pytestmark = pytest.mark.timeout(600)

FEW = 5  # people whose requests fail; each parked fact was tried three times
ROUNDS = 3  # through the routes that take something personal
# Where something personal belongs: each of them must have succeeded at least once.
PERSONAL = (
    "PATCH /v1/clients/{}",
    "PATCH /v1/me",
    "POST /s/{}",
    "POST /v1/auth/wechat",
    "POST /v1/auth/wechat/phone",
    "POST /v1/clients",
    "POST /v1/clients/batch",
    "POST /v1/clients/identify",
    "POST /v1/clients/recognise",
    "POST /v1/clients/search",
    "POST /v1/clients/{}/access",
    "POST /v1/clients/{}/identities",
    "POST /v1/messages",
    "POST /v1/purchases",
    "POST /v1/purchases/batch",
    "POST /v1/wechat/events",
    "POST /v1/work-orders",
    "POST /v1/work-orders/{}/notes",
    "POST /v1/work-orders/{}/resolve",
    f"POST /wechat/{APPID}/push",
)
CROWD = people()
PINYIN = frozenset(one.pinyin for one in CROWD)


@dataclass(frozen=True)
class Written:
    """Everything that was written down meanwhile, by what it is."""

    texts: Mapping[str, bytes]
    received: Receiver
    answered: Mapping[int, int]
    registered: int
    done: frozenset[str]


@pytest.fixture(scope="module")
def written(postgres: Throwaway) -> Written:
    log = postgres.keys.parent / "logs" / "postgres.log"
    lines, before = io.StringIO(), log.stat().st_size
    with receiver() as received, contextlib.redirect_stdout(lines):
        driver, texts, registered = asyncio.run(_go_through(postgres, received.address))
    configure_logs("profile")  # so that it speaks to the real output again
    texts["logs"] = lines.getvalue().encode()
    texts["traces, metrics and logs at the collector"] = received.text.encode()
    texts["PostgreSQL's log"] = log.read_bytes()[before:]
    return Written(texts, received, driver.answered, registered, frozenset(driver.done))


async def _go_through(postgres: Throwaway, address: str) -> tuple[Driver, dict[str, bytes], int]:
    async with opened(postgres, otlp_endpoint=address, trace_ratio=1.0) as house:
        await furnish(house)
        driver = Driver(house, CROWD)

        async def parked() -> bool:
            return bool(await house.services["profile"].rows("select from parked_fact where reason = '23514'"))

        await driver.where_they_are_wrong()
        async with broken(house):  # every request that writes fails
            await driver.everybody(FEW)
            await driver.where_they_belong(1)
        async with broken(house, only="touchpoint"):  # requests succeed, and the reaction to their facts fails
            await driver.everybody(FEW)
            await until(parked)
        await driver.everybody()
        await driver.where_they_belong(ROUNDS)
        await settled(house)
        [counted] = await house.services["profile"].rows("select count(*) as clients from client")
        texts = await read(postgres, house)
    return driver, texts, counted["clients"]


def test_what_was_sent_has_arrived_and_what_was_wrong_was_refused(written: Written) -> None:
    # Otherwise nothing would be found because nothing was there.
    assert written.registered > IMPORTED
    assert set(PERSONAL) <= written.done
    assert written.answered[422] > 400
    assert written.answered[500] + written.answered[503] > 20
    assert found(written.texts["dump of profile"]), "names stand in clear in profile's database"
    for one in ("dump of profile", "dump of feedback", "dump of the log", "logs"):
        assert len(written.texts[one]) > 50_000
    assert len(written.received.spans) > 1_000


def test_a_value_is_found_in_every_disguise() -> None:
    for mark in ("1990013", "彧园路"):
        for disguise in disguises(mark):
            assert found(b"x" + disguise + b"y")
            assert found(json.dumps(disguise.decode("latin-1"), ensure_ascii=False).encode("latin-1"))
    for text in ("彧园路", repr("彧园路".encode()), repr("王彧".encode()), ascii("王彧"), "she is 王彧"):
        assert found(text.encode()), text
        assert found(json.dumps(text).encode()), text
    for text in ("19900130042", "+8619900130042", "phone=%2b8619900130042&", "phone=%2019900130042", "'19900130042'"):
        assert found(text.encode()) == ["phone"], text
    assert found_pinyin(b"Wang Yu'an, wang yuan", frozenset({"wangyuan"})) == {"wangyuan"}


def test_a_name_is_not_found_in_an_id_that_has_three_of_its_bytes_by_chance() -> None:
    assert found(b"0190b6a2-7c1e-7000-8000-00e7bf80aa01") == []
    assert found("翀安".encode().hex().encode()) == ["name (翀安)"]


def test_a_phone_number_is_not_found_in_digits_that_are_there_by_chance() -> None:
    for text in (
        "\\\\x0a199001300425f",
        "19900130042a",
        "019900130042",
        "199001300421",
        "4bf92f19900130042aa34de0e4736",
    ):
        assert found(text.encode()) == [], text


def test_names_stand_in_profiles_database_alone_and_everything_else_nowhere(written: Written) -> None:
    leaks = {}
    for what, text in written.texts.items():
        if kinds := found(text, names_allowed=what == "dump of profile"):
            leaks[what] = kinds
    assert leaks == {}


def test_no_name_is_written_in_pinyin_elsewhere_either(written: Written) -> None:
    assert found_pinyin(written.texts["dump of profile"], PINYIN)
    others = {what: text for what, text in written.texts.items() if what != "dump of profile"}
    assert {what: names for what, text in others.items() if (names := found_pinyin(text, PINYIN))} == {}


def test_postgresql_complained_and_quoted_nothing(written: Written) -> None:
    assert written.texts["PostgreSQL's log"].count(b"ck_forced") > 20
    assert b"DETAIL" not in written.texts["PostgreSQL's log"]
    assert b"STATEMENT" not in written.texts["PostgreSQL's log"]


def test_every_fault_can_be_looked_up_by_its_trace(written: Written) -> None:
    faults = [record for record in written.received.logs if record.body.string_value == "fault"]
    assert len(faults) > 20
    assert all(record.trace_id for record in faults)
