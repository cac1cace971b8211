"""A line of a file, understood: what it says of whom, or why it cannot be taken."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from zoneinfo import ZoneInfo

from services.profile.onboarding.actions.lines.clients import client_line
from services.profile.onboarding.actions.lines.consents import consent_line
from services.profile.onboarding.actions.lines.notes import note_line
from services.profile.onboarding.actions.lines.purchases import money, purchase_line
from services.profile.onboarding.actions.lines.row import Cells, Wrong
from services.profile.onboarding.actions.said import (
    Raw,
    Refused,
    Understood,
    Worth,
)
from services.profile.onboarding.models import cells
from services.profile.onboarding.models.cells import Unreadable
from services.profile.onboarding.rules.fields import Plan
from services.profile.onboarding.rules.reasons import Reason
from services.profile.onboarding.rules.steps import Kind

_TOTALS = re.compile(r"^(合计|总计|小计|共计|汇总|grand total|sub ?total|total|sum)[:：]?$", re.IGNORECASE)
_TEST = re.compile(r"^(测试|test|demo|dummy)|测试(客户|数据|单|员)?$", re.IGNORECASE)


def understand(rows: Iterable[Raw], plan: Plan, *, today: date) -> list[Understood | Refused]:
    """Every line in its order, or why not."""
    zone, reads = ZoneInfo(plan.zone), _READS[plan.kind]
    return [_one(row, plan, zone, today, reads) for row in rows]


def _one(
    row: Raw, plan: Plan, zone: ZoneInfo, today: date, reads: "Callable[[Cells, int], Understood]"
) -> Understood | Refused:
    if row.cells is None:
        return Refused(row.number, Reason.NOT_CSV)
    of = Cells(row.cells, plan, zone, today)
    try:
        _check_row(of)
        return reads(of, row.number)
    except Unreadable as wrong:
        return Refused(row.number, wrong.code.value, of.asking, _worth(of, plan))
    except Wrong as wrong:
        return Refused(row.number, wrong.code, wrong.field, _worth(of, plan))


def _worth(of: Cells, plan: Plan) -> Worth | None:
    """What a refused line would have come to, so that the sums of the file are whole."""
    if plan.kind is not Kind.PURCHASES:
        return None
    try:
        currency, when, _, _, net = money(of)
    except (Unreadable, Wrong):
        return None
    return Worth(currency, when.year, net)


def _check_row(of: Cells) -> None:
    """No line that Excel or somebody who tried the old system has left."""
    if any("\ufffd" in cell for cell in of.row):
        raise Wrong(Reason.NOT_TEXT)
    said = [cells.plain(cell) for cell in of.row if cell.strip()][:3]
    if any(_TOTALS.match(one) for one in said):
        raise Wrong(Reason.TOTALS_ROW)
    if _TEST.search(of.text("name")) or _TEST.match(of.text("member")):
        raise Wrong(Reason.TEST_ROW)


_READS: Mapping[Kind, Callable[[Cells, int], Understood]] = {
    Kind.CLIENTS: client_line,
    Kind.CONSENTS: consent_line,
    Kind.NOTES: note_line,
    Kind.PURCHASES: purchase_line,
}
