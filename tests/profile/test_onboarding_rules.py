"""What cells say, as people and Excel write them, and the life of an import."""

import contextlib
import itertools
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from infra import erasure
from services.profile.clients.models.days import Day
from services.profile.clients.rules import Calendar
from services.profile.onboarding.actions.imports import escaped
from services.profile.onboarding.actions.undoing import clients as undoing
from services.profile.onboarding.models import cells, files
from services.profile.onboarding.models.cells import Unreadable, When
from services.profile.onboarding.models.guessing import guessed
from services.profile.onboarding.rules import reasons, steps
from services.profile.onboarding.rules.fields import FIELDS, check, suggested
from services.profile.onboarding.rules.reasons import Reason
from services.profile.onboarding.rules.steps import ImportNotReady, Kind, MappingUnfit, PartUnfit, Status, Step
from services.profile.onboarding.rules.tally import Fate, Sum, Tally
from services.profile.rights.tables import DECISIONS

SHANGHAI = ZoneInfo("Asia/Shanghai")
# Hers, but nobody knew or did anything by it: reckoned, looked at, waiting to be compared, or asked of its own.
NO_TOUCH = {
    "client_segment",
    "future_vic",
    "points_entry",
    "points_account",
    "list_member",
    "duplicate",
    "duplicate_search",
    "access_log",
    "message_credit",
    "wechat_event",
    "wecom_contact",
}
ASKED_APART = {"client", "identity", "task"}
# They come with a receipt, a piece or a handover, which are asked.
HANGS_ON = {"task_move", "cash_flag", "piece_change", "piece_service"}


def test_no_table_is_forgotten_when_it_is_asked_whether_more_is_known_of_a_client_since() -> None:
    asked = set(undoing.HERS) | {table for table, _ in undoing.PAIRS}
    hers = {one.table for one in DECISIONS if one.fate in {erasure.Fate.DELETED, erasure.Fate.UNLINKED}}
    plumbing = {one.table for one in erasure.PLUMBING}
    assert hers - plumbing - asked == NO_TOUCH | ASKED_APART | HANGS_ON


@pytest.mark.parametrize(
    ("cell", "year", "month", "day"),
    [
        ("2019/3/5", 2019, 3, 5),
        ("２０１９－０３－０５", 2019, 3, 5),
        ("2019.3.5", 2019, 3, 5),
        ("2019年3月5日", 2019, 3, 5),
        ("2019 年 3 月 5 日", 2019, 3, 5),
        ("20190305", 2019, 3, 5),
        ("43529", 2019, 3, 5),
        ("43529.0", 2019, 3, 5),
        ("2019年3月", 2019, 3, None),
        ("2019-03", 2019, 3, None),
        ("2019", 2019, None, None),
        ("2019年", 2019, None, None),
    ],
)
def test_a_date_is_read_in_every_way_it_is_written(cell: str, year: int, month: int | None, day: int | None) -> None:
    assert cells.when(cell, SHANGHAI) == When(year, month, day)


def test_a_date_with_its_time_is_a_moment_of_the_old_systems_zone() -> None:
    at = datetime(2019, 3, 5, 6, 30, tzinfo=UTC)
    assert cells.when("2019-03-05 14:30", SHANGHAI).at == at
    assert cells.when("43529.604166667", SHANGHAI).at == at
    assert cells.when("2019-03-05T14:30:00", SHANGHAI).on == date(2019, 3, 5)


@pytest.mark.parametrize("cell", ["", "2019-13-01", "2019-02-30", "31/12/2019x", "99999", "昨天", "2019-03 10:00", "0"])
def test_what_is_no_date_is_not_taken_for_one(cell: str) -> None:
    with pytest.raises(Unreadable, match="date-unreadable"):
        cells.when(cell, SHANGHAI)


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("1988/3/5", Day(Calendar.SOLAR, 3, 5, 1988)),
        ("3月5日", Day(Calendar.SOLAR, 3, 5)),
        ("农历8月15", Day(Calendar.LUNAR, 8, 15)),
        ("农历1988-02-30", Day(Calendar.LUNAR, 2, 30, 1988)),
        ("农历闰4月3", Day(Calendar.LUNAR, 4, 3, None, leap=True)),
    ],
)
def test_a_birthday_may_lack_its_year_and_be_the_moons(cell: str, day: Day) -> None:
    assert cells.birthday(cell, SHANGHAI) == day


@pytest.mark.parametrize(
    ("cell", "why"), [("1988年3月", "date-partial"), ("13-40", "date-unreadable"), ("x", "date-unr")]
)
def test_a_birthday_without_its_day_is_none(cell: str, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        cells.birthday(cell, SHANGHAI)


@pytest.mark.parametrize(
    ("cell", "numbers"),
    [
        ("１３８００１３８０００", ["+8613800138000"]),
        ("13800138000.0", ["+8613800138000"]),
        ("1.3800138E+10", []),
        ("1.3800138000E+10", ["+8613800138000"]),
        ("'138 0013 8000 / 13900139000、13800138000", ["+8613800138000", "+8613900139000"]),
        ("+852 9123 4567", ["+85291234567"]),
        (" ", []),
    ],
)
def test_phones_are_read_as_excel_leaves_them(cell: str, numbers: list[str]) -> None:
    if numbers or not cell.strip():
        assert cells.phones(cell) == numbers
    else:
        with pytest.raises(Unreadable, match="phone-rounded"):
            cells.phones(cell)


def test_numbers_that_excel_has_rounded_or_that_are_too_long_are_refused() -> None:
    assert cells.number_of("1.234E+3") == "1234"
    assert cells.number_of("00123") == "00123"
    for cell, why in (("6.2E+15", Reason.NUMBER_ROUNDED), ("9" * 201, Reason.NUMBER_TOO_LONG)):
        with pytest.raises(Unreadable) as wrong:
            cells.number_of(cell)
        assert wrong.value.code is why
    with pytest.raises(Unreadable, match="phone-unreadable"):
        cells.phones("12345")


@pytest.mark.parametrize(
    ("cell", "currency", "minor"),
    [
        ("￥1,234.50", "CNY", 123_450),
        ("1234.5元", "CNY", 123_450),
        ("(1,234.50)", "USD", -123_450),
        ("-12", "JPY", -12),
        ("1.234", "KWD", 1_234),
        ("0.30000000000000004", "CNY", 30),
    ],
)
def test_amounts_are_read_exactly(cell: str, currency: str, minor: int) -> None:
    assert cells.minor(cell, currency) == minor


@pytest.mark.parametrize(
    ("cell", "why"), [("一千", "not-a-number"), ("1E9999999", "not-a-number"), ("1.005", "not-in-minor")]
)
def test_what_is_no_amount_is_refused(cell: str, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        cells.minor(cell, "CNY")


def test_quantities_currencies_and_salutations() -> None:
    assert cells.whole("1,200.0", Reason.QUANTITY_UNREADABLE) == 1_200
    for cell in ("1.5", "NaN", "1E99", "两"):
        with pytest.raises(Unreadable):
            cells.whole(cell, Reason.QUANTITY_UNREADABLE)
    assert [cells.currency_of(one) for one in ("人民币", "rmb", "HK$", "EUR")] == ["CNY", "CNY", "HKD", "EUR"]
    assert [cells.called(one) for one in ("王芳女士", "Mrs. Claire Dupont", "女士", "欧阳")] == [
        ("王芳", "女士"),
        ("Claire Dupont", "Mrs"),
        ("女士", None),
        ("欧阳", None),
    ]


@given(some.text(max_size=40))
def test_no_cell_breaks_the_reading_of_it(cell: str) -> None:
    for read in (
        lambda: cells.when(cell, SHANGHAI),
        lambda: cells.birthday(cell, SHANGHAI),
        lambda: cells.phones(cell),
        lambda: cells.minor(cell, "CNY"),
        lambda: cells.whole(cell, Reason.QUANTITY_UNREADABLE),
        lambda: cells.number_of(cell),
    ):
        with contextlib.suppress(Unreadable):
            read()


@given(some.text(max_size=20))
def test_no_cell_of_the_reject_file_is_a_formula_and_reading_it_again_gives_the_same(cell: str) -> None:
    shown = escaped(cell)
    assert shown in {cell, f"'{cell}"}
    assert not shown.lstrip().startswith(("=", "@")) or shown.startswith("'")
    assert cells.plain(shown) == cells.plain(cell)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_the_encoding_is_told_from_a_beginning_that_ends_within_a_character(encoding: str) -> None:
    text = "会员号,姓名,手机号,生日\n" + "M001,王芳女士,13800138000,1988年3月5日\n" * 9
    sample = text.encode(encoding)
    assert files.encoding_of(sample[:-3]) == encoding.removesuffix("-sig")
    assert files.encoding_of("會員號,姓名\n1,歐陽芳女士\n".encode("big5") * 9) == "big5"


def test_headers_are_known_in_both_languages_and_however_they_are_decorated() -> None:
    assert suggested(Kind.CLIENTS, ["会员号 ", "客户姓名", "手机号（必填）", "备用电话", "Date of Birth", "颜色"]) == {
        "member": ["会员号 "],
        "name": ["客户姓名"],
        "phone": ["手机号（必填）", "备用电话"],
        "birthday": ["Date of Birth"],
    }
    for kind, fields in FIELDS.items():
        for name, one in fields.items():
            assert suggested(kind, sorted(one.headers)[:1]), (kind, name)


def test_columns_without_a_name_give_themselves_away_by_what_stands_in_them() -> None:
    rows = [["上海", "王芳", f"1380013800{n}", f"198{n}/3/5", ""] for n in range(5)]
    rows = [[city, f"{name}{'一二三四五'[n]}", *rest] for n, (city, name, *rest) in enumerate(rows)]
    columns = ["#1", "#2", "#3", "#4", "#5"]
    assert guessed(Kind.CLIENTS, columns, rows, {}) == {"phone": ["#3"], "birthday": ["#4"], "name": ["#2"]}
    assert guessed(Kind.CLIENTS, columns, rows[:2], {"name": ["#1"]}) == {"name": ["#1"]}


@pytest.mark.parametrize(
    ("kind", "columns", "constants", "fault"),
    [
        (Kind.NOTES, {"words": ["B"]}, {}, ("member", "missing")),
        (Kind.NOTES, {"member": ["A"]}, {}, ("words", "missing")),
        (Kind.CLIENTS, {"member": ["A"]}, {}, ("name", "missing")),
        (Kind.CLIENTS, {"member": ["A", "B"], "name": ["C"]}, {}, ("member", "one-column-only")),
        (Kind.CLIENTS, {"member": ["A"], "name": ["C"]}, {"colour": "red"}, ("constants", "constant-unknown")),
        (Kind.CONSENTS, {"member": ["A"], "purpose": ["B"]}, {"evidence": "F"}, ("given_on", "missing")),
        (Kind.PURCHASES, {"receipt": ["A"]}, {"pos": "old", "currency": "CNY"}, ("store", "missing")),
    ],
)
def test_a_mapping_says_everything_that_is_wrong_with_it(
    kind: Kind, columns: dict[str, list[str]], constants: dict[str, str], fault: tuple[str, str]
) -> None:
    with pytest.raises(MappingUnfit) as wrong:
        check(kind, ["A", "B", "C"], columns, constants, "Asia/Shanghai")
    assert {"field": fault[0], "why": fault[1]} in wrong.value.extra["faults"]  # type: ignore[operator]


def test_every_step_that_is_not_drawn_is_refused() -> None:
    for status, step in itertools.product(Status, Step):
        if (status, step) in steps.NEXT:
            assert steps.after(status, step) is steps.NEXT[status, step]
        else:
            with pytest.raises(ImportNotReady):
                steps.after(status, step)


def test_a_part_is_whole_unless_it_is_the_last() -> None:
    size = steps.PART * 2 + 7
    assert steps.parts_of(size) == 3
    for number, length in ((0, steps.PART), (2, 7)):
        steps.check_part(number, length, of_size=size)
    for number, length in ((0, 7), (2, 8), (3, 7), (-1, steps.PART)):
        with pytest.raises(PartUnfit):
            steps.check_part(number, length, of_size=size)


def test_a_tally_is_kept_and_read_again_and_reasons_speak_both_languages() -> None:
    tally = Tally()
    tally.count(Fate.CREATED)
    tally.count(Fate.REFUSED, Reason.NO_IDENTITY)
    tally.add("CNY", 2019, 5, Sum.RECORDED)
    assert Tally.of(tally.kept()) == tally
    assert tally.lines == 2
    assert set(reasons.SAID) == set(Reason)
    assert reasons.said("no-identity").startswith("no-identity: 无")
    assert reasons.said("return-too-large") == "return-too-large"
