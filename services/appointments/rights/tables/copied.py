"""What appointments tells a client who wants a copy of her data, and why the rest is left out."""

from infra.copies import Portion, opened, parsed, read

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
            read("mode", "接待方式", "In person or by video"),
            read("language", "接待语言", "Language"),
            read("occasion", "到店缘由", "Occasion"),
            opened("requests", "appointment_id", "您的需求", "Your requests"),
            opened("configuration", "appointment_id", "定制方案", "What is to be made for you", is_json=True),
            opened("answers", "appointment_id", "到店前问卷回答", "Your answers before the visit", is_json=True),
            opened("link", "appointment_id", "视频接待链接", "Link of the video visit"),
            opened("refusal_reason", "appointment_id", "未获确认的原因", "Why the boutique could not receive you"),
            opened("override_reason", "appointment_id", "例外处理的原因", "Why a rule was set aside"),
            read("needs_approval_for", "须经确认的原因", "Why it had to be approved"),
            read("decided_at", "答复时间", "Answered at"),
            read("agreed_by", "您同意改期的方式", "How you agreed to a change"),
            read("assigned_for", "顾问安排依据", "Why this advisor"),
            read("made_by", "预约方", "In which role it was made"),
            read("created_at", "预约提交时间", "Made at"),
            read("confirmed_at", "确认时间", "Confirmed at"),
            read("arrived_at", "到店时间", "Arrived at"),
            read("completed_at", "接待结束时间", "Completed at"),
            read("cancelled_at", "取消时间", "Cancelled at"),
        ),
    ),
    Portion(
        "proposal",
        "改期提议",
        "Other times proposed to you",
        hers=HERS,
        order="created_at, proposal_id",
        fields=(
            read("appointment_id", "预约编号", "Appointment id"),
            read("starts_at", "提议的开始时间", "Starts at"),
            read("ends_at", "提议的结束时间", "Ends at"),
            read("status", "状态", "Status"),
            read("because", "提议原因", "Why it was proposed"),
            parsed("alternatives", "其他可选时间", "Other free times", "cast(alternatives as text)"),
            read("made_by", "提议方", "In which role it was made"),
            read("created_at", "提议时间", "Made at"),
            read("expires_at", "有效期至", "Stands until"),
            read("ended_at", "结束时间", "Ended at"),
        ),
    ),
    Portion(
        "disrupted_visit",
        "受影响的预约",
        "Visits that could not take place as agreed",
        hers=HERS,
        order="decided_at, appointment_id",
        fields=(
            read("appointment_id", "预约编号", "Appointment id"),
            read("starts_at", "原定时间", "Agreed for"),
            read("outcome", "处理结果", "What became of it"),
            read("decided_at", "处理时间", "Decided at"),
        ),
    ),
)
LEFT_OUT = {
    "occupation": "which times her appointments take: the appointments say it",
    "reassignment": "what became of her visits when her advisor changed: the appointments say it",
    "client_owner": "whose client she is: profile says it",
    "client_segment": "which segment she is in: profile says it",
    "experience_guest": "what the house has opened to her: she sees it among what she may book",
    "client_deputy": "who stands in for her advisor: profile says it",
    "client_alias": "which records are she: profile says it",
    "client_merge": "which records are she: profile says it",
}
