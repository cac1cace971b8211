"""What clients are told of their visits: the house's words, and which variables fill WeChat's templates."""

import re
from collections.abc import Mapping

# A variable that ends so is for words alone: no template of WeChat's has a field for it.
WORDS_ALONE = "_en"
_PLACE = re.compile(r"\{([a-z_]+)\}")

# Limits of WeChat's types: `thing` 20 characters, `time` a day with a clock (docs of subscribe messages).
FIELDS: Mapping[str, str] = {"experience": "thing1", "boutique": "thing2", "date": "time3", "text": "thing4"}

TEXTS: Mapping[str, Mapping[str, str]] = {
    "visit-requested": {
        "zh": "您好，我们已收到您{date}在{boutique}的{experience}预约申请，确认后会立即通知您。",
        "en": "We have received your request: {experience_en} at {boutique_en}, {date_en}. We will confirm it shortly.",
    },
    "visit-confirmed": {
        "zh": "您好，您{date}在{boutique}的{experience}预约已确认，期待您的光临。\n加入日历：{link}",
        "en": "Your {experience_en} at {boutique_en} is confirmed: {date_en}. We look forward to welcoming you.\n"
        "Add it to your calendar: {link}",
    },
    "visit-moved": {
        "zh": "您好，您在{boutique}的{experience}预约时间已变更为{date}。\n更新日历：{link}",
        "en": "Your {experience_en} at {boutique_en} has a new time: {date_en}.\nUpdate your calendar: {link}",
    },
    "visit-cancelled": {
        "zh": "您好，您{date}在{boutique}的{experience}预约已取消。如需重新预约，欢迎随时联系您的客户顾问。",
        "en": "Your {experience_en} at {boutique_en}, {date_en}, is cancelled. "
        "Your advisor is glad to find another time.",
    },
    "visit-refused": {
        "zh": "您好，很抱歉，您{date}在{boutique}的{experience}预约申请无法安排。您的客户顾问乐意为您另约时间。",
        "en": "We are sorry: we cannot offer {experience_en} at {boutique_en}, {date_en}. "
        "Your advisor is glad to find another time.",
    },
    "visit-proposed": {
        "zh": "您好，关于您在{boutique}的{experience}预约，我们建议改为{date}，请在小程序中确认或选择其他时间。",
        "en": "For your {experience_en} at {boutique_en} we would like to propose {date_en}. "
        "Please accept it, or choose another time, in the mini-program.",
    },
    "visit-kept": {
        "zh": "您好，您在{boutique}的{experience}预约时间保持不变：{date}。",
        "en": "Your {experience_en} at {boutique_en} stays as agreed: {date_en}.",
    },
    "visit-reassigned": {
        "zh": "您好，您{date}在{boutique}的{experience}预约时间不变，届时将由另一位客户顾问接待您。",
        "en": "Your {experience_en} at {boutique_en} stays as agreed: {date_en}. Another advisor will receive you.",
    },
    "visit-disrupted": {
        "zh": "您好，很抱歉，{boutique}{date}的{experience}预约需要改期，您的客户顾问会尽快与您联系。",
        "en": "We are sorry: your {experience_en} at {boutique_en}, {date_en}, needs another time. "
        "Your advisor will be in touch shortly.",
    },
    "visit-reminder": {
        "zh": "您好，提醒您{date}在{boutique}有{experience}预约，期待您的光临。\n{link}",
        "en": "A reminder of your {experience_en} at {boutique_en}: {date_en}. "
        "We look forward to welcoming you.\n{link}",
    },
}


def in_words(words: Mapping[str, str], language: str, variables: Mapping[str, str]) -> str | None:
    """A text with its places filled, in Chinese for every kind of Chinese, else in English; None where one is empty."""
    text = words["zh" if language.partition("-")[0].lower() == "zh" else "en"]
    if not set(_PLACE.findall(text)) <= set(variables):
        return None
    return _PLACE.sub(lambda place: variables[place[1]], text).strip()
