"""Values made to fit the types of template parameters."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.wechat.errors import ParameterUnfit
from infra.wechat.subscribe import SubscribeMessage, date_text, fit, named_parameter, time_text
from suite.sandbox.parameters import RULES, allowed


@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        ("thing1", "  上海  恒隆广场\n精品店 ", "上海 恒隆广场 精品店"),
        ("thing1", "一" * 21, "一" * 19 + "…"),
        ("thing1", "一" * 20, "一" * 20),
        ("name3", "欧阳娜娜", "欧阳娜娜"),
        ("name3", "古丽·阿不都热合曼·买买提", "古丽·阿不都热合曼·"),
        ("name3", "Alexandra Montgomery-Smythe", "Alexandra Montgomery"),
        ("phrase1", "已确认预约成功", "已确认预约"),
        ("number1", "-12.50", "-12.50"),
        ("letter1", "ABC", "ABC"),
        ("symbol1", "!?", "!?"),
        ("character_string5", "A-2024_#1", "A-2024_#1"),
        ("time2", "15:01", "15:01"),
        ("time2", "2019年10月1日 15:01~16:00", "2019年10月1日 15:01~16:00"),
        ("date4", "2019年10月1日", "2019年10月1日"),
        ("amount1", "¥100.50元", "¥100.50元"),
        ("phone_number1", "+86-400 820 8820", "+86-400 820 8820"),
        ("car_number1", "沪A12345", "沪A12345"),
        ("enum7", "whatever", "whatever"),
    ],
)
def test_a_value_is_made_to_fit_its_type(key: str, text: str, expected: str) -> None:
    assert fit(key, text) == expected


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("thing1", " \n"),
        ("enum1", ""),
        ("number1", "12,5"),
        ("number1", "1" * 33),
        ("letter1", "A1"),
        ("symbol1", "a!"),
        ("character_string1", "订单1"),
        ("character_string1", "1" * 33),
        ("time2", "25:00"),
        ("time2", "tomorrow"),
        ("date2", "15:01"),
        ("amount1", "12345678901"),
        ("phone_number1", "1" * 18),
        ("car_number1", "沪AD1234567"),
        ("name1", "张3"),
        ("name1", "\u0301"),
        ("date2", "2019年13月1日"),
        ("number1", "٣"),
        ("phrase1", "OK"),
        ("thing", "没有编号"),
        ("unheard1", "x"),
    ],
)
def test_a_value_that_cannot_fit_is_refused_by_name_and_never_repeated(key: str, text: str) -> None:
    with pytest.raises(ParameterUnfit) as refused:
        fit(key, text)
    assert refused.value.parameter == key
    assert refused.value.extra == {"parameter": key}
    assert not text.strip() or text not in str(refused.value)


@given(st.sampled_from(sorted(RULES)), st.text(max_size=40))
def test_whatever_we_let_through_the_sandbox_accepts(kind: str, text: str) -> None:
    try:
        value = fit(f"{kind}1", text)
    except ParameterUnfit:
        return
    assert allowed(f"{kind}1", value)


def test_a_time_is_written_on_the_boutiques_wall_clock() -> None:
    at = datetime(2026, 3, 1, 17, 5, tzinfo=UTC)
    assert time_text(at, ZoneInfo("Asia/Shanghai")) == "2026年3月2日 01:05"
    assert fit("time2", time_text(at, ZoneInfo("Europe/Paris"))) == "2026年3月1日 18:05"
    assert fit("date2", date_text(date(2026, 3, 1))) == "2026年3月1日"


def test_a_message_wraps_its_values_and_hides_the_person() -> None:
    message = SubscribeMessage("o1secret", "survey", {"thing1": "上海店"}, page="pages/s?token=t")
    assert message.body() == {
        "touser": "o1secret",
        "template_id": "survey",
        "page": "pages/s?token=t",
        "miniprogram_state": "formal",
        "lang": "zh_CN",
        "data": {"thing1": {"value": "上海店"}},
    }
    assert "secret" not in repr(message)
    assert "token" not in repr(message)


def test_the_refused_parameter_is_read_from_the_errmsg() -> None:
    assert named_parameter("argument invalid! data.thing3.value invalid rid: 1-2-3") == "thing3"
    assert named_parameter("argument invalid! data.character_string12.value is emtpy") == "character_string12"
    assert named_parameter("something else") == "data"
