"""What appointments tells a client who wants a copy of her data, and why the rest is left out."""

from infra.copies import Portion, read

HERS = "client_id = any(:ids)"

COPIED = (
    Portion(
        "appointment",
        "预约与到店",
        "Appointments and visits",
        hers=HERS,
        order="starts_at, appointment_id",
        fields=(
            read("appointment_id", "预约编号", "Appointment id"),
            read(
                "boutique",
                "精品店",
                "Boutique",
                "(select b.name_zh || ' ' || b.name_en from boutique b"
                " where b.brand_id = appointment.brand_id and b.boutique_id = appointment.boutique_id)",
            ),
            read(
                "experience",
                "服务项目",
                "Experience",
                "(select e.name_zh || ' ' || e.name_en from experience e"
                " where e.brand_id = appointment.brand_id and e.experience_id = appointment.experience_id)",
            ),
            read("starts_at", "开始时间", "Starts at"),
            read("ends_at", "结束时间", "Ends at"),
            read("status", "状态", "Status"),
            read("party_size", "人数", "Party size"),
            read("piece_code", "想看的单品", "Piece you want to see"),
            read("assigned_for", "顾问安排依据", "Why this advisor"),
            read("made_by", "预约方", "In which role it was made"),
            read("created_at", "预约提交时间", "Made at"),
            read("confirmed_at", "确认时间", "Confirmed at"),
            read("arrived_at", "到店时间", "Arrived at"),
            read("completed_at", "接待结束时间", "Completed at"),
            read("cancelled_at", "取消时间", "Cancelled at"),
        ),
    ),
)
LEFT_OUT = {
    "occupation": "which times her appointments take: the appointments say it",
    "reassignment": "what became of her visits when her advisor changed: the appointments say it",
    "client_owner": "whose client she is: profile says it",
    "client_segment": "which segment she is in: profile says it",
    "experience_guest": "what the house has opened to her: she sees it among what she may book",
    "client_alias": "which records are she: profile says it",
    "client_merge": "which records are she: profile says it",
}
