"""How names are written and found."""

import pytest

from services.profile.clients.models import is_writable, keys, tidy
from services.profile.identities.models import PhoneUnreadable, e164, masked_name, masked_phone


@pytest.mark.parametrize(
    ("name", "pinyin", "initials"),
    [
        ("曾小贤", "zengxiaoxian", "zxx"),
        ("仇英", "qiuying", "qy"),
        ("单雄信", "shanxiongxin", "sxx"),
        ("解晓东", "xiexiaodong", "xxd"),
        ("查良镛", "zhaliangyong", "zly"),
        ("朴树", "piaoshu", "ps"),
        ("区楚良", "ouchuliang", "ocl"),
        ("盖聂", "genie", "gn"),
        ("缪斯", "miaosi", "ms"),
        ("翟让", "zhairang", "zr"),
        ("欧阳娜娜", "ouyangnana", "oynn"),
        ("尉迟恭", "yuchigong", "ycg"),
        ("长孙无忌", "zhangsunwuji", "zswj"),
        ("单于飞", "chanyufei", "cyf"),
        ("迪丽热巴·迪力木拉提", "dilirebadilimulati", "dlrbdlmlt"),
        ("Anna Li", "annali", "al"),
    ],
)
def test_surnames_are_read_as_surnames(name: str, pinyin: str, initials: str) -> None:
    found = keys(name, None, None)
    assert (found.pinyin, found.initials) == (pinyin, initials)


def test_a_name_is_tidied_but_never_taken_apart() -> None:
    assert tidy("  Ａｎｎａ　 Ｌｉ ") == "Anna Li"
    assert tidy("阿依古丽•买买提") == "阿依古丽·买买提"
    assert tidy("𠮷田") == "𠮷田"
    assert keys("Claire Fontaine", "Fontaine", "Claire").given == "claire"


@pytest.mark.parametrize("name", ["", "·", "A\u0007", "李\u200b", "\ue000"])
def test_a_name_without_letters_or_with_hidden_signs_is_none(name: str) -> None:
    assert not is_writable(tidy(name))


@pytest.mark.parametrize(
    ("typed", "number", "masked"),
    [
        ("13800138000", "+8613800138000", "138****8000"),
        ("8613800138000", "+8613800138000", "138****8000"),
        ("0086 138 0013 8000", "+8613800138000", "138****8000"),
        ("+86-138-0013-8000", "+8613800138000", "138****8000"),
        ("+852 5123 4567", "+85251234567", "+852****4567"),
        ("+1 415 555 2671", "+14155552671", "+1****2671"),
    ],
)
def test_phones_become_one_form(typed: str, number: str, masked: str) -> None:
    assert e164(typed) == number
    assert masked_phone(number) == masked


@pytest.mark.parametrize("typed", ["12345", "phone", "010 6255 1234", "+999 1", "１２３"])
def test_what_is_no_mobile_number_is_refused(typed: str) -> None:
    with pytest.raises(PhoneUnreadable):
        e164(typed)


def test_a_masked_name_shows_its_first_character() -> None:
    assert masked_name("曾小贤") == "曾**"
