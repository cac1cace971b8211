"""What a message may say: words of the house, facts that may be named, limits, and what the assistant may not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profile.messages.rules import assistant, limits, sameness, templates, texts
from services.profile.messages.rules.limits import TooLongForTemplate
from services.profile.messages.rules.purposes import Purpose
from services.profile.messages.rules.sameness import SameWordsToMany
from services.profile.messages.rules.templates import LinkNotOurs
from services.profile.messages.rules.texts import KINDS, NAMEABLE, Named

EVERYTHING = {
    Named.SALUTATION: "欧阳女士",
    Named.PIECE: "玫瑰金手镯",
    Named.VISIT_ON: "3月5日",
    Named.WISH: "蓝宝石耳环",
}


def test_every_kind_has_words_in_both_languages_and_names_only_what_may_be_named() -> None:
    for kind in KINDS.values():
        assert set(kind.sentences) == set(kind.subject) == {"zh", "en"}
        for sentences in kind.sentences.values():
            assert texts.places("".join(sentences)) <= set(Named)
    assert set(NAMEABLE) == set(Named)


@given(st.sets(st.sampled_from(Named)), st.sampled_from(sorted(KINDS)), st.sampled_from(["zh", "en"]))
def test_a_sentence_without_its_fact_is_left_out(known: set[Named], name: str, language: str) -> None:
    facts = {one: EVERYTHING[one] for one in known}
    filled = texts.fill(KINDS[name].sentences[language], facts, language=language)
    assert "{" not in filled.text
    assert filled.named <= known
    assert all((EVERYTHING[one] in filled.text) == (one in filled.named) for one in Named)


@pytest.mark.parametrize(
    ("language", "spoken"), [("zh", "zh"), ("zh-CN", "zh"), ("zh-Hant", "zh"), ("en", "en"), ("fr", "en"), ("ja", "en")]
)
def test_she_is_written_to_in_her_language_or_in_english(language: str, spoken: str) -> None:
    assert texts.languages(KINDS["thank-you"], language) == spoken


@pytest.mark.parametrize(
    ("parameter", "value", "limit"),
    [
        ("thing1", "字" * 20, None),
        ("thing1", "字" * 21, 20),
        ("name2", "欧阳修", None),
        ("name2", "字" * 11, 10),
        ("name2", "x" * 20, None),
        ("name2", "x" * 21, 20),
        ("phrase3", "字" * 6, 5),
        ("character_string4", "x" * 33, 32),
        ("date5", "2026年3月5日 14:00~2026年3月6日 15:00", None),
    ],
)
def test_a_parameter_has_the_length_of_its_type(parameter: str, value: str, limit: int | None) -> None:
    if limit is None:
        limits.check_parameters({parameter: value})
        return
    with pytest.raises(TooLongForTemplate) as no:
        limits.check_parameters({parameter: value})
    assert no.value.extra == {"parameter": parameter, "limit": limit, "unit": "characters"}


@pytest.mark.parametrize(("length", "parts"), [(1, 1), (70, 1), (71, 2), (134, 2), (135, 3), (500, 8)])
def test_a_long_sms_goes_in_parts(length: int, parts: int) -> None:
    assert limits.segments("字" * length) == parts


def test_a_channel_takes_so_much_and_no_more() -> None:
    limits.check_sms("字" * 500)
    limits.check_wecom("字" * 1333)
    limits.check_email("x" * 20_000)
    for check, text in (
        (limits.check_sms, "字" * 501),
        (limits.check_wecom, "字" * 1334),
        (limits.check_email, "x" * 20_001),
    ):
        with pytest.raises(TooLongForTemplate):
            check(text)


@pytest.mark.parametrize(
    ("words", "ours"),
    [
        ("请看 https://maison.test/look 好吗", True),
        ("没有链接", True),
        ("3.5 克拉", True),
        ("请看 https://elsewhere.test/look", False),
        ("www.elsewhere.com", False),
        ("elsewhere.com/x", False),
        ("https://maison.test.elsewhere.com/", False),
    ],
)
def test_words_lead_nowhere_but_into_the_house(words: str, *, ours: bool) -> None:
    if ours:
        templates.check_words(words, "https://maison.test")
        return
    with pytest.raises(LinkNotOurs):
        templates.check_words(words, "https://maison.test")


def test_the_same_words_under_other_names_are_the_same() -> None:
    one = texts.nameless("欧阳女士，您好。期待与您相见！", "欧阳女士")
    assert one == texts.nameless("曾先生，您好，期待与您相见", "曾先生")
    assert one != texts.nameless("曾先生，您好。期待与您在周六相见！", "曾先生")
    sameness.check(2, 3)
    with pytest.raises(SameWordsToMany):
        sameness.check(3, 3)


# --- the assistant ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ("{salutation}，您好。{piece}佩戴得还合意吗？", "{salutation}，您好。{piece}佩戴得还合意吗？"),
        ("“{salutation}，您好。”", "{salutation}，您好。"),
        ("", None),
        ("x" * 401, None),
        ("{salutation}，今天{segment}有礼", None),
        ("{salutation}，您的{wish}到了", None),
        ("{salutation}, {oops", None),
        ("{salutation}，作为顶级客户，您可享优先。", None),
        ("Dear {salutation}, as a VIP you come first.", None),
        ("{salutation}，现价 ¥12,000。", None),
        ("{salutation}，只要12000元。", None),
        ("Dear {salutation}, it is 5,000 EUR.", None),
        ("{salutation}，有九折优惠。", None),
        ("{salutation}，请看 https://maison.test。", None),
        ("{salutation}，请看 maison.com。", None),
        ("{salutation}，请致电13800138000。", None),
        ("{salutation}: her@example", None),
        ("{salutation}，您好。\nA", "{salutation}，您好。\nA"),
        ("{salutation}，您好\ud83d", None),
        ("{salutation}，您好\x00", None),
    ],
)
def test_an_answer_that_says_what_it_must_not_is_no_draft(answer: str, kept: str | None) -> None:
    assert assistant.fit(answer, {Named.SALUTATION, Named.PIECE}) == kept


def test_the_assistant_is_told_places_and_no_fact() -> None:
    asked = assistant.asked("thank-you", "zh", EVERYTHING, "".join(KINDS["thank-you"].sentences["zh"]))
    whole = "".join(part["content"] for part in asked)
    assert not any(value in whole for value in EVERYTHING.values())
    assert all(f"{{{one}}}" in whole for one in Named)


# --- templates of SMS ------------------------------------------------------------------------------------------------


def test_a_setting_says_the_sms_template_its_purpose_and_what_fills_it() -> None:
    settings = {"visit": "1000001?purpose=service&2=date&1=boutique&text=%E5%B7%B2%E7%A1%AE%E8%AE%A4%7B1%7D%7B2%7D"}
    found = templates.sms_template("visit", settings)
    assert found is not None
    assert (found.template_id, found.purpose, found.variables) == ("1000001", Purpose.SERVICE, ("boutique", "date"))
    assert found.fill({"boutique": "a", "date": "b", "more": "c"}) == ["a", "b"]
    assert found.fill({"boutique": "a"}) is None
    assert found.written(["a", "b"]) == "已确认ab"
    assert templates.sms_template("other", settings) is None
    assert templates.template("visit", {}, settings).purpose is Purpose.SERVICE
