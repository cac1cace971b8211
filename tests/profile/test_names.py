"""How names are written and found."""

import pytest

from services.profile.clients.models.names import addressed_as, is_writable, keys, tidy
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
        ("澹臺明", "tantaiming", "ttm"),
        ("鲜于通", "xianyutong", "xyt"),
        ("Anna Li", "annali", "al"),
    ],
)
def test_surnames_are_read_as_surnames(name: str, pinyin: str, initials: str) -> None:
    found = keys(name, None, None)
    assert (found.pinyin, found.initials) == (pinyin, initials)


@pytest.mark.parametrize(
    ("name", "family_name", "salutation", "spoken"),
    [
        ("曾小贤", None, "先生", "曾先生"),
        ("欧阳娜娜", None, "女士", "欧阳女士"),
        ("司馬懿", None, "先生", "司馬先生"),
        ("欧阳", None, "女士", "欧阳女士"),
        ("欧小阳", "欧", "女士", "欧女士"),
        ("𠮷田", None, "女士", "𠮷女士"),
        ("迪丽热巴·迪力木拉提", None, "女士", "迪丽热巴·迪力木拉提女士"),
        ("迪丽热巴·迪力木拉提", "迪力木拉提", "女士", "迪力木拉提女士"),
        ("Claire Fontaine", "Fontaine", "Ms", "Ms Fontaine"),
        ("Claire Fontaine", None, "Ms", "Ms Claire Fontaine"),
        ("曾小贤", "曾", None, "曾小贤"),
    ],
)
def test_she_is_addressed_by_her_surname(
    name: str, family_name: str | None, salutation: str | None, spoken: str
) -> None:
    assert addressed_as(name, family_name, salutation) == spoken


def test_a_rare_character_is_found_as_it_is_written() -> None:
    assert keys("𠮷田", None, None).name == "𠮷田"
    assert keys("李𠮷", None, None).initials == "l𠮷"


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
