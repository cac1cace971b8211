"""Who of the house has a client before her, and what the desk refuses."""

from infra.identity import Role
from infra.refusal import Kind, Refusal
from services.profile.privacy.rules import STAFF

# Who keeps a client's record up to date. Privacy corrects what is wrong in it and adds nothing.
KEEP_RECORDS = STAFF - {Role.PRIVACY}
# Those of the boutiques. Client service and headquarters know a client by her voice or not at all.
MEET_CLIENTS = frozenset({Role.ADVISOR, Role.AFTER_SALES, Role.EVENTS, Role.MANAGER, Role.REGIONAL})

# Who decides that two records are one person, and who takes it back; who reads afterwards why.
AUDITORS = frozenset({Role.HEADQUARTERS, Role.PRIVACY})
MERGERS = frozenset({Role.ADVISOR, Role.MANAGER, Role.REGIONAL, Role.CLIENT_SERVICE, Role.HEADQUARTERS})
SEPARATORS = MERGERS | AUDITORS

# Who moves a client's points by hand; who gives and takes cards; who puts her forward for one, or for a privilege.
MOVE_POINTS = frozenset({Role.MANAGER, Role.REGIONAL, Role.CLIENT_SERVICE, Role.HEADQUARTERS})
ISSUE_CARDS = frozenset({Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS})
PUT_FORWARD = MOVE_POINTS | {Role.ADVISOR}

UNNAMED = "微信客户"  # WeChat tells us no name
# What stands where nobody told a name; the other is what a till's customer is called.
NAMELESS = frozenset({UNNAMED, "POS client"})


class IdentityTaken(Refusal):
    """The identifier is another client's, and does not show by itself that the two are one person."""

    kind = Kind.CONFLICT
    slug = "identity-taken"
    en = "This identifier already belongs to another client. Identify her with it instead of registering her anew."
    zh = "该身份标识已属于另一位客户，请直接用它查找客户，不要重复建档。"


class BatchOvertaken(Refusal):
    """Another batch with some of the same clients was faster."""

    kind = Kind.CONFLICT
    slug = "batch-overtaken"
    en = "Another batch with some of these clients was kept at the same moment. Send this one again."
    zh = "另一批包含相同客户的数据刚刚写入，请重新提交本批次。"


class NothingToSearch(Refusal):
    """Neither a text nor a criterion, or more than one of them."""

    kind = Kind.INVALID
    slug = "nothing-to-search"
    en = (
        "Give the beginning of a name, the last four digits of a phone number, a member number, an e-mail address or a "
        "serial: one of them."
    )
    zh = "请输入姓名开头、手机号码后四位、完整会员号、邮箱或单品编号(选一)。"


class NobodyNamed(Refusal):
    """A relation to neither a client nor a name, or to both."""

    kind = Kind.MALFORMED
    slug = "nobody-named"
    en = "Give either the other client or, for somebody who is no client, a name."
    zh = "请指定另一位客户；若对方不是客户，请填写姓名(二者选一)。"


class SystemMissing(Refusal):
    """A till's or a shop's number without the system that gave it, or a WeCom contact without the corp."""

    kind = Kind.INVALID
    slug = "system-missing"
    en = "Say which till system, shop or WeCom corp gave this number."
    zh = "请注明该编号所属的收银系统、店铺或企业微信。"


class WechatUnclear(Refusal):
    """Neither an app's openid nor a corp's contact, or half of one, or both."""

    kind = Kind.INVALID
    slug = "wechat-unclear"
    en = "Give either an appid with its openid, or a corpid with its external_userid."
    zh = "请提供 appid 与 openid，或 corpid 与 external_userid(二者选一，且成对提供)。"


class MaskUnreadable(Refusal):
    """Not what a shop shows of a phone."""

    kind = Kind.INVALID
    slug = "mask-unreadable"
    en = "This is not a masked number. Give it as the shop shows it, as 138****8000."
    zh = "脱敏号码无法识别，请按店铺显示的形式填写，例如 138****8000。"
