"""What the columns of a file may mean, how headers call it, and what a mapping must say."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.profile.onboarding.rules.steps import Kind, MappingUnfit

MOST_COLUMNS = 200  # of a file
MOST_OF_A_FIELD = 5  # columns that say the same, such as two phones
# What the reject file adds; read again, the receipt's line number is taken from there.
LINE, REASON, RECEIPT_LINE = "maison:line", "maison:reason", "maison:receipt-line"


@dataclass(frozen=True, slots=True)
class Field:
    """One thing a line may say. `headers` are what columns that say it are called, folded."""

    headers: frozenset[str]
    is_needed: bool = False
    several: bool = False  # more than one column may say it


def _field(headers: str, *, needed: bool = False, several: bool = False) -> Field:
    return Field(frozenset(fold(one) for one in headers.split("|")), needed, several)


def fold(header: str) -> str:
    """A header as it is compared: full width as half, no blanks, no brackets' contents, lower case."""
    text = unicodedata.normalize("NFKC", header).casefold()
    text = text.partition("(")[0] or text
    return "".join(char for char in text if char.isalnum() or char == ":")


_MEMBER = _field(
    "会员号|会员编号|会员卡号|会员id|客户编号|客户号|客户id|卡号|vip卡号|顾客编号|member|member no|member number|"
    "member id|membership|client id|client no|customer id|customer no|customer number|card no|crm id"
)
_PHONE = _field(
    "手机|手机号|手机号码|电话|电话号码|联系电话|联系方式|移动电话|手机1|手机2|电话1|电话2|备用电话|备用手机|phone|"
    "phone number|mobile|mobile phone|mobile no|cell|tel|telephone|contact number|phone2|mobile2",
    several=True,
)
_POS = _field("收银客户号|pos客户号|pos编号|收银编号|pos id|pos number|till number|till customer|pos customer")
_NAME = "姓名|客户姓名|名字|会员姓名|顾客姓名|客户名称|中文名|name|full name|client name|customer name|display name"
_WHOSE = {"member": _MEMBER, "phone": _PHONE, "pos_number": _POS, "name": _field(_NAME)}

FIELDS: Mapping[Kind, Mapping[str, Field]] = {
    Kind.CLIENTS: {
        **_WHOSE,
        "family_name": _field("姓|姓氏|family name|last name|surname"),
        "given_name": _field("名|given name|first name|forename"),
        "salutation": _field("称谓|称呼|尊称|salutation|title"),
        "email": _field("邮箱|电子邮箱|电子邮件|邮件|邮箱地址|email|email address|mail"),
        "birthday": _field("生日|出生日期|出生年月日|出生年月|阳历生日|birthday|birth date|date of birth|dob"),
    },
    Kind.CONSENTS: {
        **_WHOSE,
        "purpose": _field("目的|同意目的|授权目的|用途|授权类型|purpose|consent type|consent"),
        "granted": _field("是否同意|同意|授权|结果|granted|opt in|agreed|answer"),
        "notice_version": _field(
            "告知版本|隐私政策版本|协议版本|版本|notice version|notice|policy version|privacy version"
        ),
        "given_on": _field("同意日期|同意时间|授权日期|授权时间|签署日期|given on|consent date|date|signed on"),
        "evidence": _field("凭证|同意凭证|证据|签字单号|凭证编号|evidence|proof|form no|reference"),
    },
    Kind.NOTES: {
        **_WHOSE,
        "words": _field(
            "备注|笔记|内容|客户备注|跟进记录|沟通记录|note|notes|words|text|comment|comments|remark", needed=True
        ),
        "written_on": _field("日期|记录日期|时间|跟进日期|记录时间|date|written on|noted on|created"),
    },
    Kind.PURCHASES: {
        **_WHOSE,
        "receipt": _field(
            "小票号|小票|单号|订单号|销售单号|流水号|票号|receipt|receipt no|receipt number|invoice|invoice no|"
            "order no|order number|transaction",
            needed=True,
        ),
        "line": _field(f"{RECEIPT_LINE}|行号|明细行号|序号|line|line no|line number"),
        "piece_code": _field(
            "货号|款号|商品编码|商品代码|sku|条码|产品编号|piece code|item code|style|product code|stock code|article",
            needed=True,
        ),
        "description": _field("商品名称|品名|描述|产品名称|description|item|product|product name"),
        "quantity": _field("数量|件数|销售数量|quantity|qty|pieces", needed=True),
        "unit_price": _field("单价|售价|成交单价|unit price|price"),
        "net": _field("实收金额|成交金额|金额|实付金额|销售额|net|amount|net amount|total|line total"),
        "currency": _field("币种|货币|currency|ccy"),
        "purchased_on": _field(
            "日期|购买日期|销售日期|消费日期|交易日期|交易时间|成交日期|购买时间|消费时间|date|purchase date|sale date|"
            "invoice date|purchased on|sold on",
            needed=True,
        ),
        "store": _field("门店|门店代码|店铺|店铺代码|店号|专柜|store|store code|shop|boutique|location"),
    },
}

# One of these has to be there: a column, or a value for all lines.
WHOSE = ("member", "phone", "pos_number")
CONSTANTS: Mapping[Kind, frozenset[str]] = {
    Kind.CLIENTS: frozenset({"pos"}),
    Kind.CONSENTS: frozenset({"pos", "purpose", "notice_version", "evidence"}),
    Kind.NOTES: frozenset({"pos"}),
    Kind.PURCHASES: frozenset({"pos", "currency", "store", "channel"}),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a mapping: the field or constant, and why; of what we do not know the name is not repeated."""

    field: str
    why: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Which columns say what, by their place in the file, and what holds for every line."""

    kind: Kind
    columns: Mapping[str, tuple[int, ...]]
    constants: Mapping[str, str] = field(default_factory=dict)
    zone: str = "Asia/Shanghai"


def suggested(kind: Kind, headers: Sequence[str]) -> dict[str, list[str]]:
    """Which columns seem to say what, by what they are called: the one that is called so first wins."""
    fields = FIELDS[kind]
    found: dict[str, list[str]] = {}
    for header in headers:
        folded = fold(header)
        for name, one in fields.items():
            if folded in one.headers and (one.several or name not in found):
                if len(found.get(name, ())) < MOST_OF_A_FIELD:
                    found.setdefault(name, []).append(header)
                break
    return found


def check(
    kind: Kind, headers: Sequence[str], columns: Mapping[str, Sequence[str]], constants: Mapping[str, str], zone: str
) -> Plan:
    """The mapping as lines are read by it; raises MappingUnfit that names everything that is wrong."""
    fields, places = FIELDS[kind], {header: place for place, header in enumerate(headers)}
    faults: list[Fault] = []
    used: dict[str, str] = {}
    for name, wanted in columns.items():
        if name not in fields:
            faults.append(Fault("columns", "field-unknown"))
            continue
        if len(wanted) > 1 and not fields[name].several:
            faults.append(Fault(name, "one-column-only"))
        for column in wanted:
            if column not in places:
                faults.append(Fault(name, "column-unknown"))
            elif used.setdefault(column, name) != name:
                faults.append(Fault(name, "column-used-twice"))
    faults += [Fault("constants", "constant-unknown") for name in constants if name not in CONSTANTS[kind]]
    told = {name for name, wanted in columns.items() if wanted}
    said = told | set(constants)
    faults += [Fault(name, "missing") for name, one in fields.items() if one.is_needed and name not in told]
    faults += [Fault(name, "missing") for name in _missing(kind, told, said)]
    if faults:
        raise MappingUnfit(faults=[{"field": one.field, "why": one.why} for one in faults[:50]])
    return Plan(kind, {name: tuple(places[one] for one in wanted) for name, wanted in columns.items()}, constants, zone)


def _missing(kind: Kind, told: set[str], said: set[str]) -> list[str]:
    missing = []
    if "pos_number" in told and "pos" not in said:
        missing.append("pos")
    if kind is Kind.PURCHASES:
        missing += [name for name in ("pos", "currency", "store") if name not in said]
        return [*missing, *(["unit_price"] if not told & {"unit_price", "net"} else [])]
    if not told.intersection(WHOSE):
        missing.append("member")
    if kind is Kind.CLIENTS and not told & {"name", "family_name", "given_name"}:
        missing.append("name")
    # Without the columns every line would be refused, one by one.
    if kind is Kind.CONSENTS:
        missing += [name for name in ("purpose", "notice_version", "evidence") if name not in said]
        missing += ["given_on"] if "given_on" not in told else []
    return missing
