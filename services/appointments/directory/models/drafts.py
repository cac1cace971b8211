"""What the lines of a file say about the directory: columns by their names, cells as values."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from services.appointments.directory.models.sheets import Row
from services.appointments.directory.rules import Minutes, overlapping


class ImportKind(StrEnum):
    """What the lines of a file are."""

    BOUTIQUES = "boutiques"
    ROOMS = "rooms"
    ADVISORS = "advisors"
    EXPERIENCES = "experiences"
    HOURS = "hours"


class CellUnfit(Exception):
    """A cell does not say what its column is for."""


@dataclass(slots=True)
class Draft:
    """What one line says: `values` by field, and the fields that cannot be read (`""`: the whole line)."""

    line: int
    values: dict[str, Any] = field(default_factory=dict)
    unfit: list[str] = field(default_factory=list)


_WEEKDAYS = {
    **{name: number for number, name in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), start=1)},
    **{f"周{name}": number for number, name in enumerate("一二三四五六日", start=1)},
    **{f"星期{name}": number for number, name in enumerate("一二三四五六日", start=1)},
    **{str(number): number for number in range(1, 8)},
}
_YES, _NO = frozenset({"yes", "y", "true", "1", "是"}), frozenset({"no", "n", "false", "0", "否"})
_CLOSED = frozenset({"closed", "off", "休", "休息", "不营业"})
_STRETCH = re.compile(r"^(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})$", re.ASCII)
_PARTS = re.compile(r"[;；、,，|\n]+")


def _text(cell: str) -> str:
    return cell


def _whole(cell: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,9}", cell):
        raise CellUnfit
    return int(cell)


def _degrees(cell: str) -> float:
    if not re.fullmatch(r"-?[0-9]{1,3}(\.[0-9]{1,15})?", cell):
        raise CellUnfit
    return float(cell)


def _flag(cell: str) -> bool:
    said = cell.casefold()
    if said not in _YES | _NO:
        raise CellUnfit
    return said in _YES


def _list(cell: str) -> list[str]:
    return [part.strip() for part in _PARTS.split(cell) if part.strip()]


def _day(cell: str) -> int | date:
    said = cell.casefold()
    weekday = _WEEKDAYS.get(said, _WEEKDAYS.get(said[:3]))
    if weekday is not None:
        return weekday
    try:
        day = date.fromisoformat(cell.replace("/", "-"))
    except ValueError:
        raise CellUnfit from None
    if not 2000 <= day.year <= 2100:  # noqa: PLR2004 - a calendar that shops use
        raise CellUnfit
    return day


def _hours(cell: str) -> tuple[Minutes, ...]:
    """`10:00-12:30 13:30-20:00`: what lies between is a break; `closed` is a day off."""
    if cell.casefold() in _CLOSED:
        return ()
    found = []
    for part in re.split(r"[\s;,、]+", re.sub(r"\s*[-–~]\s*", "-", cell)):
        stretch = _STRETCH.match(part)
        if stretch is None:
            raise CellUnfit
        opens, closes = (int(stretch[one]) * 60 + int(stretch[one + 1]) for one in (1, 3))
        if not 0 <= opens < closes <= 1440 or any(int(stretch[one]) > 59 for one in (2, 4)):  # noqa: PLR2004
            raise CellUnfit
        found.append((opens, closes))
    if overlapping(found) or len(found) > 4:  # noqa: PLR2004 - as many as the form takes
        raise CellUnfit
    return tuple(sorted(found))


# What each column is called, in files in English and Chinese, and how its cells are read.
_Reader = Callable[[str], Any]
_COLUMNS: Mapping[ImportKind, Mapping[str, tuple[str, _Reader]]] = {
    ImportKind.BOUTIQUES: {
        "code": ("编码", _text),
        "region_code": ("大区编码", _text),
        "name_zh": ("中文名称", _text),
        "name_en": ("英文名称", _text),
        "boutique_type": ("类型", _text),
        "zone": ("时区", _text),
        "city_code": ("城市编码", _text),
        "city_zh": ("城市", _text),
        "city_en": ("城市英文", _text),
        "address_zh": ("地址", _text),
        "address_en": ("英文地址", _text),
        "latitude": ("纬度", _degrees),
        "longitude": ("经度", _degrees),
    },
    ImportKind.ROOMS: {
        "boutique_code": ("精品店编码", _text),
        "code": ("编码", _text),
        "name_zh": ("中文名称", _text),
        "name_en": ("英文名称", _text),
        "capacity": ("容纳人数", _whole),
        "room_kind": ("贵宾室类型", _text),
        "amenities": ("设施", _list),
        "active": ("启用", _flag),
    },
    ImportKind.ADVISORS: {
        "employee_number": ("工号", _text),
        "boutique_code": ("精品店编码", _text),
        "display_name": ("姓名", _text),
        "languages": ("语言", _list),
        "skills": ("技能", _list),
        "weight": ("权重", _whole),
        "priority": ("优先级", _whole),
        "wecom_userid": ("企业微信账号", _text),
    },
    ImportKind.EXPERIENCES: {
        "code": ("编码", _text),
        "name_zh": ("中文名称", _text),
        "name_en": ("英文名称", _text),
        "duration_minutes": ("时长", _whole),
        "buffer_before_minutes": ("提前准备", _whole),
        "buffer_after_minutes": ("结束整理", _whole),
        "granularity_minutes": ("时段间隔", _whole),
        "notice_minutes": ("提前预约", _whole),
        "horizon_days": ("可约天数", _whole),
        "cancel_notice_minutes": ("提前取消", _whole),
        "needs_room": ("需要贵宾室", _flag),
        "room_kind": ("贵宾室类型", _text),
        "skill": ("技能", _text),
        "needs_second_advisor": ("需要第二位顾问", _flag),
        "second_skill": ("第二位顾问技能", _text),
        "languages": ("语言", _list),
        "modes": ("接待方式", _list),
        "audience": ("开放对象", _text),
        "open_to_segments": ("开放客群", _list),
        "needs_approval": ("需要审批", _flag),
        "approve_within_minutes": ("审批时限", _whole),
        "active": ("启用", _flag),
    },
    ImportKind.HOURS: {
        "boutique_code": ("精品店编码", _text),
        "employee_number": ("工号", _text),
        "day": ("日期", _day),
        "hours": ("时间", _hours),
    },
}


def columns(kind: ImportKind, header: Sequence[str]) -> tuple[dict[int, str], list[str]]:
    """Which column of the file is which field, and the names of those that are none."""
    names = {
        spelled: name
        for name, (chinese, _) in _COLUMNS[kind].items()
        for spelled in (name, name.replace("_", ""), chinese)
    }
    known: dict[int, str] = {}
    unknown = []
    for place, title in enumerate(header):
        name = names.get(unicodedata.normalize("NFKC", title).casefold().replace(" ", "_"))
        if name is None or name in known.values():
            unknown.append(title)
        else:
            known[place] = name
    return known, unknown


def draft(kind: ImportKind, known: Mapping[int, str], row: Row) -> Draft:
    """What a line says. An empty cell says nothing: what is there stays."""
    found = Draft(row.line)
    if row.cells is None:
        found.unfit.append("")
        return found
    for place, name in known.items():
        cell = unicodedata.normalize("NFKC", row.cells[place]).strip() if place < len(row.cells) else ""
        if not cell:
            continue
        try:
            found.values[name] = _COLUMNS[kind][name][1](cell)
        except CellUnfit:
            found.unfit.append(name)
    return found
