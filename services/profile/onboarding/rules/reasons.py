"""Why a line is refused, what of a line is left out, and why something is not taken back."""

from collections.abc import Mapping
from enum import StrEnum


class Reason(StrEnum):
    """Why a line is not taken. Lines of purchases also have the reasons of `purchases.rules.lines.Fault`."""

    NOT_CSV = "not-csv"
    NOT_TEXT = "not-text"
    TOTALS_ROW = "totals-row"
    TEST_ROW = "test-row"
    NAME_MISSING = "name-missing"
    NAME_UNWRITABLE = "name-unwritable"
    NO_IDENTITY = "no-identity"
    PHONE_ROUNDED = "phone-rounded"
    PHONE_UNREADABLE = "phone-unreadable"
    PHONE_SHARED = "phone-shared"
    PHONE_OF_ANOTHER = "phone-of-another"
    EMAIL_OF_ANOTHER = "email-of-another"
    IDENTITIES_OF_TWO = "identities-of-two-clients"
    NUMBER_TOO_LONG = "number-too-long"
    NUMBER_ROUNDED = "number-rounded"
    CLIENT_ERASED = "client-erased"
    CLIENT_UNKNOWN = "client-unknown"
    RESTRICTED = "processing-restricted"
    PURPOSE_UNKNOWN = "purpose-unknown"
    ANSWER_UNREADABLE = "answer-unreadable"
    NOTICE_MISSING = "notice-version-missing"
    NOTICE_UNFIT = "notice-version-unfit"
    EVIDENCE_MISSING = "evidence-missing"
    GIVEN_ON_MISSING = "given-on-missing"
    WITHDRAWN_SINCE = "withdrawn-since"
    GUARDIAN_NEEDED = "guardian-needed"
    WORDS_MISSING = "words-missing"
    WORDS_TOO_LONG = "words-too-long"
    DATE_UNREADABLE = "date-unreadable"
    DATE_PARTIAL = "date-partial"
    DATE_AHEAD = "date-ahead"
    RECEIPT_MISSING = "receipt-missing"
    PIECE_CODE_MISSING = "piece-code-missing"
    STORE_MISSING = "store-missing"
    STORE_UNFIT = "bad-store-code"
    QUANTITY_UNREADABLE = "quantity-not-a-number"
    PRICE_UNREADABLE = "price-not-a-number"
    PRICE_NOT_MINOR = "price-not-in-minor-units"
    CURRENCY_MISSING = "currency-missing"
    LINE_UNREADABLE = "line-number-unreadable"


# In both languages, for whoever mends the reject file.
SAID: Mapping[str, tuple[str, str]] = {
    Reason.NOT_CSV: ("引号未闭合", "a quotation mark is never closed"),
    Reason.NOT_TEXT: ("含无法识别的字符", "characters that cannot be read"),
    Reason.TOTALS_ROW: ("合计行", "a row of totals"),
    Reason.TEST_ROW: ("测试数据", "a test row"),
    Reason.NAME_MISSING: ("缺少姓名", "no name"),
    Reason.NAME_UNWRITABLE: ("姓名无法使用", "a name that cannot be kept"),
    Reason.NO_IDENTITY: ("无手机号、邮箱、会员号或收银客户号", "no phone, e-mail, member number or till's number"),
    Reason.PHONE_ROUNDED: ("手机号已被 Excel 截断", "Excel has rounded the phone"),
    Reason.PHONE_UNREADABLE: ("手机号无法识别", "not a mobile number"),
    Reason.PHONE_SHARED: ("多人共用的手机号", "a phone that several people share"),
    Reason.PHONE_OF_ANOTHER: ("手机号属于另一位姓名不同的客户", "the phone of a client with another name"),
    Reason.EMAIL_OF_ANOTHER: ("邮箱属于另一位姓名不同的客户", "the e-mail address of a client with another name"),
    Reason.IDENTITIES_OF_TWO: ("号码分属两位客户", "its numbers are two clients'"),
    Reason.NUMBER_TOO_LONG: ("号码过长", "a number of more than 200 characters"),
    Reason.NUMBER_ROUNDED: ("号码已被 Excel 截断", "Excel has rounded the number"),
    Reason.CLIENT_ERASED: ("客户已应本人要求删除", "the client was erased at her wish"),
    Reason.CLIENT_UNKNOWN: ("查无此客户，请先导入客户", "no such client; import the clients first"),
    Reason.RESTRICTED: ("客户信息已限制处理", "the client's data may not be used"),
    Reason.PURPOSE_UNKNOWN: ("同意目的无法识别", "not a purpose"),
    Reason.ANSWER_UNREADABLE: ("同意与否无法识别", "neither yes nor no"),
    Reason.NOTICE_MISSING: ("缺少告知版本", "no notice version"),
    Reason.NOTICE_UNFIT: ("告知版本格式不符", "a notice version holds letters, digits, - . _ only"),
    Reason.EVIDENCE_MISSING: ("缺少同意凭证", "nothing proves the consent"),
    Reason.GIVEN_ON_MISSING: ("缺少同意日期", "no day of the consent"),
    Reason.WITHDRAWN_SINCE: ("此后已撤回同意", "withdrawn since"),
    Reason.GUARDIAN_NEEDED: ("未满 14 周岁，须监护人同意", "under 14: her guardian has to consent"),
    Reason.WORDS_MISSING: ("笔记为空", "the note says nothing"),
    Reason.WORDS_TOO_LONG: ("笔记超过 4000 字", "a note of more than 4,000 characters"),
    Reason.DATE_UNREADABLE: ("日期无法识别", "not a date"),
    Reason.DATE_PARTIAL: ("日期不完整", "a date without its day"),
    Reason.DATE_AHEAD: ("日期晚于今天", "a date in the future"),
    Reason.RECEIPT_MISSING: ("缺少小票号", "no receipt number"),
    Reason.PIECE_CODE_MISSING: ("缺少货号", "no piece code"),
    Reason.STORE_MISSING: ("缺少门店代码", "no store code"),
    Reason.STORE_UNFIT: ("门店代码格式不符", "a store code holds letters, digits, - . _ only"),
    Reason.QUANTITY_UNREADABLE: ("数量无法识别", "not a whole number"),
    Reason.PRICE_UNREADABLE: ("金额无法识别", "not an amount"),
    Reason.PRICE_NOT_MINOR: ("金额小于最小货币单位", "a fraction of the smallest unit"),
    Reason.CURRENCY_MISSING: ("缺少币种", "no currency"),
    Reason.LINE_UNREADABLE: ("小票行号无法识别", "not a line number"),
}


class LeftOut(StrEnum):
    """What of a line is not kept although the line is."""

    BIRTHDAY_PARTIAL = "birthday-partial"
    BIRTHDAY_UNREADABLE = "birthday-unreadable"
    PHONE_UNREADABLE = "phone-unreadable"
    PHONE_ROUNDED = "phone-rounded"
    PHONE_OF_ANOTHER = "phone-of-another"
    EMAIL_UNREADABLE = "email-unreadable"
    EMAIL_OF_ANOTHER = "email-of-another"


class Stays(StrEnum):
    """Why something that an import wrote is not taken back."""

    KNOWN_SINCE = "known-since"  # more has become known of the client, or she was merged
    CHANGED_SINCE = "changed-since"  # somebody changed it
    CLAIMED_SINCE = "claimed-since"  # the receipt has found its client, or another one
    RETURNED_SINCE = "returned-since"  # something came back of the receipt
    PIECE_OWNED = "piece-owned"  # a piece with a serial is on it
    CLAIM_STANDS = "claim-stands"  # the receipt was there before, and has found its client
    GONE = "gone"  # it is not there any more


def said(code: str) -> str:
    """A reason as it stands in the reject file: its code, and a sentence in both languages where there is one."""
    zh, en = SAID.get(code, ("", ""))
    return f"{code}: {zh} / {en}" if zh else code
