"""A house brings its old files, as they really look, and takes them back."""

import base64
import io
import zipfile
from datetime import UTC, datetime
from typing import Any

from infra.identity import Role
from services.profile.onboarding.actions.working import sweep
from services.profile.onboarding.rules.steps import PART
from tests.asking import Clock, problem, until
from tests.conftest import Start
from tests.profile.bringing import (
    announced,
    becomes,
    brought,
    fates,
    mapped,
    read,
    rejects,
    report,
    step,
    workbook,
    written,
)
from tests.profile.build import bought, line, receipt, registered, someone

HEADER = ["会员号", "客户姓名", "手机号（必填）", "出生日期", "备用电话"]
CLIENTS = [
    ["客户资料导出 2024年", "", "", "", ""],
    HEADER,
    ["Ｍ００１", "王芳女士", "１３８００１３８００１", "1988/3/5", ""],
    ["M002", "欧阳若怡", "13800138002、+852 9123 4567", "32206", ""],
    ["", "Ms Claire Fontaine", "1.3800138003E+10", "1990年3月", "138 0013 8004"],
    ["M003", "李明", "1.38E+10", "农历8月15", ""],
    ["", "赵六", "1.38E+10", "", ""],
    ["M001", "王芳", "13800138001", "", ""],
    ["M001", "王小芳", "", "", ""],
    ["M005", "王建国", "13800138001", "", ""],
    ["M009", "测试客户", "13800138009", "", ""],
    ["", "无名氏", "", "", ""],
    ["合计", "", "9", "", ""],
    ["", "", "", "", ""],
    ["M004", "=HYPERLINK(1)", "12345", "", ""],
]


async def test_a_file_of_clients_as_it_really_looks_comes_in_and_again_changes_nothing(running: Start) -> None:
    profile = await running("profile")
    found = await brought(profile, "clients", written(CLIENTS, "gb18030"))
    assert found["found"]["encoding"] == "gb18030"
    assert found["found"]["header_line"] == 2
    # M004's phone is left out, for she has a number besides; the name is kept as it is.
    assert fates(found) == {"created": 6, "unchanged": 1, "matched": 1, "refused": 4}
    assert found["refusals"] == {"phone-rounded": 1, "test-row": 1, "no-identity": 1, "totals-row": 1}
    assert found["left_out"] == {
        "birthday-partial": 1,
        "phone-of-another": 1,
        "phone-rounded": 1,
        "phone-unreadable": 1,
    }

    search = await profile.client(someone()).post("/v1/clients/search", json={"text": "ouyang"})
    [hers] = search.json()["items"]
    record = (await profile.client(someone()).get(f"/v1/clients/{hers['client_id']}")).json()
    assert (record["birthday"]["year"], record["birthday"]["day"]) == (1988, 4)
    assert len(await profile.rows("select from identity where kind = 'phone'")) == 5

    before = await _tables(profile)
    again = await brought(profile, "clients", written(CLIENTS, "gb18030"))
    assert fates(again) == {"unchanged": 7, "matched": 1, "refused": 4}
    assert await _tables(profile) == before
    # Nothing of the file is left but the lines that were refused, and those are sealed.
    assert not await profile.rows("select from import_part")
    [kept] = await profile.rows("select content from import_chunk where import_id = $1", again["import_id"])
    assert b"138001" not in kept["content"]
    assert "无名".encode() not in kept["content"]


async def test_an_address_counts_like_a_phone_and_somebody_elses_is_left_out(running: Start) -> None:
    profile = await running("profile")
    rows = [
        ["会员号", "姓名", "手机", "电子邮箱"],
        ["M1", "陈静", "13800138021", "Jing@EXAMPLE.com"],
        ["M2", "林晚", "", "jing@nowhere"],
        ["", "赵敏", "13800138022", "Jing@example.com"],
        ["", "陈静", "13800138023", "Jing@example.com"],
        ["", "钱多", "", "Jing@example.com"],
    ]
    found = await brought(profile, "clients", written(rows, "utf-8"))
    assert fates(found) == {"created": 3, "amended": 1, "refused": 1}
    assert found["refusals"] == {"email-of-another": 1}
    assert found["left_out"] == {"email-unreadable": 1, "email-of-another": 1}
    assert len(await profile.rows("select from identity where kind = 'email'")) == 1
    assert fates(await brought(profile, "clients", written(rows, "utf-8"))) == {"unchanged": 4, "refused": 1}


async def test_a_workbook_is_read_with_its_dates_and_numbers_and_a_bomb_is_not(running: Start) -> None:
    profile = await running("profile")
    rows: list[list[Any]] = [
        HEADER,
        ["M1", "陈静", 13800138011, datetime(1990, 5, 6, tzinfo=UTC).replace(tzinfo=None), None],
        ["M2", "林晚", 13800138012.0, 32206, None],
    ]
    found = await brought(profile, "clients", workbook(rows))
    assert (found["found"]["format"], found["found"]["sheets"]) == ("xlsx", ["客户"])
    assert fates(found) == {"created": 2}
    assert not found["left_out"]

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as bomb, bomb.open("xl/sharedStrings.xml", "w") as part:
        for _ in range(200):
            part.write(b" " * (1 << 20))
    for content, fault in (
        (packed.getvalue(), "unpacks-too-large"),
        (b"PK\x03\x04 no zip", "not-a-table"),
        (b"\xd0\xcf\x11\xe0 old", "old-or-locked-workbook"),
        (b"\x00\x01\x02", "not-a-table"),
        (b"\n\n\n", "no-header"),
        ("会员号,姓名\n".encode(), "no-lines"),
    ):
        one = await read(profile, "clients", content)
        assert (one["status"], one["fault"]) == ("unreadable", fault)


async def test_a_wrong_mapping_is_refused_before_anything_is_written(running: Start) -> None:
    profile = await running("profile")
    one = await read(
        profile, "clients", written([HEADER[:3], *([f"M{n}", "王芳", f"1380013{n:04d}"] for n in range(9))])
    )
    at, path = profile.client(someone()), f"/v1/imports/{one['import_id']}"
    assert problem(await at.post(f"{path}/start")) == "import-mapping-missing"

    for columns, fault in (
        ({"member": ["会员号"], "name": ["客户姓名"], "phone": ["客户姓名"]}, ("phone", "column-used-twice")),
        ({"name": ["会员号"], "phone": ["客户姓名"]}, ("phone", "most-cells-unreadable")),
        ({"name": ["客户姓名"]}, ("member", "missing")),
        ({"name": ["客户姓名"], "member": ["编号"]}, ("member", "column-unknown")),
        ({"name": ["客户姓名"], "member": ["会员号"], "shoe": ["手机号（必填）"]}, ("columns", "field-unknown")),
        ({"name": ["客户姓名"], "pos_number": ["会员号"]}, ("pos", "missing")),
    ):
        refused = await mapped(profile, one, columns)
        assert problem(refused) == "import-mapping-unfit"
        assert {"field": fault[0], "why": fault[1]} in refused.json()["faults"]
    assert problem(await at.put(f"{path}/mapping", json={"columns": {}})) == "precondition-missing"
    assert not await profile.rows("select from client")

    assert (await mapped(profile, one)).status_code == 200
    looked = (await at.post(f"{path}/preview", json={"lines": 3})).json()
    assert looked["counts"]["created"] == 3
    assert looked["items"][0]["understood"]["known.phone"] == "+8613800130000"
    assert not await profile.rows("select from client")
    assert not await profile.facts()
    # Whoever is at headquarters too did not bring these people.
    other = profile.client(someone(Role.HEADQUARTERS, brand_id="ombre"))
    assert problem(await other.post(f"{path}/preview", json={})) == "not-found"


async def test_a_file_that_has_not_arrived_whole_is_not_read(running: Start) -> None:
    profile = await running("profile")
    content = written([HEADER, *([f"M{n}", "王" * 40, f"1380013{n % 10_000:04d}", "", ""] for n in range(16_000))])
    import_id = await announced(profile, "clients", content)
    at, path = profile.client(someone()), f"/v1/imports/{import_id}"
    assert problem(await at.put(f"{path}/parts/0", json={"content": "AAAA"})) == "import-part-unfit"
    assert problem(await at.put(f"{path}/parts/7", json={"content": "AAAA"})) == "import-part-unfit"
    assert problem(await at.put(f"{path}/parts/1", json={"content": "A"})) == "import-part-unfit"
    assert problem(await at.post(f"{path}/start")) == "import-not-ready"
    assert (await at.post(f"{path}/cancel")).json()["status"] == "cancelled"
    assert not await profile.rows("select from import_part")
    assert problem(await at.post(f"{path}/read", json={})) == "import-not-ready"

    import_id = await announced(profile, "clients", content)
    await _execute(profile, "delete from import_part where number = 1")
    refused = await at.post(f"/v1/imports/{import_id}/read", json={})
    assert (problem(refused), refused.json()["missing"]) == ("import-file-incomplete", [1])
    part = {"content": base64.b64encode(b"x" * (len(content) - PART)).decode()}
    assert (await at.put(f"/v1/imports/{import_id}/parts/1", json=part)).status_code == 204
    assert (await at.post(f"/v1/imports/{import_id}/read", json={})).status_code == 202
    assert (await becomes(profile, import_id, "unreadable"))["fault"] == "not-the-file"


async def test_consents_without_proof_or_against_her_later_word_are_not_taken(running: Start) -> None:
    profile = await running("profile")
    at = profile.client(someone())
    await brought(
        profile,
        "clients",
        written([HEADER, ["M1", "王芳", "13800138001", "", ""], ["M2", "小满", "", "2020-05-05", ""]]),
    )
    withdrawn = await registered(profile, display_name="李明", member="M3")
    for granted in (True, False):
        form = {"consents": [{"purpose": "marketing", "granted": granted, "notice_version": "v9"}]}
        assert (await at.put(f"/v1/clients/{withdrawn}/consents", json=form)).status_code == 200
    header = ["会员号", "手机", "姓名", "同意目的", "是否同意", "告知版本", "同意日期", "凭证"]
    rows = [
        ["M1", "", "", "营销", "是", "2021-1", "2021/3/5", "F-1"],
        ["", "13800138001", "王芳", "个性化推荐", "同意", "2021-1", "2021年3月5日", "F-1"],
        ["", "13800138001", "张三", "问卷", "是", "2021-1", "2021-03-05", "F-1"],
        ["M1", "", "", "问卷", "是", "", "2021-03-05", "F-1"],
        ["M1", "", "", "问卷", "是", "2021-1", "2021-03-05", ""],
        ["M1", "", "", "问卷", "是", "2021-1", "2021-03", "F-1"],
        ["M1", "", "", "跨品牌", "也许", "2021-1", "2021-03-05", "F-1"],
        ["M1", "", "", "买菜", "是", "2021-1", "2021-03-05", "F-1"],
        ["M2", "", "", "营销", "是", "2021-1", "2024-03-05", "F-1"],
        ["M3", "", "", "营销", "是", "2021-1", "2021-03-05", "F-1"],
        ["M8", "", "", "营销", "是", "2021-1", "2021-03-05", "F-1"],
        ["M1", "", "", "问卷", "否", "", "2021-03-05", ""],
    ]
    found = await brought(profile, "consents", written([header, *rows]))
    assert fates(found) == {"created": 2, "amended": 1, "refused": 9}
    assert found["refusals"] == {
        "phone-of-another": 1,
        "notice-version-missing": 1,
        "evidence-missing": 1,
        "date-partial": 1,
        "answer-unreadable": 1,
        "purpose-unknown": 1,
        "guardian-needed": 1,
        "withdrawn-since": 1,
        "client-unknown": 1,
    }
    again = await brought(profile, "consents", written([header, *rows]))
    assert fates(again) == {"unchanged": 3, "refused": 9}
    [given] = await profile.rows("select given_at from consent where purpose = 'marketing' and channel = 'import'")
    assert given["given_at"] == datetime(2021, 3, 4, 16, tzinfo=UTC)

    # A no where she had never said a word stands against an older yes.
    older = await brought(profile, "consents", written([header, ["M1", "", "", "问卷", "是", "v1", "2019-01-01", "F"]]))
    assert older["refusals"] == {"withdrawn-since": 1}

    # The old system's later no ends the yes that it brought.
    no = written([header, ["M1", "", "", "营销", "否", "", "2022-01-01", ""]])
    assert fates(await brought(profile, "consents", no)) == {"amended": 1}
    back = await step(profile, found["import_id"], "undo", "undone")
    left = (await report(profile, back["import_id"]))["written"]
    assert left == [{"kind": "consent", "stays": "changed-since", "rows": 1}]
    told = await profile.facts("profile.consent-withdrawn.v1")
    assert [fact["data"]["purpose"] for fact in told] == ["marketing", "survey", "marketing", "personalisation"]


PURCHASES = ["小票号", "会员号", "货号", "数量", "单价", "金额", "日期", "门店"]


async def test_purchases_add_up_by_currency_and_year_and_refused_lines_come_in_when_mended(running: Start) -> None:
    profile = await running("profile")
    await brought(profile, "clients", written([HEADER, ["M1", "王芳", "", "", ""]]))
    rows = [
        ["R1", "M1", "RING-1", "1", "￥12,000.00", "", "2019/3/5", "SH-1"],
        ["R1", "M1", "CHAIN-2", "两条", "3000", "6000", "2019/3/5", "SH-1"],
        ["R1", "M1", "CHAIN-2", "２", "3000", "6000", "2019/3/5", "SH-1"],
        ["R2", "", "RING-1", "-1", "12000", "-12000", "43529", "SH-1"],
        ["R3", "M1", "RING-1", "1", "5000", "5000元", "1998年3月", "SH-1"],
        ["R4", "M7", "RING-1", "1", "100.005", "", "2019", "SH-1"],
        ["R5", "M7", "RING-1", "1", "700", "", "2019", "SH-1"],
        ["合计", "", "", "9", "", "", "", ""],
    ]
    found = await brought(profile, "purchases", written([PURCHASES, *rows]), pos="old", currency="CNY")
    assert fates(found) == {"created": 4, "refused": 4}
    assert {(one["year"], one["file_minor"], one["recorded_minor"], one["refused_minor"]) for one in found["sums"]} == {
        (1998, 500_000, 500_000, 0),
        (2019, 670_000, 600_000, 70_000),
    }
    refused = await rejects(profile, found["import_id"])
    assert [(one["小票号"], one["maison:line"], one["maison:receipt-line"]) for one in refused] == [
        ("R1", "3", "2"),
        ("R4", "7", "1"),
        ("R5", "8", "1"),
        ("合计", "9", "1"),
    ]
    # Mended and brought again, a line has the number in its receipt that it had.
    refused[0]["数量"] = "2"
    mended = written([list(refused[0]), list(refused[0].values())])
    assert fates(await brought(profile, "purchases", mended, pos="old", currency="CNY")) == {"created": 1}
    again = await brought(profile, "purchases", written([PURCHASES, *rows]), pos="old", currency="CNY")
    assert fates(again) == {"unchanged": 4, "refused": 4}

    hers = (await profile.rows("select client_id from client"))[0]["client_id"]
    bought = (await profile.client(someone()).get(f"/v1/clients/{hers}/purchases")).json()["items"]
    assert [(one["receipt"], one["net_minor"]) for one in bought] == [("R1", 2_400_000), ("R3", 500_000)]
    assert bought[1]["purchased_in"] == "1998-03"

    # A till's receipt that was nobody's finds its client; that stays, for everybody has been told.
    till = receipt("R9", [line(1)], pos="old", purchased_at="2020-01-01T00:00:00+08:00")
    assert (await profile.client(someone(Role.POS)).post("/v1/purchases", json=till)).status_code == 201
    claims = written([PURCHASES, ["R9", "M1", "RING-1", "1", "1000", "", "2020-01-01", "SH-1"]])
    claimed = await brought(profile, "purchases", claims, pos="old", currency="CNY")
    assert fates(claimed) == {"amended": 1}
    await step(profile, claimed["import_id"], "undo", "undone")
    assert (await report(profile, claimed["import_id"]))["written"] == [
        {"kind": "claim", "stays": "claim-stands", "rows": 1}
    ]

    # What the second file added to R1 stays; the first is taken back, and the timeline forgets it.
    back = await step(profile, found["import_id"], "undo", "undone")
    assert (await report(profile, back["import_id"]))["written"] == []
    kept = await profile.rows("select receipt, net_minor, line_count from purchase")
    assert [one for one in kept if one["receipt"] != "R9"] == [{"receipt": "R1", "net_minor": 600_000, "line_count": 1}]
    told = await profile.facts("profile.purchase-taken-back.v1")
    assert sorted((one["data"]["net_minor"], one["data"]["is_whole"]) for one in told) == [
        (-1_200_000, True),
        (500_000, True),
        (1_800_000, False),
    ]

    async def forgotten() -> bool:
        timeline = (await profile.client(someone()).get(f"/v1/clients/{hers}/timeline")).json()["items"]
        return not any(one["occurred_at"].startswith("1998") for one in timeline)

    await until(forgotten)


async def test_an_undo_takes_back_what_nobody_has_touched_and_says_what_it_leaves(running: Start) -> None:
    clock = Clock(datetime(2026, 3, 1, tzinfo=UTC))
    profile = await running("profile", clock=clock)
    at = profile.client(someone())
    known = await registered(profile, display_name="王芳", member="M1")
    nameless = await bought(profile, "C7")
    await at.post(f"/v1/clients/{nameless}/identities", json={"kind": "member", "value": "M7"})
    rows = [
        ["M7", "欧阳小姐", "", "1990-01-01", ""],
        ["M1", "王芳", "13800138001", "1988-03-05", ""],
        ["M2", "陈静", "", "", ""],
        ["M3", "林晚", "", "", ""],
    ]
    found = await brought(profile, "clients", written([HEADER, *rows]))
    assert fates(found) == {"amended": 2, "created": 2}
    hers = (await at.get(f"/v1/clients/{nameless}")).json()
    assert (hers["display_name"], hers["salutation"], hers["birthday"]["year"]) == ("欧阳", "小姐", 1990)
    header = ["会员号", "备注", "日期"]
    notes = await brought(profile, "notes", written([header, ["M2", "=喜欢珍珠", "2020-01-02"], ["M9", "无", ""]]))
    assert fates(notes) == {"created": 1, "refused": 1}
    [refused] = await rejects(profile, notes["import_id"])
    assert refused["备注"] == "无"

    clock.advance(hours=1)
    await step(profile, found["import_id"], "undo", "undone")
    staying = (await at.get(f"/v1/imports/{found['import_id']}/staying")).json()["items"]
    assert [(one["line"], one["kind"], one["stays"]) for one in staying] == [(4, "client", "known-since")]
    for client_id, name in ((known, "王芳"), (nameless, "POS client")):
        record = (await at.get(f"/v1/clients/{client_id}")).json()
        assert (record["birthday"], record["display_name"]) == (None, name)
    assert len(await profile.rows("select from identity where kind = 'phone'")) == 0
    [erased] = await profile.facts("profile.client-erased.v1")
    assert len(erased["data"]["client_ids"]) == 1

    # Once the note is gone, the rest goes too; and the same people may come again.
    await step(profile, notes["import_id"], "undo", "undone")
    await step(profile, found["import_id"], "undo", "undone")
    assert (await report(profile, found["import_id"]))["written"] == []
    assert len(await profile.rows("select from client")) == 2
    assert fates(await brought(profile, "clients", written([HEADER, *rows]))) == {"amended": 2, "created": 2}

    clock.advance(days=15)

    await sweep(profile.kit)
    for asked in ("select from import_part", "select from import_chunk", "select from import_effect"):
        assert not await profile.rows(asked)
    assert (await report(profile, found["import_id"]))["counts"]["created"] == 2
    assert problem(await at.post(f"/v1/imports/{found['import_id']}/undo")) == "import-expired"


async def test_the_reject_file_holds_no_formula_and_is_for_whoever_brought_it_and_officers(running: Start) -> None:
    profile = await running("profile")
    rows = [["", "=cmd|' /C calc'!A0", "", "@SUM(1)", "-1+2"], ["M1", "", "+8613800138001", "", ""]]
    found = await brought(profile, "clients", written([HEADER, *rows]))
    first, second = await rejects(profile, found["import_id"])
    assert [first[name][:2] for name in ("客户姓名", "出生日期", "备用电话")] == ["'=", "'@", "'-"]
    assert second["手机号（必填）"] == "+8613800138001"
    assert second["maison:reason"].startswith("name-missing: 缺少姓名")
    path = f"/v1/imports/{found['import_id']}/rejects"
    officer = await profile.client(someone(Role.PRIVACY)).get(path)
    assert officer.status_code == 200
    colleague = someone()
    answer = await profile.client(type(colleague)("headquarters:2", colleague.role, colleague.brand_id)).get(path)
    assert problem(answer) == "not-found"


async def test_a_paused_import_goes_on_where_it_stopped(running: Start) -> None:
    profile = await running("profile")
    rows = [[f"M{n}", "王芳", "", "", ""] for n in range(1_500)]
    one = await read(profile, "clients", written([HEADER, *rows]))
    assert (await mapped(profile, one)).status_code == 200
    at, path = profile.client(someone()), f"/v1/imports/{one['import_id']}"
    assert (await at.post(f"{path}/start")).status_code == 202
    paused = await at.post(f"{path}/pause")
    assert paused.json()["status"] == "paused"
    assert paused.json()["counts"]["created"] in {0, 500, 1_000}
    assert fates(await step(profile, one["import_id"], "start", "finished")) == {"created": 1_500}


async def _tables(profile: Any) -> list[Any]:
    tables = ("client", "identity", "note", "consent", "purchase", "purchase_line")
    found = [await profile.rows(f"select * from {table} order by 1, 2, 3") for table in tables]  # noqa: S608
    return [*found, len(await profile.facts())]


async def _execute(profile: Any, statement: str) -> None:
    await profile.rows(f"with gone as ({statement} returning 1) select * from gone")  # noqa: S608
