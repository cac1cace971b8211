"""What Maison itself does with personal data: the register as it stands before an officer has written anything.

One entry per purpose, from the purposes a client may allow and the tables that hold something of hers. A test holds it
to both: a new table, or a new purpose, wants a line here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.profile.registers.rules.activities import LegalBasis, Place
from services.profile.registers.rules.entries import Category

SINCE = date(2026, 1, 1)


@dataclass(frozen=True, slots=True)
class Standing:
    """One activity that the software brings along, and the tables it keeps its data in, by service."""

    number: int
    name: str
    purpose: str
    basis: LegalBasis
    categories: tuple[Category, ...]
    tables: Mapping[str, tuple[str, ...]]
    retention: str
    consent_purpose: str | None = None
    separate: bool = False
    automated: bool = False
    recipients: tuple[tuple[str, str, Place], ...] = ()  # name, country, what they are to the house

    @property
    def entry_id(self) -> UUID:
        """The same in every brand and every installation; older than anything an officer enters."""
        return UUID(f"00000000-0000-7000-8000-{self.number:012d}")

    @property
    def stored_in(self) -> str:
        """Where its data lies, in words."""
        return "; ".join(f"{service}: {', '.join(tables)}" for service, tables in self.tables.items())


_CONTRACT, _CONSENT, _DUTY = LegalBasis.CONTRACT, LegalBasis.CONSENT, LegalBasis.LEGAL_DUTY
_WECHAT = ("微信 WeChat (Tencent)", "CN", Place.PROCESSOR)
# Where the house has set them up: see docs/messages.md.
_WECOM = ("企业微信 WeCom (Tencent)", "CN", Place.PROCESSOR)
_SMS = ("腾讯云短信 Tencent Cloud SMS", "CN", Place.PROCESSOR)

STANDING = (
    Standing(
        1,
        "客户档案 Client record",
        "识别并称呼客户，合并重复档案。To recognise a client in every boutique and address her rightly.",
        _CONTRACT,
        (Category.NAME, Category.CONTACT, Category.IDENTIFIERS, Category.BIRTHDAY),
        {
            "profile": (
                "client", "identity", "client_merge", "client_alias", "never_merge", "duplicate", "duplicate_search",
                "client_owner", "client_date", "client_deputy", "handover_client", "wecom_contact",
            ),
            "appointments": (
                "client_owner", "client_alias", "client_merge", "reassignment", "client_deputy",
            ),
            "feedback": ("client_alias", "client_merge"),
            "recommend": ("client_alias", "client_merge"),
        },
        "客户要求删除时删除。Until she is erased.",
    ),
    Standing(
        2,
        "消费与现金申报 Purchases and cash reports",
        "履行合同、售后、会计及反洗钱义务。Contract, care, accounts and the duty to report cash.",
        _DUTY,
        (Category.PURCHASES, Category.OWNED_PIECES, Category.CONTACT),
        {
            "profile": (
                "purchase", "purchase_line", "purchase_share", "cash_flag", "remote_sale", "claim_attempt",
                "owned_piece", "piece_change", "piece_service",
            ),
            "recommend": ("bought",),
        },
        "会计凭证依法保存，删除客户时解除关联。As the law on accounting wants; unlinked when she is erased.",
    ),
    Standing(
        3,
        "预约、活动与到店 Appointments, occasions and visits",
        "安排并准备到店与活动。To agree on a visit or an occasion and prepare it.",
        _CONTRACT,
        (Category.VISITS, Category.NAME),
        {
            "appointments": (
                "appointment", "occupation", "proposal", "disrupted_visit", "arrangement", "notice", "visit", "sale",
                "waitlist_entry", "waitlist_offer", "occasion_invitation", "guest_message", "experience_guest",
            ),
            "profile": ("presence",),
            "recommend": ("visit",),
        },
        "三年后解除关联。Unlinked after three years.",
    ),
    Standing(
        4,
        "触点与心愿 Contacts and wishes",
        "一条时间线，了解客户需求。One timeline of what she did, asked for and was shown.",
        _CONTRACT,
        (Category.CONTACTS, Category.PREFERENCES),
        {"profile": ("touchpoint", "reported_contact", "wish")},
        "客户不活跃满期后删除。Deleted when a client has been inactive for the declared period.",
    ),
    Standing(
        5,
        "客户顾问的笔记、偏好与关系 Notes, preferences and relations",
        "为客户本人提供更好的服务。To serve her as she likes to be served.",
        _CONTRACT,
        (Category.NOTES, Category.PREFERENCES, Category.RELATIONS),
        {"profile": ("note", "preference", "relation", "client_plan")},
        "客户要求删除时删除。Until she is erased.",
    ),
    Standing(
        6,
        "个性化 Personalisation",
        "推算客户分层、价值与前景，并据其消费与往来选品，可关闭。"
        "Segment, value, outlook and pieces by what she bought, did and told us; she may switch it off.",
        _CONSENT,
        (Category.SEGMENT, Category.PURCHASES, Category.CONTACTS, Category.PREFERENCES),
        {
            "profile": ("client_segment", "future_vic"),
            "appointments": ("client_segment",),
            "recommend": ("consent", "assortment", "assortment_piece"),
        },
        "撤回同意时删除标签。Tags are deleted when she withdraws.",
        consent_purpose="personalisation",
        automated=True,
    ),
    Standing(
        7,
        "营销信息 Marketing messages",
        "经其同意发送新品与活动信息。To tell her of pieces and occasions, if she allows it.",
        _CONSENT,
        (Category.MESSAGES, Category.IDENTIFIERS),
        {"profile": ("message", "message_credit", "wechat_event", "channel_word")},
        "两年后删除。Deleted after two years.",
        consent_purpose="marketing",
        recipients=(_WECHAT, _WECOM, _SMS),
    ),
    Standing(
        8,
        "问卷与工单 Surveys and work orders",
        "倾听并改进。To hear how it was, and put right what was wrong.",
        _CONSENT,
        (Category.OPINIONS, Category.CONTACT),
        {
            "feedback": (
                "invitation", "invitation_message", "answer", "work_order", "work_order_step", "work_order_note",
            )
        },
        "三年后解除关联。Unlinked after three years.",
        consent_purpose="survey",
    ),
    Standing(
        9,
        "身体尺寸 Measurements",
        "设备测得的尺寸，用于合身。Sizes, so that what she buys fits.",
        _CONSENT,
        (Category.MEASUREMENTS,),
        {"profile": ("sensitive_item",)},
        "撤回同意时删除。Deleted when she withdraws.",
        consent_purpose="measurements",
        separate=True,
    ),
    Standing(
        10,
        "过敏、健康与饮食 Allergies, health and diet",
        "接待时避免伤害。So that nothing she is offered does her harm.",
        _CONSENT,
        (Category.HEALTH, Category.FAITH),
        {"profile": ("sensitive_item",)},
        "撤回同意时删除。Deleted when she withdraws.",
        consent_purpose="sensitive-items",
        separate=True,
    ),
    Standing(
        11,
        "集团品牌间共享 Sharing between the group's brands",
        "经单独同意由同集团其他品牌识别。To be known to another brand of the group, by a consent of its own.",
        _CONSENT,
        (Category.NAME, Category.CONTACT, Category.PURCHASES),
        {},
        "撤回同意时终止。Ends when she withdraws.",
        consent_purpose="cross-brand",
        recipients=(("集团其他品牌 Other brands of the group", "CN", Place.HANDLER),),
        separate=True,
    ),
    Standing(
        12,
        "向境外总部提供 Export to headquarters abroad",
        "总部统计与服务；未单独同意者一律去标识化。For headquarters; pseudonymised unless she separately consented.",
        _CONSENT,
        (
            Category.NAME, Category.CONTACT, Category.BIRTHDAY, Category.PURCHASES, Category.SEGMENT,
            Category.PREFERENCES,
        ),
        {"profile": ("exported_person", "exported_in_year")},
        "登记保存三年。The register is kept for three years.",
        consent_purpose="abroad",
        separate=True,
        recipients=(("总部 Headquarters abroad", "ZZ", Place.HANDLER),),
    ),
    Standing(
        13,
        "同意、权利与查阅记录 Consents, rights and who looked",
        "证明合法处理。To prove that what is done is lawful.",
        _DUTY,
        (Category.CONSENTS, Category.IDENTIFIERS),
        {
            "profile": (
                "consent", "restriction", "data_request", "data_copy", "erasure_receipt", "erased_identity",
                "access_log", "access_grant",
            ),
            "feedback": ("restriction",),
            "recommend": ("restriction",),
        },
        "至少三年。Three years at least (PIPL 56).",
    ),
    Standing(
        14,
        "登录与安全 Sign-in and security",
        "登录、防止滥用、保证重复请求只生效一次。Signing in, guarding against misuse, acting once.",
        _CONTRACT,
        (Category.IDENTIFIERS,),
        {
            "gateway": ("session", "refresh_token", "wechat_push"),
            "每个数据库 every database": (
                "idempotency_key", "outbox", "outbox_sequence", "parked_fact", "tombstone",
            ),
        },
        "数小时至数周。Hours to weeks.",
        recipients=(_WECHAT,),
    ),
    Standing(
        15,
        "旧系统资料导入 Old files brought in",
        "导入品牌已有的客户资料，可撤回。To bring in what the house knows already; it can be taken back.",
        _CONTRACT,
        (
            Category.NAME, Category.CONTACT, Category.IDENTIFIERS, Category.BIRTHDAY, Category.PURCHASES,
            Category.NOTES, Category.CONSENTS,
        ),
        {"profile": ("import_part", "import_chunk", "import_effect")},
        "导入后即删，被拒行两周。A line that was taken goes at once, what was refused within two weeks.",
    ),
    Standing(
        16,
        "顾问待办 What advisors do for clients",
        "按约回访、致谢与问候。Thanks, calls and greetings, on the day they are due.",
        _CONTRACT,
        (Category.CONTACTS, Category.NOTES),
        {"profile": ("task", "task_outcome", "task_move", "campaign_member")},
        "结束两年后删除。Deleted two years after they are closed.",
    ),
    Standing(
        20,
        "会员积分、会员卡与礼遇 Points, cards and privileges",
        "计算积分、发放限量会员卡与礼遇。Points she earns, cards of a limited number, privileges.",
        _CONTRACT,
        (Category.PURCHASES, Category.CONTACTS, Category.IDENTIFIERS),
        {"profile": ("points_entry", "points_account", "card", "card_wait", "privilege_grant")},
        "已终止的卡与礼遇三年后删除，积分随客户删除。Ended cards and privileges go after three years, points with her.",
    ),
    Standing(
        21,
        "客户名单 Lists of clients",
        "按条件找出要服务或邀请的客户。To find whom to serve or invite, by what is known of them.",
        _CONTRACT,
        (Category.PURCHASES, Category.CONTACTS, Category.SEGMENT, Category.BIRTHDAY),
        {"profile": ("list_member",)},
        "名单快照一年后删除。A frozen list is emptied after a year.",
    ),
)  # fmt: skip
