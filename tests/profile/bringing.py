"""Old files of an imaginary house, and somebody at headquarters who brings them."""

import base64
import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import openpyxl

from infra.identity import Caller
from services.profile.onboarding.rules.steps import PART
from tests.asking import once, until
from tests.profile.build import someone
from tests.running import Running

Rows = Sequence[Sequence[Any]]


def written(rows: Rows, encoding: str = "utf-8-sig") -> bytes:
    """A CSV as an old system saves it."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode(encoding)


def workbook(rows: Rows, *, title: str = "客户") -> bytes:
    """A workbook with these cells."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


async def announced(running: Running, kind: str, content: bytes, *, by: Caller | None = None) -> str:
    """The id of an import whose parts have arrived."""
    at = running.client(by or someone())
    form = {"kind": kind, "size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    answer = await at.post("/v1/imports", json=form, headers=once())
    assert answer.status_code == 201, answer.text
    import_id: str = answer.json()["import_id"]
    for number in range(answer.json()["part_count"]):
        part = base64.b64encode(content[number * PART : (number + 1) * PART]).decode()
        sent = await at.put(f"/v1/imports/{import_id}/parts/{number}", json={"content": part})
        assert sent.status_code == 204, sent.text
    return import_id


async def becomes(running: Running, import_id: str, *statuses: str) -> dict[str, Any]:
    """The import, once it stands there."""
    at, found = running.client(someone()), dict[str, Any]()

    async def so() -> bool:
        found.update((await at.get(f"/v1/imports/{import_id}")).json())
        return found["status"] in statuses

    await until(so)
    return found


async def read(running: Running, kind: str, content: bytes, **how: Any) -> dict[str, Any]:
    """An import whose file was read, or could not be."""
    import_id = await announced(running, kind, content)
    answer = await running.client(someone()).post(f"/v1/imports/{import_id}/read", json=how)
    assert answer.status_code == 202, answer.text
    return await becomes(running, import_id, "read", "unreadable")


async def mapped(
    running: Running, one: Mapping[str, Any], columns: Mapping[str, list[str]] | None = None, **constants: str
) -> httpx.Response:
    """The answer to a mapping: what the file's headers suggest, unless something else is said."""
    form = {"columns": columns or one["found"]["suggestion"], "constants": constants}
    path = f"/v1/imports/{one['import_id']}/mapping"
    return await running.client(someone()).put(path, json=form, headers={"If-Match": "*"})


async def step(running: Running, import_id: str, name: str, *until_: str) -> dict[str, Any]:
    """Take one step, and wait for where it leads."""
    answer = await running.client(someone()).post(f"/v1/imports/{import_id}/{name}")
    assert answer.status_code in {200, 202}, answer.text
    return await becomes(running, import_id, *until_)


async def brought(running: Running, kind: str, content: bytes, **constants: str) -> dict[str, Any]:
    """The report of a file that was brought in with the suggested mapping."""
    one = await read(running, kind, content)
    assert one["status"] == "read", one
    answer = await mapped(running, one, None, **constants)
    assert answer.status_code == 200, answer.text
    await step(running, one["import_id"], "start", "finished")
    return await report(running, one["import_id"])


async def report(running: Running, import_id: str) -> dict[str, Any]:
    """The reconciliation, which adds up."""
    found: dict[str, Any] = (await running.client(someone()).get(f"/v1/imports/{import_id}/report")).json()
    counts = dict(found["counts"])
    assert counts.pop("lines_read") == sum(counts.values())
    for one in found["sums"]:
        assert one["file_minor"] == one["recorded_minor"] + one["known_minor"] + one["refused_minor"]
    return found


async def rejects(running: Running, import_id: str) -> list[dict[str, str]]:
    """The reject file, read as a spreadsheet reads it."""
    answer = await running.client(someone()).get(f"/v1/imports/{import_id}/rejects")
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


def fates(found: Mapping[str, Any]) -> dict[str, int]:
    """The counts that are not zero."""
    return {name: count for name, count in found["counts"].items() if count and name != "lines_read"}
