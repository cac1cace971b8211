"""What was between her and the house: contacts, wishes, messages, visits expected."""

from infra.copies import Portion, opened, parsed, read

HERS = "client_id = any(:ids)"

COPIED = (
    Portion(
        "touchpoint",
        "往来记录",
        "Your timeline",
        hers=HERS,
        order="occurred_at, touchpoint_id",
        fields=(
            read("kind", "类别", "Kind"),
            read("occurred_at", "时间", "At"),
            read("boutique_id", "精品店编号", "Boutique id"),
            read("subject_id", "所涉事项编号", "Id of what it was about"),
            parsed("details", "详情", "Details"),
        ),
    ),
    Portion(
        "reported_contact",
        "其他系统与人员记录的往来",
        "Contacts that others reported",
        hers=HERS,
        order="occurred_at, contact_id",
        fields=(
            read("system", "来源系统", "System"),
            read("kind", "类别", "Kind"),
            read("occurred_at", "时间", "At"),
            read("boutique_id", "精品店编号", "Boutique id"),
            read("piece_code", "单品编码", "Piece code"),
            read("why_not", "未购原因", "Why it was not bought"),
            read("appointment_id", "预约编号", "Appointment id"),
        ),
    ),
    Portion(
        "wish",
        "心愿",
        "Wishes",
        hers=HERS,
        order="noted_at, wish_id",
        fields=(
            read("piece_code", "单品编码", "Piece code"),
            read("boutique_id", "精品店编号", "Boutique id"),
            read("noted_at", "记录时间", "Noted at"),
            read("closed_at", "结束时间", "Closed at"),
            read("closed_as", "结果", "Closed as"),
        ),
    ),
    Portion(
        "message",
        "发给您的消息",
        "Messages to you",
        hers=HERS,
        order="asked_at, message_id",
        fields=(
            read("message_id", "消息编号", "Message id"),
            read("purpose", "目的", "Purpose"),
            read("template", "模板", "Template"),
            opened("variables", "message_id", "填写内容", "Values", is_json=True),
            opened("words", "message_id", "内容", "Words", is_json=True),
            read("channel", "渠道", "Channel"),
            read("status", "状态", "Status"),
            read("reason", "未送达原因", "Why it did not go"),
            read("asked_at", "提交时间", "Asked for at"),
            read("settled_at", "发送时间", "Settled at"),
        ),
    ),
    Portion(
        "channel_word",
        "您对各渠道的选择",
        "Channels you do not want",
        hers=HERS,
        order="channel, purpose",
        fields=(
            read("channel", "渠道", "Channel"),
            read("purpose", "目的", "Purpose"),
            read("is_declined", "不接收", "Declined"),
            read("said_at", "时间", "At"),
        ),
    ),
    Portion(
        "message_credit",
        "您授权的订阅消息",
        "Subscribe messages you granted",
        hers="openid_blind = any(:blinds)",
        order="template_id",
        fields=(
            read("template_id", "模板", "Template"),
            read("remaining", "剩余次数", "Left"),
            read("rejected_at", "拒绝时间", "Rejected at"),
        ),
    ),
    Portion(
        "wechat_event",
        "微信消息回执",
        "Whether WeChat delivered them",
        hers=f"message_ref in (select channel_ref from message where brand_id = :brand and {HERS})",  # noqa: S608
        order="occurred_at, event_id",
        fields=(
            read("kind", "类别", "Kind"),
            read("error_code", "错误码", "Error code"),
            read("occurred_at", "时间", "At"),
        ),
    ),
    Portion(
        "presence",
        "店内接待时段",
        "When a boutique expects you",
        hers=HERS,
        order="from_at, appointment_id",
        fields=(
            read("appointment_id", "预约编号", "Appointment id"),
            read("boutique_id", "精品店编号", "Boutique id"),
            read("from_at", "自", "From"),
            read("until_at", "至", "Until"),
        ),
    ),
)
