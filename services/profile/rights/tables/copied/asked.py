"""What she asked for, and who has seen her."""

from infra.copies import Portion, opened, read

HERS = "client_id = any(:ids)"

COPIED = (
    Portion(
        "access_log",
        "查看记录",
        "Who has seen you",
        hers=HERS,
        order="seen_at, entry_id",
        fields=(
            read("role", "角色", "Role"),
            read("seen", "查看内容", "What"),
            read("ground", "依据", "Ground"),
            read("seen_at", "时间", "At"),
        ),
    ),
    Portion(
        "access_grant",
        "说明理由的查看",
        "Access opened for a reason",
        hers=HERS,
        order="granted_at, grant_id",
        fields=(
            opened("reason", "grant_id", "理由", "Reason"),
            read("granted_at", "开放时间", "From"),
            read("until_at", "截止时间", "Until"),
        ),
    ),
    Portion(
        "data_request",
        "您提出的请求",
        "What you asked for",
        hers=HERS,
        order="asked_at, request_id",
        fields=(
            read("request_id", "请求编号", "Request id"),
            read("kind", "类别", "Kind"),
            read("status", "状态", "Status"),
            read("asked_at", "提出时间", "Asked at"),
            read("due_on", "答复期限", "Answer due on"),
            read("started_at", "开始时间", "Started at"),
            read("done_at", "完成时间", "Done at"),
            read("refused_at", "拒绝时间", "Refused at"),
            opened("reason", "request_id", "拒绝理由", "Why it was refused"),
            opened("corrections", "request_id", "您要求更正的内容", "What you said is wrong", is_json=True),
        ),
    ),
    Portion(
        "data_copy",
        "曾交付的副本",
        "Copies delivered before",
        hers=f"request_id in (select request_id from data_request where brand_id = :brand and {HERS})",  # noqa: S608
        order="delivered_at, copy_id",
        fields=(
            read("request_id", "请求编号", "Request id"),
            read("made_at", "制作时间", "Made at"),
            read("delivered_at", "交付时间", "Delivered at"),
        ),
    ),
)
