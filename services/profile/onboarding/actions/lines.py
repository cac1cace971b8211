"""A line of a file, understood: what it says of whom, or why it cannot be taken."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from services.profile.clients.models import days, names
from services.profile.clients.models.days import Day
from services.profile.clients.rules import DayAhead, NoSuchDay
from services.profile.consents.rules import Purpose
from services.profile.identities.models import EmailUnreadable, mailbox
from services.profile.identities.queries import Known
from services.profile.onboarding.actions.said import (
    ClientLine,
    ConsentLine,
    Named,
    NoteLine,
    PurchaseLine,
    Raw,
    Refused,
    Understood,
    Whom,
    Worth,
)
from services.profile.onboarding.models import cells
from services.profile.onboarding.models.cells import Unreadable, When
from services.profile.onboarding.rules.fields import WHOSE, Plan
from services.profile.onboarding.rules.reasons import LeftOut, Reason
from services.profile.onboarding.rules.steps import Kind
from services.profile.purchases.rules.lines import Line as ReceiptLine

_TOTALS = re.compile(r"^(合计|总计|小计|共计|汇总|grand total|sub ?total|total|sum)[:：]?$", re.IGNORECASE)
_TEST = re.compile(r"^(测试|test|demo|dummy)|测试(客户|数据|单|员)?$", re.IGNORECASE)
_CODE = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}$")
_YES = frozenset(
    [
        "是",
        "同意",
        "已同意",
        "有",
        "授权",
        "已授权",
        "y",
        "yes",
        "true",
        "1",
        "granted",
        "agreed",
        "opt-in",
        "√",
        "✓",
        "ok",
    ]
)
_NO = frozenset(
    [
        "否",
        "不同意",
        "未同意",
        "无",
        "拒绝",
        "未授权",
        "已撤回",
        "撤回",
        "n",
        "no",
        "false",
        "0",
        "denied",
        "refused",
        "withdrawn",
        "opt-out",
        "×",
        "✗",
        "x",
    ]
)
_PURPOSES: Mapping[str, Purpose] = {
    **{one.value: one for one in Purpose},
    **dict.fromkeys(("个性化", "个性化推荐", "个性化服务"), Purpose.PERSONALISATION),
    **dict.fromkeys(("营销", "市场营销", "营销推广", "推广", "短信营销"), Purpose.MARKETING),
    **dict.fromkeys(("调研", "问卷", "问卷调查", "满意度调查"), Purpose.SURVEY),
    **dict.fromkeys(("尺寸", "量体", "测量"), Purpose.MEASUREMENTS),
    **dict.fromkeys(("敏感信息", "敏感个人信息"), Purpose.SENSITIVE_ITEMS),
    **dict.fromkeys(("跨品牌", "跨品牌共享", "集团共享"), Purpose.CROSS_BRAND),
    **dict.fromkeys(("出境", "跨境", "数据出境", "境外"), Purpose.ABROAD),
}
_LONGEST_WORDS = 4_000
_LONGEST_EVIDENCE = 200
_LONGEST_DESCRIPTION = 500
_LONGEST_NAME = 100


class _Wrong(Exception):
    def __init__(self, code: str, field: str = "") -> None:
        super().__init__(code)
        self.code, self.field = code, field


@dataclass
class _Cells:
    """The cells of one line by what they say; `asking` is the one that was asked for last."""

    row: Sequence[str]
    plan: Plan
    zone: ZoneInfo
    today: date
    asking: str = ""
    left_out: list[LeftOut] = field(default_factory=list)

    def every(self, name: str) -> list[str]:
        self.asking = name
        row = self.row
        return [row[place] for place in self.plan.columns.get(name, ()) if place < len(row) and row[place].strip()]

    def text(self, name: str) -> str:
        return cells.plain((self.every(name) or [self.plan.constants.get(name, "")])[0])

    def number_of(self, name: str) -> str:
        return cells.number_of((self.every(name) or [""])[0])

    def when(self, name: str) -> When | None:
        told = self.every(name)
        return cells.when(told[0], self.zone) if told else None


def understand(rows: Iterable[Raw], plan: Plan, *, today: date) -> list[Understood | Refused]:
    """Every line in its order, or why not."""
    zone, reads = ZoneInfo(plan.zone), _READS[plan.kind]
    return [_one(row, plan, zone, today, reads) for row in rows]


def _one(
    row: Raw, plan: Plan, zone: ZoneInfo, today: date, reads: "Callable[[_Cells, int], Understood]"
) -> Understood | Refused:
    if row.cells is None:
        return Refused(row.number, Reason.NOT_CSV)
    of = _Cells(row.cells, plan, zone, today)
    try:
        _check_row(of)
        return reads(of, row.number)
    except Unreadable as wrong:
        return Refused(row.number, wrong.code.value, of.asking, _worth(of, plan))
    except _Wrong as wrong:
        return Refused(row.number, wrong.code, wrong.field, _worth(of, plan))


def _worth(of: _Cells, plan: Plan) -> Worth | None:
    """What a refused line would have come to, so that the sums of the file are whole."""
    if plan.kind is not Kind.PURCHASES:
        return None
    try:
        currency, when, _, _, net = _money(of)
    except (Unreadable, _Wrong):
        return None
    return Worth(currency, when.year, net)


def _check_row(of: _Cells) -> None:
    """No line that Excel or somebody who tried the old system has left."""
    if any("\ufffd" in cell for cell in of.row):
        raise _Wrong(Reason.NOT_TEXT)
    said = [cells.plain(cell) for cell in of.row if cell.strip()][:3]
    if any(_TOTALS.match(one) for one in said):
        raise _Wrong(Reason.TOTALS_ROW)
    if _TEST.search(of.text("name")) or _TEST.match(of.text("member")):
        raise _Wrong(Reason.TEST_ROW)


# --- whom it is about ------------------------------------------------------------------------------------------------


def _name(of: _Cells) -> Named | None:
    told = names.tidy((of.every("name") or [""])[0])
    family = names.tidy((of.every("family_name") or [""])[0]) or None
    given = names.tidy((of.every("given_name") or [""])[0]) or None
    said = names.tidy((of.every("salutation") or [""])[0]) or None
    if not told and (family or given):
        is_latin = all(char.isascii() for char in f"{family or ''}{given or ''}")
        told = " ".join(filter(None, (given, family))) if is_latin else f"{family or ''}{given or ''}"
    bare, salutation = cells.called(told)
    if not bare:
        return None
    of.asking = "name"
    every = [bare, *(one for one in (family, given, said) if one)]
    if any(len(one) > _LONGEST_NAME or not names.is_writable(one) for one in every):
        raise _Wrong(Reason.NAME_UNWRITABLE, "name")
    if said is not None and len(said) > 20:  # noqa: PLR2004 - as the record takes it
        said = None
    # What is left of 王女士 is a surname.
    only = bare if salutation and len(bare) <= len("欧阳") and not bare.isascii() and family is None else None
    return Named(bare, family or only, given, said or salutation)


def _known(of: _Cells, *, phones: bool = True) -> list[Known]:
    found = []
    if member := of.number_of("member"):
        found.append(Known("member", member))
    if pos := of.number_of("pos_number"):
        found.append(Known("pos", pos, of.plan.constants["pos"]))
    if phones:
        for cell in of.every("phone"):
            found += [Known("phone", one) for one in cells.phones(cell)]
    return list(dict.fromkeys(found))


def _whom(of: _Cells) -> Whom:
    known = _known(of)
    if not known:
        raise _Wrong(Reason.NO_IDENTITY, WHOSE[0])
    return Whom(tuple(known), _name(of))


# --- kind by kind ----------------------------------------------------------------------------------------------------


def _client(of: _Cells, number: int) -> ClientLine:
    name = _name(of)
    if name is None:
        raise _Wrong(Reason.NAME_MISSING, "name")
    known = _known(of, phones=False)
    bad: Unreadable | None = None
    for cell in of.every("phone"):
        try:
            known += [Known("phone", one) for one in cells.phones(cell)]
        except Unreadable as wrong:
            bad = wrong
            of.left_out.append(LeftOut(wrong.code.value))
    if told := of.every("email"):
        try:
            known.append(Known("email", mailbox(cells.plain(told[0]))))
        except EmailUnreadable:
            of.left_out.append(LeftOut.EMAIL_UNREADABLE)
    known = list(dict.fromkeys(known))
    if not known:
        # A bad phone is left out only of somebody who is known without it.
        raise _Wrong(bad.code if bad else Reason.NO_IDENTITY, "phone" if bad else WHOSE[0])
    return ClientLine(number, Whom(tuple(known), name), name, _birthday(of), tuple(of.left_out))


def _birthday(of: _Cells) -> Day | None:
    told = of.every("birthday")
    if not told:
        return None
    try:
        day = cells.birthday(told[0], of.zone)
        days.check(day, today=of.today)
    except Unreadable as wrong:
        partial = wrong.code is Reason.DATE_PARTIAL
        of.left_out.append(LeftOut.BIRTHDAY_PARTIAL if partial else LeftOut.BIRTHDAY_UNREADABLE)
        return None
    except (NoSuchDay, DayAhead):
        of.left_out.append(LeftOut.BIRTHDAY_UNREADABLE)
        return None
    if day.year is not None and not days.FIRST_YEAR <= day.year <= days.LAST_YEAR:
        of.left_out.append(LeftOut.BIRTHDAY_UNREADABLE)
        return None
    return day


def _consent(of: _Cells, number: int) -> ConsentLine:
    whom = _whom(of)
    purpose = _PURPOSES.get(of.text("purpose").casefold())
    if purpose is None:
        raise _Wrong(Reason.PURPOSE_UNKNOWN, "purpose")
    granted = True
    if "granted" in of.plan.columns:
        answer = of.text("granted").casefold()
        if answer not in _YES | _NO:
            raise _Wrong(Reason.ANSWER_UNREADABLE, "granted")
        granted = answer in _YES
    notice, evidence = of.text("notice_version"), of.text("evidence")
    given = of.when("given_on")
    if given is None:
        raise _Wrong(Reason.GIVEN_ON_MISSING, "given_on")
    if given.on is None:
        raise _Wrong(Reason.DATE_PARTIAL, "given_on")
    if given.on > of.today:
        raise _Wrong(Reason.DATE_AHEAD, "given_on")
    # A no needs no proof.
    if granted and not notice:
        raise _Wrong(Reason.NOTICE_MISSING, "notice_version")
    if notice and not _CODE.match(notice):
        raise _Wrong(Reason.NOTICE_UNFIT, "notice_version")
    if granted and not evidence:
        raise _Wrong(Reason.EVIDENCE_MISSING, "evidence")
    return ConsentLine(number, whom, purpose, granted, notice, _begins(given, of.zone), evidence[:_LONGEST_EVIDENCE])


def _note(of: _Cells, number: int) -> NoteLine:
    whom = _whom(of)
    words = (of.every("words") or [""])[0].strip()
    if not words:
        raise _Wrong(Reason.WORDS_MISSING, "words")
    if len(words) > _LONGEST_WORDS:
        raise _Wrong(Reason.WORDS_TOO_LONG, "words")
    written = of.when("written_on")
    if written is not None and date(written.year, written.month or 1, written.day or 1) > of.today:
        raise _Wrong(Reason.DATE_AHEAD, "written_on")
    return NoteLine(number, whom, words, _begins(written, of.zone) if written else None)


def _purchase(of: _Cells, number: int) -> PurchaseLine:
    receipt = of.number_of("receipt")
    if not receipt:
        raise _Wrong(Reason.RECEIPT_MISSING, "receipt")
    piece_code = of.number_of("piece_code")
    if not piece_code:
        raise _Wrong(Reason.PIECE_CODE_MISSING, "piece_code")
    store = of.text("store")
    if not store:
        raise _Wrong(Reason.STORE_MISSING, "store")
    if not _CODE.match(store):
        raise _Wrong(Reason.STORE_UNFIT, "store")
    currency, when, quantity, unit, net = _money(of)
    told = of.every("line")
    place = cells.whole(told[0], Reason.LINE_UNREADABLE) if told else 0
    known = _known(of)
    description = of.text("description")[:_LONGEST_DESCRIPTION] or None
    line = ReceiptLine(place, piece_code, quantity, unit, net, description)
    return PurchaseLine(
        number=number,
        whom=Whom(tuple(known), _name(of)) if known else None,
        pos=of.plan.constants["pos"],
        receipt=receipt,
        store=store,
        currency=currency,
        when=when,
        purchased_at=_begins(when, of.zone),
        line=line,
        worth=Worth(currency, when.year, net),
        numbered=bool(told),
    )


def _money(of: _Cells) -> tuple[str, When, int, int, int]:
    """Currency, when, quantity, unit price and net of a purchase's line, in minor units."""
    currency = cells.currency_of(of.text("currency"))
    if not currency:
        raise _Wrong(Reason.CURRENCY_MISSING, "currency")
    when = of.when("purchased_on")
    if when is None:
        raise _Wrong(Reason.DATE_UNREADABLE, "purchased_on")
    quantity = cells.whole(of.text("quantity"), Reason.QUANTITY_UNREADABLE)
    net = cells.minor(of.text("net"), currency) if of.text("net") else None
    # Old systems write what comes back with a negative price, a negative quantity or both.
    if net is not None and net < 0 < quantity:
        quantity = -quantity
    of.asking = "unit_price"
    if price := of.text("unit_price"):
        unit = cells.minor(price, currency)
        if unit < 0:
            unit, quantity = -unit, -abs(quantity)
    elif net is None or not quantity:
        raise _Wrong(Reason.PRICE_UNREADABLE, "unit_price")
    else:
        unit = abs(net) // abs(quantity)
    if net is None:
        net = unit * quantity
    elif quantity < 0 < net:
        net = -net
    return currency, when, quantity, unit, net


def _begins(when: When, zone: ZoneInfo) -> datetime:
    """The moment that is told, or the beginning of the day, month or year."""
    if when.at is not None:
        return when.at
    if when.on is not None:
        return datetime.combine(when.on, time(), tzinfo=zone).astimezone(UTC)
    return datetime(when.year, when.month or 1, 1, tzinfo=UTC)


_READS: Mapping[Kind, Callable[[_Cells, int], Understood]] = {
    Kind.CLIENTS: _client,
    Kind.CONSENTS: _consent,
    Kind.NOTES: _note,
    Kind.PURCHASES: _purchase,
}
