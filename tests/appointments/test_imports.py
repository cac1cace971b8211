"""Files of the directory: what is shown is what is done, and a bad line stands in the answer and harms no other."""

import base64
import io
import zipfile
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import openpyxl
import pytest

from infra.identity import Role
from infra.workbooks import TableUnfit
from services.appointments.directory.models import sheets
from tests.appointments import build
from tests.appointments.build import ask, house, said, staff
from tests.asking import problem
from tests.conftest import Start


def csv(*lines: str, encoding: str = "utf-8") -> bytes:
    return "\r\n".join(lines).encode(encoding)


def xlsx(*rows: Sequence[object]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(list(row))
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def form(kind: str, content: bytes, **given: Any) -> dict[str, Any]:
    return {"kind": kind, "content": base64.b64encode(content).decode(), **given}


async def preview(http: httpx.AsyncClient, kind: str, content: bytes) -> dict[str, Any]:
    return said(await http.post("/v1/directory/imports/preview", json=form(kind, content)))


async def carry_out(http: httpx.AsyncClient, kind: str, content: bytes) -> dict[str, Any]:
    """Look, and then do what was shown."""
    shown = await preview(http, kind, content)
    done = said(await ask(http, "/v1/directory/imports", form(kind, content, plan=shown["plan"])))
    assert done == shown
    return done


def outcomes(body: dict[str, Any]) -> list[tuple[int, str, str | None]]:
    return [(one["line"], one["outcome"], one["reason"]) for one in body["items"]]


def changed(body: dict[str, Any], line: int) -> dict[str, tuple[Any, Any]]:
    [item] = [one for one in body["items"] if one["line"] == line]
    return {one["field"]: (one["before"], one["after"]) for one in item["changes"]}


BOUTIQUES = (
    "code,region_code,name_zh,name_en,city_code,latitude,longitude,remark",
    "B-A,EAST,恒隆,Plaza 66,SHA,31.2297,121.4479,x",
    "B-B,EAST,,Taikoo Hui,SHA,,,",
    "B-C,NORTH,国贸,China World,PEK,,,",
    "B-D,EAST,港汇,Grand Gateway,SHA,91,0,",
    'B-E,EAST,"太古里,Taikoo Li,CTU,,,',
    "B-A,EAST,恒隆,Plaza 66,SHA,,,",
    "B-F,EAST,太古里,Taikoo Li,CTU,,,",
)


async def hq_of(running: Start) -> tuple[Any, httpx.AsyncClient]:
    service = await running("appointments")
    http = service.client(build.headquarters())
    await build.region(http, code="EAST")
    return service, http


async def test_what_is_shown_is_done_and_a_bad_line_refuses_nothing_else(running: Start) -> None:
    service, http = await hq_of(running)
    shown = await preview(http, "boutiques", csv(*BOUTIQUES))
    assert outcomes(shown) == [
        (2, "created", None),
        (3, "refused", "import-line-incomplete"),
        (4, "refused", "import-code-unknown"),
        (5, "refused", "import-line-unfit"),
        (6, "refused", "import-line-unfit"),
        (7, "refused", "import-line-repeated"),
        (8, "created", None),
    ]
    assert [one["fields"] for one in shown["items"]][1:4] == [["name_zh"], ["region_code"], ["latitude"]]
    assert shown["ignored"] == ["remark"]
    assert all(one["zh"] and one["en"] for one in shown["items"] if one["outcome"] == "refused")
    # Nothing of it is there yet, nor announced.
    assert said(await http.get("/v1/boutiques"))["items"] == []
    assert await service.facts() == []
    done = await carry_out(http, "boutiques", csv(*BOUTIQUES))
    assert (done["created"], done["changed"], done["unchanged"], done["refused"]) == (2, 0, 0, 5)
    made = said(await http.get("/v1/boutiques"))["items"]
    assert [(one["code"], one["latitude"]) for one in made] == [("B-A", 31.2297), ("B-F", None)]
    assert [one["data"]["code"] for one in await service.facts("appointments.boutique-opened.v1")] == ["B-A", "B-F"]
    again = await carry_out(http, "boutiques", csv(*BOUTIQUES))
    assert (again["created"], again["unchanged"]) == (0, 2)


async def test_only_what_differs_changes_and_an_empty_cell_says_nothing(running: Start) -> None:
    _, http = await hq_of(running)
    await carry_out(http, "boutiques", csv(*BOUTIQUES[:2]))
    second = csv("编码,英文名称,城市,地址,类型", "B-A,Plaza 66 Flagship,,南京西路1266号,flagship")
    done = await carry_out(http, "boutiques", second)
    assert changed(done, 2) == {
        "name_en": ("Plaza 66", "Plaza 66 Flagship"),
        "address_zh": (None, "南京西路1266号"),
        "boutique_type": ("boutique", "flagship"),
    }
    [made] = said(await http.get("/v1/boutiques"))["items"]
    assert (made["name_zh"], made["city_code"], made["version"]) == ("恒隆", "SHA", 2)


async def test_a_plan_that_has_changed_is_not_done_and_nothing_is_half_written(running: Start) -> None:
    service, http = await hq_of(running)
    content = csv(*BOUTIQUES[:2], BOUTIQUES[7])
    shown = await preview(http, "boutiques", content)
    await build.boutique(http, code="B-F")
    before = await service.facts()
    refused = await ask(http, "/v1/directory/imports", form("boutiques", content, plan=shown["plan"]))
    assert problem(refused) == "import-plan-changed"
    assert [one["code"] for one in said(await http.get("/v1/boutiques"))["items"]] == ["B-F"]
    assert await service.facts() == before
    other = form("boutiques", csv(*BOUTIQUES[:2]), plan=shown["plan"])
    assert problem(await ask(http, "/v1/directory/imports", other)) == "import-plan-changed"


async def test_rooms_advisors_and_experiences_come_from_workbooks_too(running: Start) -> None:
    place = await house(running)
    http = place.by(build.headquarters())
    code = place.boutique["code"]
    rooms = xlsx(
        ["boutique_code", "code", "name_zh", "name_en", "capacity", "room_kind", "amenities", "active"],
        [code, "R-1", "云", "Cloud", 4, "vault", "safe;piano", True],
        [code, "R-2", "山", "Hill", "many", None, None, None],
        [code, "R-3", "水", "Water", 2, None, None, "否"],
        ["B-404", "R-4", "火", "Fire", 2, None, None, None],
    )
    done = await carry_out(http, "rooms", rooms)
    assert outcomes(done) == [
        (2, "created", None),
        (3, "refused", "import-line-unfit"),
        (4, "created", None),
        (5, "refused", "import-code-unknown"),
    ]
    listed = said(await http.get(f"/v1/boutiques/{place.boutique_id}/rooms"))["items"]
    made = {one["code"]: one for one in listed}
    assert (made["R-1"]["amenities"], made["R-1"]["room_kind"]) == (["safe", "piano"], "vault")
    assert made["R-3"]["active"] is False
    advisors = xlsx(
        ["工号", "精品店编码", "姓名", "语言", "技能", "权重", "优先级"],
        ["E-1", code, "陈思", "zh；en", "high-jewellery", 2, 1],
        ["E-2", code, "周宁", "zh, fr", None, 0, 1],
    )
    done = await carry_out(http, "advisors", advisors)
    assert outcomes(done) == [(2, "created", None), (3, "refused", "import-line-unfit")]
    assert done["items"][1]["fields"] == ["weight"]
    joined = await place.running.facts("appointments.advisor-joined.v1")
    assert len(joined) == 2  # the house's own and the one of the file
    offers = csv(
        "code,name_zh,name_en,duration_minutes,needs_room,modes,audience,open_to_segments,needs_second_advisor",
        "X-1,定制,Made to order,90,yes,in-person;video,segment,vic;core,是",
        "X-2,修理,Repair,30,no,,segment,,",
        "X-3,腕表,Watches,30,perhaps,,,,",
    )
    done = await carry_out(http, "experiences", offers)
    assert outcomes(done) == [
        (2, "created", None),
        (3, "refused", "experience-unfit"),
        (4, "refused", "import-line-unfit"),
    ]
    made = {one["code"]: one for one in said(await http.get("/v1/experiences"))["items"]}
    assert (made["X-1"]["modes"], made["X-1"]["notice_minutes"]) == (["in-person", "video"], 120)
    assert "X-2" not in made


async def test_rooms_and_experiences_that_are_there_change_by_what_a_file_says(running: Start) -> None:
    place = await house(running)
    http = place.by(build.headquarters())
    rooms = "boutique_code,code,name_zh,name_en,capacity"
    await carry_out(http, "rooms", csv(rooms, f"{place.boutique['code']},R-1,云,Cloud,4"))
    done = await carry_out(place.manager(), "rooms", csv(rooms, f"{place.boutique['code']},R-1,云,,6"))
    assert changed(done, 2) == {"capacity": (4, 6)}
    offers = "code,duration_minutes,languages,audience,open_to_segments"
    known = place.experience["code"]
    done = await carry_out(http, "experiences", csv(offers, f"{known},90,zh;en,,", "NEW,30,,,"))
    assert changed(done, 2) == {"duration_minutes": (60, 90), "languages": ([], ["zh", "en"])}
    assert outcomes(done)[1] == (3, "refused", "import-line-incomplete")
    # A change that contradicts what stays harms no line besides.
    done = await carry_out(http, "experiences", csv(offers, f"{known},90,,segment,", f"{known},45,,,"))
    assert outcomes(done) == [(2, "refused", "experience-unfit"), (3, "refused", "import-line-repeated")]
    bad = csv("code,latitude,region_code,name_zh,name_en", "B-X,north,EAST,一,One")
    assert outcomes(await preview(http, "boutiques", bad)) == [(2, "refused", "import-line-unfit")]
    old = csv("boutique_code,day,hours", f"{place.boutique['code']},1970-01-01,closed")
    assert outcomes(await preview(http, "hours", old)) == [(2, "refused", "import-line-unfit")]


async def test_an_advisor_whom_a_file_has_elsewhere_moves_and_changes(running: Start) -> None:
    place = await house(running)
    http = place.by(build.headquarters())
    header = "employee_number,boutique_code,display_name,skills,wecom_userid"
    await carry_out(http, "advisors", csv(header, f"E-1,{place.boutique['code']},陈思,repair,chen"))
    await carry_out(http, "advisors", csv(header, f"E-2,{place.boutique['code']},周宁,,zhou"))
    elsewhere = await build.boutique(http)
    content = csv(header, f"E-1,{elsewhere['code']},陈思,watches,", f"E-2,{place.boutique['code']},,,chen")
    done = await carry_out(http, "advisors", content)
    assert changed(done, 2) == {
        "boutique_code": (place.boutique["code"], elsewhere["code"]),
        "skills": (["repair"], ["watches"]),
    }
    assert outcomes(done)[1] == (3, "refused", "wecom-userid-taken")
    [moved] = await place.running.facts("appointments.advisor-moved.v1")
    assert moved["data"]["boutique_id"] == elsewhere["boutique_id"]
    found = said(await http.get(f"/v1/boutiques/{elsewhere['boutique_id']}/advisors"))["items"]
    said(await http.post(f"/v1/advisors/{found[0]['advisor_id']}/leave"))
    gone = await preview(http, "advisors", content)
    assert outcomes(gone)[0] == (2, "refused", "advisor-has-left")


async def test_one_line_is_one_day_of_hours_with_its_break(running: Start) -> None:
    place = await house(running)
    http = place.by(build.headquarters())
    code = place.boutique["code"]
    await carry_out(http, "advisors", csv("employee_number,boutique_code,display_name", f"E-1,{code},陈思"))
    content = xlsx(
        ["boutique_code", "employee_number", "day", "hours"],
        [code, None, "Mon", "10:00-20:00"],
        [code, None, "周日", "12:00-18:00"],
        [code, None, date(2030, 1, 28), "closed"],
        [None, "E-1", 2, "10:00-13:00 14:00-18:00"],
        [None, "E-1", "2030/02/03", "休息"],
        [None, "E-1", "Tue", "09:00-10:00"],
        [code, "E-1", 3, "10:00-12:00"],
        [None, "E-9", 3, "10:00-12:00"],
        [None, "E-1", "someday", "10:00-12:00"],
        [None, "E-1", 4, "12:00-10:00"],
        [None, "E-1", 5, "10:00-13:00 12:00-18:00"],
        [None, "E-1", 6, None],
        [None, "E-1", 7, "closed"],
    )
    done = await carry_out(http, "hours", content)
    assert outcomes(done) == [
        (2, "unchanged", None),
        (3, "changed", None),
        (4, "created", None),
        (5, "created", None),
        (6, "created", None),
        (7, "refused", "import-line-repeated"),
        (8, "refused", "import-line-unfit"),
        (9, "refused", "import-code-unknown"),
        (10, "refused", "import-line-unfit"),
        (11, "refused", "import-line-unfit"),
        (12, "refused", "import-line-unfit"),
        (13, "refused", "import-line-unfit"),
        (14, "unchanged", None),
    ]
    assert changed(done, 3) == {"hours": ("10:00-20:00", "12:00-18:00")}
    hours = said(await http.get(f"/v1/boutiques/{place.boutique_id}/hours"))
    assert hours["weekly"][-1] == {"weekday": 7, "starts": "12:00", "ends": "18:00"}
    assert len(hours["weekly"]) == 7
    assert hours["dated"] == [{"on": "2030-01-28", "stretches": []}]
    found = said(await http.get(f"/v1/boutiques/{place.boutique_id}/advisors"))["items"]
    [hers] = [one["advisor_id"] for one in found if one["display_name"] == "陈思"]
    shifts = said(await http.get(f"/v1/advisors/{hers}/shifts"))
    assert [(one["weekday"], one["starts"], one["ends"]) for one in shifts["weekly"]] == [
        (2, "10:00", "13:00"),
        (2, "14:00", "18:00"),
    ]
    assert await carry_out(http, "hours", content)


async def test_managers_bring_what_is_their_own(running: Start) -> None:
    place = await house(running)
    http = place.by(build.headquarters())
    other = await build.boutique(http)
    content = csv(
        "boutique_code,code,name_zh,name_en,capacity",
        f"{place.boutique['code']},R-1,云,Cloud,4",
        f"{other['code']},R-1,云,Cloud,4",
    )
    done = await carry_out(place.manager(), "rooms", content)
    assert outcomes(done) == [(2, "created", None), (3, "refused", "import-code-unknown")]
    refused = await place.manager().post("/v1/directory/imports/preview", json=form("experiences", content))
    assert problem(refused) == "not-permitted"
    advisor = place.by(staff(Role.ADVISOR, place.boutique_id))
    assert (await advisor.post("/v1/directory/imports/preview", json=form("rooms", content))).status_code == 403


def _broken_workbook() -> bytes:
    return xlsx(["code"], ["A"])[:-300]


UNFIT: list[tuple[bytes, str]] = [
    (b"\xd0\xcf\x11\xe0 an old workbook", "old-or-locked-workbook"),
    (_broken_workbook(), "not-a-table"),
    (b"PK\x03\x04 no archive", "not-a-table"),
    (b"\r\n \r\n", "no-header"),
    (b"a\x00b,c", "not-a-table"),
    (csv('"never closed', "x"), "no-header"),
    (csv(",".join(f"c{number}" for number in range(60))), "too-many-columns"),
    (csv("code", *(f"C{number}" for number in range(1_001))), "too-many-lines"),
]


@pytest.mark.parametrize(("content", "why"), UNFIT)
async def test_a_file_that_is_no_table_is_refused_with_what_it_is(running: Start, content: bytes, why: str) -> None:
    _, http = await hq_of(running)
    refused = await http.post("/v1/directory/imports/preview", json=form("boutiques", content))
    assert (problem(refused), refused.json()["why"]) == ("import-file-unfit", why)


async def test_what_is_not_base64_or_has_no_plan_is_refused(running: Start) -> None:
    _, http = await hq_of(running)
    asked = {"kind": "boutiques", "content": "abcde"}
    refused = await http.post("/v1/directory/imports/preview", json=asked)
    assert (problem(refused), refused.json()["why"]) == ("import-file-unfit", "not-base64")
    assert problem(await ask(http, "/v1/directory/imports", form("boutiques", csv("code")))) == "malformed"
    assert (await preview(http, "boutiques", csv("code")))["items"] == []


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gb18030"])
def test_text_is_read_however_excel_saved_it(encoding: str) -> None:
    header, rows = sheets.rows(csv("编码;名称", "A;云起厅", ";", "B", encoding=encoding))
    assert list(header) == ["编码", "名称"]
    assert [(one.line, one.cells) for one in rows] == [(2, ["A", "云起厅"]), (4, ["B"])]


def test_workbooks_say_days_numbers_and_flags_as_text() -> None:
    header, rows = sheets.rows(xlsx(["a", None], [date(2030, 1, 8), 4.0], [True, 1.5], [None, None], [False, "x"]))
    assert list(header) == ["a"]
    assert [(one.line, one.cells) for one in rows] == [
        (2, ["2030-01-08", "4"]),
        (3, ["yes", "1.5"]),
        (5, ["no", "x"]),
    ]


def test_a_workbook_that_unpacks_to_more_than_it_may_is_not_unpacked() -> None:
    swollen = io.BytesIO(xlsx(["a"]))
    with zipfile.ZipFile(swollen, "a", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/more.xml", bytes(sheets.LARGEST_UNPACKED))
    assert len(swollen.getvalue()) < 100_000
    with pytest.raises(TableUnfit, match="unpacks-too-large"):
        sheets.rows(swollen.getvalue())


async def test_a_boutique_that_comes_from_files_can_be_booked(running: Start) -> None:
    service, http = await hq_of(running)
    await carry_out(http, "boutiques", csv(*BOUTIQUES[:2]))
    await carry_out(http, "rooms", csv("boutique_code,code,name_zh,name_en,capacity", "B-A,R-1,云,Cloud,4"))
    await carry_out(http, "advisors", csv("employee_number,boutique_code,display_name", "E-1,B-A,陈思"))
    days = [f"{who},{day},00:00-24:00" for who in ("B-A,", ",E-1") for day in range(1, 8)]
    done = await carry_out(http, "hours", csv("boutique_code,employee_number,day,hours", *days))
    assert done["created"] == 14
    await carry_out(http, "experiences", csv("code,name_zh,name_en,needs_room,notice_minutes", "X,约,Visit,yes,0"))
    [boutique] = said(await http.get("/v1/boutiques"))["items"]
    [experience] = said(await http.get("/v1/experiences"))["items"]
    now = datetime.now(UTC)
    asked = {
        "boutique_id": boutique["boutique_id"],
        "experience_id": experience["experience_id"],
        "from": now.isoformat(),
        "to": (now + timedelta(days=1)).isoformat(),
    }
    found = await service.client(build.client()).get("/v1/availability", params=asked)
    assert len(said(found)["items"]) == 48
