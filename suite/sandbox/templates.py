"""The subscribe-message templates the account has, as an operator would have picked them from WeChat's library."""

from pydantic import BaseModel, ConfigDict


class Template(BaseModel):
    """One template: `parameters` names what each key holds."""

    model_config = ConfigDict(frozen=True)

    template_id: str
    title: str
    parameters: dict[str, str]


DEFAULTS = (
    Template(
        template_id="survey-invitation",
        title="到店体验回访",
        parameters={"thing1": "门店名称", "date2": "到店日期", "thing3": "温馨提示"},
    ),
    Template(
        template_id="appointment-confirmed",
        title="预约成功通知",
        parameters={"thing1": "门店名称", "time2": "预约时间", "name3": "客户顾问"},
    ),
    *(
        Template(template_id=name, title=title, parameters={"thing1": what, "time2": "时间", "thing3": "地点"})
        for name, title, what in (
            ("occasion-invitation", "活动邀请通知", "活动名称"),
            ("seat-offer", "候补席位通知", "活动名称"),
            ("occasion-cancelled", "活动取消通知", "活动名称"),
            ("waitlist-offer", "候补时段通知", "服务项目"),
        )
    ),
)


class SmsTemplate(BaseModel):
    """An approved SMS template; marketing ones leave in the day alone and end with 拒收请回复R."""

    model_config = ConfigDict(frozen=True)

    template_id: str
    text: str
    marketing: bool = False


SMS_DEFAULTS = (
    SmsTemplate(template_id="1000001", text="您的预约已确认：{1}，{2}。"),
    SmsTemplate(template_id="1000002", text="{1}有新作到店，期待您的光临。", marketing=True),
)
