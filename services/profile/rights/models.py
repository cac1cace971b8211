"""A copy of her data as she reads it: a document per service for machines, and one page for herself."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Any
from uuid import UUID

from infra.copies import row_of

_STYLE = """
:root{--ink:#221f1b;--soft:#857c70;--line:#ddd5c8;--gold:#8f6f3e}
*{box-sizing:border-box}
body{margin:0 auto;max-width:72rem;padding:3rem 1.5rem;color:var(--ink);
font:400 15px/1.6 "Songti SC","Noto Serif SC","Source Han Serif SC",Georgia,"Times New Roman",serif}
h1{font-weight:400;font-size:1.6rem;margin:0 0 1rem}
h2{font-weight:400;font-size:1.25rem;margin:2.5rem 0 .5rem;border-bottom:1px solid var(--gold)}
h3{font-weight:400;font-size:1.05rem;margin:1.5rem 0 .5rem}
p,.soft{color:var(--soft)}
table{width:100%;border-collapse:collapse;font-size:.85rem;margin:0 0 1rem}
th,td{border:1px solid var(--line);padding:.3rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}
th{font-weight:400;color:var(--soft)}
@media print{body{max-width:none;padding:0;font-size:10pt}thead{display:table-header-group}tr{break-inside:avoid}}
@page{margin:15mm}
"""
# The page stands alone: nothing is loaded, run or sent, whatever somebody wrote into a field.
_HEAD = (
    '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    '<meta name="viewport" content="width=device-width"><meta name="referrer" content="no-referrer">'
    "<title>您的个人信息副本 · A copy of your personal data</title>"
    f"<style>{_STYLE}</style></head><body>"
)
_SERVICES = {
    "profile": ("客户档案", "Who you are to us"),
    "appointments": ("预约", "When you come"),
    "feedback": ("反馈", "How it was"),
    "recommend": ("推荐", "What we would show you"),
    "gateway": ("登录", "How you sign in"),
}
_YES, _NO, _NONE = "是 Yes", "否 No", "无 None"


@dataclass(frozen=True)
class Cover:
    """What a copy says of itself. `counts` are rows by service and table."""

    request_id: UUID
    kind: str
    brand_id: str
    made_at: datetime
    counts: Mapping[str, Mapping[str, int]]

    def manifest(self) -> str:
        """The same for machines."""
        said = {
            "request_id": str(self.request_id),
            "kind": self.kind,
            "brand": self.brand_id,
            "made_at": self.made_at.astimezone(UTC).isoformat(),
            "complete": True,  # one that is not is never delivered
            "rows": self.counts,
            "files": ["your-data.html", *(f"{service}.json" for service in self.counts)],
        }
        return json.dumps(said, ensure_ascii=False, indent=1) + "\n"


def document(service: str, made_at: datetime, lines: Iterable[str]) -> Iterator[str]:
    """What one service told (see infra.copies), as one JSON document: tables, their fields in words, their rows."""
    yield f'{{"service":{json.dumps(service)},"made_at":{json.dumps(made_at.astimezone(UTC).isoformat())},"tables":['
    is_first, between = True, ""
    for line in lines:
        if (row := row_of(line)) is not None:
            yield between + row
            between = ",\n"
            continue
        said = json.loads(line)
        if "row" in said:  # spaced in another way
            yield between + json.dumps(said["row"], ensure_ascii=False)
            between = ",\n"
        elif "part" in said:
            head = json.dumps(said["part"], ensure_ascii=False)
            yield ("" if is_first else "]},\n") + f'\n{head[:-1]}, "rows": ['
            is_first, between = False, "\n"
    yield "\n]}\n" if is_first else "]}\n]}\n"


def page(cover: Cover, told: Iterable[tuple[str, Iterable[str]]]) -> Iterator[str]:
    """All of it as one page that can be printed, in Chinese and English."""
    yield _HEAD
    yield "<h1>您的个人信息副本<br>A copy of your personal data</h1>"
    yield (
        f"<p>制作时间 Made at {_moment(cover.made_at)} · 请求编号 Request {cover.request_id}"
        f" · 品牌 Brand {escape(cover.brand_id)}</p>"
        "<p>以下为本品牌各系统所存与您有关的全部个人信息；时间均为协调世界时（UTC）。JSON 文件内容相同，便于转移。<br>"
        "This is everything that this house keeps about you, in all of its systems; times are in UTC."
        " The JSON files say the same, for you to take elsewhere.</p>"
    )
    for service, lines in told:
        zh, en = _SERVICES[service]
        yield f"<h2>{zh} · {en}</h2>"
        yield from _sections(lines)
    yield "</body></html>\n"


def _sections(lines: Iterable[str]) -> Iterator[str]:
    fields: list[dict[str, str]] = []
    rows = 0
    for said in map(json.loads, lines):
        if "row" in said:
            if rows == 0:
                named = "".join(f"<th>{escape(one['zh'])}<br>{escape(one['en'])}</th>" for one in fields)
                yield f"<table><thead><tr>{named}</tr></thead><tbody>"
            rows += 1
            cells = "".join(f"<td>{_shown(one['name'], said['row'][one['name']])}</td>" for one in fields)
            yield f"<tr>{cells}</tr>\n"
            continue
        if fields:
            yield "</tbody></table>" if rows else f"<p>{_NONE}</p>"
        fields, rows = [], 0
        if "part" in said:
            part, fields = said["part"], said["part"]["fields"]
            yield f"<h3>{escape(part['zh'])} · {escape(part['en'])}</h3>"


def _shown(name: str, value: Any) -> str:
    """One value in a cell; whatever it is, it is text."""
    match value:
        case None:
            return ""
        case bool():
            return _YES if value else _NO
        case str() if name.endswith("_at") and value.endswith("+00:00"):
            return f"{escape(value[:10])} {escape(value[11:16])} UTC"
        case dict():
            return "<br>".join(f"{escape(str(key))}: {_shown(str(key), inner)}" for key, inner in value.items())
        case list():
            return "<br>".join(_shown("", inner) for inner in value)
        case _:
            return escape(str(value))


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
