"""What she has with the house: points, cards, privileges, and the lists she was in."""

from infra.copies import Portion, opened, read

HERS = "client_id = any(:ids)"

COPIED = (
    Portion(
        "points_entry",
        "积分明细",
        "Your points",
        hers=HERS,
        order="number",
        fields=(
            read("kind", "类别", "Kind"),
            read("points", "积分", "Points"),
            read("entered_at", "时间", "At"),
            read("expires_on", "到期日", "Count until"),
            read("purchase_id", "消费编号", "Purchase id"),
            read("contact", "互动类别", "Kind of contact"),
            read("contact_on", "互动日期", "Day of the contact"),
            opened("reason", "entry_id", "原因", "Reason"),
        ),
    ),
    Portion(
        "card",
        "会员卡",
        "Your cards",
        hers=HERS,
        order="issued_at, card_id",
        fields=(
            read("tier_id", "等级编号", "Tier id"),
            read("issued_at", "发卡时间", "Issued at"),
            read("expires_on", "有效期至", "Valid until"),
            read("ended_at", "终止时间", "Ended at"),
            read("ended_as", "终止方式", "Ended as"),
        ),
    ),
    Portion(
        "card_wait",
        "会员卡候补",
        "Cards you waited for",
        hers=HERS,
        order="joined_at, wait_id",
        fields=(
            read("tier_id", "等级编号", "Tier id"),
            read("status", "状态", "Status"),
            read("joined_at", "候补时间", "Joined at"),
            read("offered_at", "提供时间", "Offered at"),
            read("offer_until", "保留至", "Offered until"),
        ),
    ),
    Portion(
        "privilege_grant",
        "礼遇",
        "Your privileges",
        hers=HERS,
        order="listed_at, grant_id",
        fields=(
            read("privilege_id", "礼遇编号", "Privilege id"),
            read("status", "状态", "Status"),
            read("listed_at", "登记时间", "Listed at"),
            read("granted_at", "授予时间", "Granted at"),
            read("handed_over_at", "交付时间", "Handed over at"),
        ),
    ),
    Portion(
        "list_member",
        "曾被列入的名单",
        "Lists you were in",
        hers=HERS,
        order="list_id",
        fields=(read("list_id", "名单编号", "List id"),),
    ),
)
