"""What feedback tells a client who wants a copy of her data, and why the rest is left out.

Who of the house wrote or did something is left out: that is about them.
"""

from infra.copies import Portion, opened, parsed, read

HERS = "client_id = any(:ids)"
OF_HER_ORDERS = f"work_order_id in (select work_order_id from work_order where brand_id = :brand and {HERS})"  # noqa: S608


def _boutique(table: str) -> str:
    return (
        "(select b.name_zh || ' ' || b.name_en from boutique b"  # noqa: S608 - our own words
        f" where b.brand_id = {table}.brand_id and b.boutique_id = {table}.boutique_id)"
    )


def _survey(table: str, column: str) -> str:
    return f"(select s.{column} from survey s where s.brand_id = {table}.brand_id and s.survey_id = {table}.survey_id)"  # noqa: S608


COPIED = (
    Portion(
        "invitation",
        "问卷邀请",
        "Invitations to surveys",
        hers=HERS,
        order="due_at, invitation_id",
        fields=(
            read("invitation_id", "邀请编号", "Invitation id"),
            parsed("survey", "问卷", "Survey", _survey("invitation", "title")),
            read("trigger", "邀请缘由", "What it was about"),
            read("boutique", "精品店", "Boutique", _boutique("invitation")),
            read("appointment_id", "预约编号", "Appointment id"),
            read("work_order_id", "工单编号", "Work order id"),
            read("status", "状态", "Status"),
            read("reason", "未发送原因", "Why it was not sent"),
            read("touched_at", "所涉事项时间", "When that was"),
            read("due_at", "计划发送时间", "Due at"),
            read("sent_at", "发送时间", "Sent at"),
            read("answered_at", "答复时间", "Answered at"),
            read("expires_at", "链接失效时间", "Link ends at"),
        ),
    ),
    Portion(
        "answer",
        "您的答卷",
        "Your answers",
        hers=HERS,
        order="answered_at, answer_id",
        fields=(
            read("answer_id", "答卷编号", "Answer id"),
            read("invitation_id", "邀请编号", "Invitation id"),
            parsed("survey", "问卷", "Survey", _survey("answer", "title")),
            parsed("questions", "问题", "Questions", _survey("answer", "questions")),
            read("boutique", "精品店", "Boutique", _boutique("answer")),
            read("appointment_id", "预约编号", "Appointment id"),
            read("work_order_id", "工单编号", "Work order id"),
            read("score", "评分", "Score"),
            parsed("replies", "选择与评分", "Scores and choices"),
            opened("words", "answer_id", "您写下的话", "Your words", is_json=True),
            read("answered_at", "答复时间", "Answered at"),
        ),
    ),
    Portion(
        "work_order",
        "为您处理的事项",
        "Work orders about you",
        hers=HERS,
        order="opened_at, work_order_id",
        fields=(
            read("work_order_id", "工单编号", "Work order id"),
            read("boutique", "精品店", "Boutique", _boutique("work_order")),
            read("appointment_id", "预约编号", "Appointment id"),
            read("answer_id", "答卷编号", "Answer id"),
            read("score", "评分", "Score"),
            opened("words", "work_order_id", "事由", "What it is about"),
            read("severity", "严重程度", "Severity"),
            read("status", "状态", "Status"),
            read("opened_at", "开立时间", "Opened at"),
            read("respond_due_at", "应回应时间", "Response due at"),
            read("responded_at", "回应时间", "Responded at"),
            read("due_at", "应解决时间", "Due at"),
            read("resolved_at", "解决时间", "Resolved at"),
            read("closed_at", "关闭时间", "Closed at"),
            opened("resolution", "work_order_id", "处理结果", "Resolution"),
            read("cause", "原因", "Cause"),
            read("loop_score", "回访评分", "Score when asked again"),
            read("loop_closed_at", "回访时间", "Asked again at"),
            read("recovered", "是否挽回", "Put right"),
        ),
    ),
    Portion(
        "work_order_step",
        "处理步骤",
        "Steps of those work orders",
        hers=OF_HER_ORDERS,
        order="work_order_id, taken_at, step_id",
        fields=(
            read("work_order_id", "工单编号", "Work order id"),
            read("step", "步骤", "Step"),
            read("status", "状态", "Status"),
            read("taken_at", "时间", "At"),
        ),
    ),
    Portion(
        "work_order_note",
        "处理备注",
        "Notes on those work orders",
        hers=OF_HER_ORDERS,
        order="work_order_id, written_at, note_id",
        fields=(
            read("work_order_id", "工单编号", "Work order id"),
            opened("text", "note_id", "内容", "Words"),
            read("written_at", "记录时间", "Written at"),
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
)
LEFT_OUT = {
    "client_alias": "which records are she: profile says it",
    "client_merge": "which records are she: profile says it",
}
