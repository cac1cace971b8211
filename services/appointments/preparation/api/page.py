"""The sheet and the morning as pages for the printer, zh or en: no script, nothing from elsewhere, kept nowhere."""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from services.appointments.preparation.api.sayings import SAYS
from services.appointments.preparation.rules import Note
from services.appointments.preparation.schemas import MorningBriefView, MorningVisitView, PreparationView

STYLE = """
@page{size:A4;margin:16mm}
body{font:400 14px/1.55 "Songti SC","Noto Serif SC",Georgia,serif;color:#221f1b;max-width:46rem;margin:2rem auto;
padding:0 1rem}
h1{font-weight:400;font-size:1.5rem;margin:0}
h2{font-weight:400;font-size:1.05rem;border-bottom:1px solid #ddd5c8;margin:1.4rem 0 .4rem}
.soft{color:#857c70}
ul{margin:.2rem 0;padding-left:1.2rem}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.35rem .5rem .35rem 0;border-bottom:1px solid #ddd5c8}
th{font-weight:400;color:#857c70}
tr,li{break-inside:avoid}
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
# It names a client: it must stay in no cache, and nothing may run or load here.
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "Vary": "Accept-Language",
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; frame-ancestors 'none';"
    " base-uri 'none'; form-action 'none'",
}

Says = dict[Any, str]


def sheet(view: PreparationView, *, language: str) -> str:
    """The sheet of one visit."""
    says: Says = SAYS[language]
    return _document(says["sheet"], "".join(_sheet(view, says, language)), language)


def morning(view: MorningBriefView, *, language: str) -> str:
    """The visits of one day."""
    says: Says = SAYS[language]
    return _document(says["morning"], "".join(_morning(view, says, language)), language)


def _sheet(view: PreparationView, says: Says, language: str) -> Iterator[str]:
    zone = ZoneInfo(view.zone)
    yield f"<h1>{_named(view, 'experience', language)}</h1>"
    place = [_named(view, "boutique", language), _named(view, "room", language), escape(view.advisor_name or "")]
    span = f"{_local(view.appointment.starts_at, zone)} – {view.appointment.ends_at.astimezone(zone):%H:%M}"
    said = [span, *[one for one in place if one], f"{says['party']} {view.appointment.party_size}", view.reference]
    yield f'<p class="soft">{" · ".join(said)}</p>'
    card = view.card
    yield _part(says["greeting"], [_greeting(card)] if card else None, _note(view.card_note, says), says)
    if card is not None:
        yield from _of_profile(view, says, zone)
    yield _part(
        says["work_orders"],
        _each(view.work_orders, lambda one: _order(one, says, zone)),
        _note(view.work_orders_note, says),
        says,
    )
    yield _part(
        says["assortment"],
        _each(view.assortment.get("pieces") if view.assortment else None, lambda one: _piece(one, says, language)),
        _note(view.assortment_note, says),
        says,
    )
    words = [*_booked(view, says), *([view.words.requests] if view.words.requests else [])]
    words += [
        f"{one.text_zh if language == 'zh' else one.text_en} {one.answer}" for one in view.words.answers if one.answer
    ]
    yield _part(says["words"], [escape(one) for one in words], "", says)
    yield _part(says["arrangement"], _arranged(view, says), "", says)


def _booked(view: PreparationView, says: Says) -> Iterator[str]:
    """What she chose when she booked: the piece that she saw, and what is to be made to order."""
    visit = view.appointment
    chosen = {"piece_code": visit.piece_code, "occasion": visit.occasion, "language": visit.language}
    for name, said in (chosen | (view.words.configuration or {})).items():
        if said is not None:
            yield f"{says.get(name, name)}: {said}"


def _of_profile(view: PreparationView, says: Says, zone: ZoneInfo) -> Iterator[str]:
    yield _part(says["preferences"], _each(view.preferences, lambda one: _liking(one, says)), "", says)
    yield _part(says["conversations"], _each(view.conversations, lambda one: _contact(one, zone)), "", says)
    yield _part(says["notes"], _each(view.notes, lambda one: _said(one, "words")), "", says)
    yield _part(says["purchases"], _each(view.purchases, lambda one: _purchase(one, zone)), "", says)
    yield _part(says["wishes"], _each(view.wishes, lambda one: _said(one, "piece_code")), "", says)
    yield _part(says["gifts"], _each(view.gifts, lambda one: _said(one, "name")), "", says)


def _morning(view: MorningBriefView, says: Says, language: str) -> Iterator[str]:
    yield f"<h1>{_named(view, 'boutique', language)} · {says['morning']}</h1>"
    yield f'<p class="soft">{view.on.isoformat()}</p>'
    heads = "".join(f"<th>{says[one]}</th>" for one in ("time", "client", "advisor", "room", "missing"))
    rows = "".join(_row(one, view, says, language) for one in view.visits)
    yield f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    if view.more:
        yield f'<p class="soft">{says["more"]}</p>'


def _row(one: MorningVisitView, view: MorningBriefView, says: Says, language: str) -> str:
    zone = ZoneInfo(view.zone)
    client = _greeting(one.card) if one.card else f'<span class="soft">{_note(one.card_note, says)}</span>'
    extra = [
        f"{says[name]} {count}"
        for name, count in (("gifts", one.gifts_due), ("work_orders", one.work_orders_open))
        if count
    ]
    laid = [escape(part) for part in (one.refreshments, one.room_setup) if part]
    cells = [
        f"{one.starts_at.astimezone(zone):%H:%M}–{one.ends_at.astimezone(zone):%H:%M}",
        "<br>".join([client, f"{_named(one, 'experience', language)} · {one.reference}", *extra]),
        escape(one.advisor_name or ""),
        "<br>".join([_named(one, "room", language), *laid]),
        "<br>".join(says[missing] for missing in one.missing),
    ]
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _part(title: str, lines: Sequence[str] | None, note: str, says: Says) -> str:
    if lines is None:
        body = f'<p class="soft">{note}</p>'
    elif lines:
        body = "<ul>" + "".join(f"<li>{line}</li>" for line in lines) + "</ul>"
    else:
        body = f'<p class="soft">{says["nothing"]}</p>'
    return f"<section><h2>{title}</h2>{body}</section>"


def _each(found: object, line: Any) -> list[str] | None:
    return [line(one) for one in found if isinstance(one, dict)] if isinstance(found, list) else None


def _note(note: Note | None, says: Says) -> str:
    return says[note] if note is not None else ""


def _greeting(card: dict[str, Any]) -> str:
    return " · ".join(escape(str(card[name])) for name in ("addressed_as", "display_name") if card.get(name))


def _said(one: dict[str, Any], name: str) -> str:
    return escape(str(one.get(name, "")))


def _liking(one: dict[str, Any], says: Says) -> str:
    return f"{says['likes' if one.get('likes', True) else 'dislikes']}: {_said(one, 'value')}"


def _contact(one: dict[str, Any], zone: ZoneInfo) -> str:
    return f"{_when(one.get('occurred_at'), zone)} {_said(one, 'kind')}"


def _purchase(one: dict[str, Any], zone: ZoneInfo) -> str:
    lines = one.get("lines")
    pieces = [_said(line, "piece_code") for line in lines if isinstance(line, dict)] if isinstance(lines, list) else []
    return f"{_when(one.get('purchased_at'), zone)} {_said(one, 'store_code')}: {', '.join(pieces)}"


def _order(one: dict[str, Any], says: Says, zone: ZoneInfo) -> str:
    late = f" · {says['overdue']}" if one.get("overdue") else ""
    return f"{_said(one, 'severity')} · {_when(one.get('due_at'), zone)}{late}"


def _piece(one: dict[str, Any], says: Says, language: str) -> str:
    there = "" if one.get("in_stock") is not False else f" · {says['not-here']}"
    return f"{_said(one, f'name_{language}')} {_said(one, 'piece_code')}{there}"


def _arranged(view: PreparationView, says: Says) -> list[str]:
    laid = view.arrangement
    if laid is None:
        return []
    words = [(says["refreshments"], laid.refreshments), (says["room_setup"], laid.room_setup)]
    lines = [f"{title}: {escape(said)}" for title, said in words if said]
    return lines + [f"{escape(one.piece_code)} · {says[one.state]}" for one in laid.pieces]


def _named(view: object, what: str, language: str) -> str:
    return escape(getattr(view, f"{what}_name_{language}") or "")


def _local(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def _when(at: object, zone: ZoneInfo) -> str:
    try:
        return f"{datetime.fromisoformat(str(at)).astimezone(zone):%Y-%m-%d}"
    except (ValueError, OverflowError):
        return ""


def _document(title: str, body: str, language: str) -> str:
    return (
        f'<!doctype html><html lang="{"zh-CN" if language == "zh" else "en"}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>{title}</title><style>{STYLE}</style></head><body>{body}</body></html>"
    )
