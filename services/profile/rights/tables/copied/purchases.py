"""What she bought and owns."""

from infra.copies import Portion, opened, parsed, read

HERS = "client_id = any(:ids)"
OF_HER_RECEIPTS = f"purchase_id in (select purchase_id from purchase where brand_id = :brand and {HERS})"  # noqa: S608
# Another's receipt may hold a gift for her: the piece is hers to know, what it cost is not.
_IS_HER_RECEIPT = (
    "exists (select from purchase p where p.brand_id = purchase_line.brand_id"
    " and p.purchase_id = purchase_line.purchase_id and p.client_id = any(:ids))"
)
# What was done to a piece from the day it became hers until somebody else's it was.
_WHILE_HERS = """
exists (
    select from piece_change mine
    where mine.brand_id = piece_service.brand_id and mine.piece_id = piece_service.piece_id
        and mine.client_id = any(:ids) and mine.kind <> 'returned'
        and cast(mine.changed_at as date) <= piece_service.served_on
        and not exists (
            select from piece_change other
            where other.brand_id = mine.brand_id and other.piece_id = mine.piece_id
                and (other.client_id is null or other.client_id <> all(:ids) or other.kind = 'returned')
                and other.changed_at > mine.changed_at
                and cast(other.changed_at as date) <= piece_service.served_on
        )
)
"""
_SERIAL = (
    "(select o.serial from owned_piece o where o.brand_id = {0}.brand_id and o.piece_id = {0}.piece_id)"  # of one table
)


def _only_hers(column: str) -> str:
    return f"case when {_IS_HER_RECEIPT} then {column} end"


COPIED = (
    Portion(
        "purchase",
        "消费小票",
        "Receipts",
        hers=HERS,
        order="purchased_at, purchase_id",
        fields=(
            read("purchase_id", "消费编号", "Purchase id"),
            read("pos", "收银系统", "Till system"),
            read("receipt", "小票号", "Receipt"),
            read("store_code", "门店编码", "Store"),
            read("channel", "渠道", "Channel"),
            read("purchased_at", "购买时间", "Purchased at"),
            read("purchased_in", "购买年月（不完整日期）", "Purchased in (partial date)"),
            read("currency", "货币", "Currency"),
            read("net_minor", "净额（最小货币单位）", "Net, in minor units"),
            read("line_count", "行数", "Lines"),
            parsed("payments", "付款", "Payments"),
            opened("masked_phone", "purchase_id", "脱敏手机号", "Masked phone"),
            read("scan_ref", "旧单据扫描件", "Scanned card"),
            read("recorded_at", "登记时间", "Recorded at"),
        ),
    ),
    Portion(
        "purchase_line",
        "小票明细",
        "Lines of receipts, and gifts to you",
        hers=f"{OF_HER_RECEIPTS} or recipient_id = any(:ids)",
        order="purchase_id, line",
        fields=(
            read("purchase_id", "消费编号", "Purchase id", _only_hers("purchase_id")),
            read("line", "行", "Line", _only_hers("line")),
            read("is_gift_to_you", "他人赠予您", "A gift to you", f"not {_IS_HER_RECEIPT}"),
            read("piece_code", "单品编码", "Piece code"),
            read("serial", "序列号", "Serial"),
            read("category", "品类", "Category"),
            read("is_limited", "限量", "Limited"),
            read("quantity", "数量（负数为退货）", "Quantity (negative: returned)"),
            read("unit_minor", "单价（最小货币单位）", "Unit price, in minor units", _only_hers("unit_minor")),
            read("net_minor", "净额（最小货币单位）", "Net, in minor units", _only_hers("net_minor")),
            read("description", "说明", "Description", _only_hers("description")),
            read("sale_receipt", "所退原小票", "Receipt it returns", _only_hers("sale_receipt")),
            read("exchange", "换货编号", "Exchange", _only_hers("exchange")),
            read(
                "is_gift",
                "您赠予他人",
                "A gift of yours",
                f"recipient_id is not null and recipient_id <> all(:ids) and {_IS_HER_RECEIPT}",
            ),
        ),
    ),
    Portion(
        "remote_sale",
        "远程销售",
        "Remote sales",
        hers=HERS,
        order="reserved_at, remote_sale_id",
        fields=(
            read("remote_sale_id", "编号", "Remote sale id"),
            read("boutique_id", "精品店编号", "Boutique id"),
            read("piece_code", "单品编码", "Piece code"),
            read("price_minor", "价格（最小货币单位）", "Price, in minor units"),
            read("currency", "货币", "Currency"),
            read("status", "状态", "Status"),
            opened("link", "remote_sale_id", "付款链接", "Payment link"),
            read("courier", "承运方", "Courier"),
            opened("tracking", "remote_sale_id", "运单号", "Tracking"),
            read("reserved_at", "预留时间", "Reserved at"),
            read("changed_at", "变更时间", "Changed at"),
        ),
    ),
    Portion(
        "owned_piece",
        "您拥有的单品",
        "Pieces you own",
        hers=HERS,
        order="entered_at, piece_id",
        fields=(
            read("piece_id", "单品编号", "Piece id"),
            read("serial", "序列号", "Serial"),
            read("piece_code", "单品编码", "Piece code"),
            read("certificate", "证书", "Certificate"),
            read("warranty_until", "保修至", "Warranty until"),
            read("care_guide", "保养指南", "Care guide"),
            read("entered_at", "登记时间", "Entered at"),
        ),
    ),
    Portion(
        "piece_change",
        "单品如何归您",
        "How pieces came to be yours, or no longer are",
        hers=HERS,
        order="changed_at, change_id",
        fields=(
            read("piece_id", "单品编号", "Piece id"),
            read("serial", "序列号", "Serial", _SERIAL.format("piece_change")),
            read("kind", "方式", "How"),
            read("changed_at", "时间", "At"),
        ),
    ),
    Portion(
        "piece_service",
        "单品服务记录",
        "What was done to your pieces",
        hers=_WHILE_HERS,
        order="served_on, service_id",
        fields=(
            read("piece_id", "单品编号", "Piece id"),
            read("serial", "序列号", "Serial", _SERIAL.format("piece_service")),
            read("kind", "服务", "Service"),
            read("served_on", "日期", "On"),
            opened("note", "service_id", "备注", "Note"),
        ),
    ),
)
