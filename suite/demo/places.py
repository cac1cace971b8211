"""The demo house's places: three regions, eight boutiques in three time zones, thirty advisors, what can be booked."""

from typing import Any

BRAND = "lumiere"

REGIONS = [
    ("east", "华东大区", "East China"),
    ("north-west", "北方及西部大区", "North and West China"),
    ("abroad", "海外大区", "Abroad"),
]

# code, region, zone, type, names, advisors
BOUTIQUES = [
    ("SH-PLAZA66", "east", "Asia/Shanghai", "flagship", "上海恒隆广场旗舰店", "Shanghai Plaza 66", 6),
    ("SH-BUND", "east", "Asia/Shanghai", "salon", "上海外滩沙龙", "Shanghai The Bund", 4),
    ("NJ-DEJI", "east", "Asia/Shanghai", "boutique", "南京德基广场店", "Nanjing Deji Plaza", 3),
    ("BJ-SKP", "north-west", "Asia/Shanghai", "flagship", "北京SKP旗舰店", "Beijing SKP", 5),
    ("CD-TAIKOOLI", "north-west", "Asia/Shanghai", "boutique", "成都太古里店", "Chengdu Taikoo Li", 4),
    ("XA-OUTLET", "north-west", "Asia/Shanghai", "outlet", "西安奥特莱斯店", "Xi'an Outlet", 2),
    ("TK-GINZA", "abroad", "Asia/Tokyo", "boutique", "东京银座店", "Tokyo Ginza", 3),
    ("PA-VENDOME", "abroad", "Europe/Paris", "flagship", "巴黎芳登广场旗舰店", "Paris Place Vendôme", 3),
]
ROOMS = [("云起厅", "Cloud Salon", 6), ("听雨厅", "Rain Salon", 4)]

ADVISORS = [
    "林静", "周雅", "陈思远", "何嘉宁", "苏婉清", "沈知行", "陆皓月", "顾明哲", "唐梓萱", "江南枝",
    "许令仪", "秦安然", "魏若怡", "韩子涵", "夏雨桐", "方诗雅", "汪文轩", "白书云", "石晓晨", "贺志明",
    "孟慧敏", "乔俊杰", "温景行", "尹知夏", "佐藤葵", "田中蓮", "小林結衣",
    "Camille Rousseau", "Hugo Mercier", "Léa Garnier",
]  # fmt: skip

EXPERIENCES: list[dict[str, Any]] = [
    {"code": "private-appointment", "name_zh": "私人预约", "name_en": "Private Appointment", "duration_minutes": 60,
     "buffer_after_minutes": 15, "needs_room": True},
    {"code": "styling", "name_zh": "搭配建议", "name_en": "Styling Advice", "duration_minutes": 45},
    {"code": "care-and-repair", "name_zh": "保养与维修", "name_en": "Care and Repair", "duration_minutes": 30},
    {"code": "made-to-order", "name_zh": "高级定制咨询", "name_en": "Made-to-order Consultation",
     "duration_minutes": 90, "buffer_after_minutes": 15, "needs_room": True, "skill": "high-jewellery"},
]  # fmt: skip

OPEN = {"weekly": [{"weekday": day, "starts": "10:00", "ends": "22:00"} for day in range(1, 8)]}

# Two shifts that overlap in the afternoon; each advisor has two days off, spread over the week.
EARLY, LATE = ("10:00", "18:30"), ("13:00", "22:00")


def shifts(number: int) -> dict[str, Any]:
    """The weekly shifts of the advisor with this number."""
    starts, ends = EARLY if number % 2 == 0 else LATE
    off = {number % 7 + 1, (number + 3) % 7 + 1}
    return {"weekly": [{"weekday": day, "starts": starts, "ends": ends} for day in range(1, 8) if day not in off]}


def advisors(place: int) -> list[tuple[int, str]]:
    """The advisors of a boutique, each with a number of her own."""
    first = sum(boutique[-1] for boutique in BOUTIQUES[:place])
    return [(number, ADVISORS[number]) for number in range(first, first + BOUTIQUES[place][-1])]
