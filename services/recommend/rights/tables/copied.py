"""What recommend tells a client who wants a copy of her data, and why the rest is left out."""

from infra.copies import Portion, read

HERS = "client_id = any(:ids)"

_NAME = "(select p.name_zh || ' ' || p.name_en from piece p where p.brand_id = {0}.brand_id and p.piece_code = {0}.{1})"
_OF_ASSORTMENT = (
    "(select a.{0} from assortment a where a.brand_id = assortment_piece.brand_id"
    " and a.assortment_id = assortment_piece.assortment_id)"
)

COPIED = (
    Portion(
        "consent",
        "是否可为您作个性化推荐",
        "Whether pieces may be chosen for you",
        hers=HERS,
        order="decided_at, purpose",
        fields=(
            read("purpose", "目的", "Purpose"),
            read("granted", "已同意", "Allowed"),
            read("decided_at", "决定时间", "Decided at"),
        ),
    ),
    Portion(
        "restriction",
        "限制使用",
        "Restriction",
        hers=HERS,
        order="restricted_at",
        fields=(read("restricted_at", "限制时间", "Restricted at"),),
    ),
    Portion(
        "bought",
        "用于了解您喜好的购买记录",
        "Purchases that your taste is read from",
        hers=HERS,
        order="purchased_at, purchase_id, piece_code",
        fields=(
            read("purchase_id", "消费编号", "Purchase id"),
            read("piece_code", "单品编码", "Piece code"),
            read("piece", "单品", "Piece", _NAME.format("bought", "piece_code")),
            read("quantity", "数量", "Quantity"),
            read("purchased_at", "购买时间", "Purchased at"),
        ),
    ),
    Portion(
        "visit",
        "将为之备选单品的到店",
        "Visits that pieces are chosen for",
        hers=HERS,
        order="appointment_id",
        fields=(
            read("appointment_id", "预约编号", "Appointment id"),
            read("piece_code", "想看的单品", "Piece you want to see"),
            read("is_live", "尚未到店", "Still to come"),
        ),
    ),
    Portion(
        "assortment",
        "为您准备的选品",
        "Assortments prepared for you",
        hers=HERS,
        order="prepared_at, assortment_id",
        fields=(
            read("assortment_id", "选品编号", "Assortment id"),
            read("appointment_id", "预约编号", "Appointment id"),
            read("personalised", "是否依据您的信息", "Chosen by what is known of you"),
            read("prepared_at", "准备时间", "Prepared at"),
        ),
    ),
    Portion(
        "assortment_piece",
        "选品中的单品",
        "Pieces of those assortments",
        hers=f"assortment_id in (select assortment_id from assortment where brand_id = :brand and {HERS})",  # noqa: S608
        order="assortment_id, place",
        fields=(
            read("assortment_id", "选品编号", "Assortment id"),
            read("appointment_id", "预约编号", "Appointment id", _OF_ASSORTMENT.format("appointment_id")),
            read("piece_code", "单品编码", "Piece code"),
            read("piece", "单品", "Piece", _NAME.format("assortment_piece", "piece_code")),
            read("reason", "推荐理由", "Why it was chosen"),
            read("reason_piece", "与您已有的哪件相关", "The piece of yours it goes with"),
            read("pinned", "由顾问选定", "Put there by an advisor"),
            read("dropped", "由顾问移除", "Taken out by an advisor"),
        ),
    ),
)
LEFT_OUT = {
    "client_alias": "which records are she: profile says it",
    "client_merge": "which records are she: profile says it",
}
