"""A line with somebody's word on one purpose."""

import re
from collections.abc import Mapping

from services.profile.consents.rules import Purpose
from services.profile.onboarding.actions.lines.row import Cells, Wrong, begins, whom_of
from services.profile.onboarding.actions.said import (
    ConsentLine,
)
from services.profile.onboarding.rules.reasons import Reason

_CODE = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}$")
_YES = frozenset(
    [
        "是",
        "同意",
        "已同意",
        "有",
        "授权",
        "已授权",
        "y",
        "yes",
        "true",
        "1",
        "granted",
        "agreed",
        "opt-in",
        "√",
        "✓",
        "ok",
    ]
)
_NO = frozenset(
    [
        "否",
        "不同意",
        "未同意",
        "无",
        "拒绝",
        "未授权",
        "已撤回",
        "撤回",
        "n",
        "no",
        "false",
        "0",
        "denied",
        "refused",
        "withdrawn",
        "opt-out",
        "×",
        "✗",
        "x",
    ]
)
_PURPOSES: Mapping[str, Purpose] = {
    **{one.value: one for one in Purpose},
    **dict.fromkeys(("个性化", "个性化推荐", "个性化服务"), Purpose.PERSONALISATION),
    **dict.fromkeys(("营销", "市场营销", "营销推广", "推广", "短信营销"), Purpose.MARKETING),
    **dict.fromkeys(("调研", "问卷", "问卷调查", "满意度调查"), Purpose.SURVEY),
    **dict.fromkeys(("尺寸", "量体", "测量"), Purpose.MEASUREMENTS),
    **dict.fromkeys(("敏感信息", "敏感个人信息"), Purpose.SENSITIVE_ITEMS),
    **dict.fromkeys(("跨品牌", "跨品牌共享", "集团共享"), Purpose.CROSS_BRAND),
    **dict.fromkeys(("出境", "跨境", "数据出境", "境外"), Purpose.ABROAD),
}
_LONGEST_EVIDENCE = 200


def consent_line(of: Cells, number: int) -> ConsentLine:
    """Her word on one purpose; a yes needs its notice, its day and its proof."""
    whom = whom_of(of)
    purpose = _PURPOSES.get(of.text("purpose").casefold())
    if purpose is None:
        raise Wrong(Reason.PURPOSE_UNKNOWN, "purpose")
    granted = True
    if "granted" in of.plan.columns:
        answer = of.text("granted").casefold()
        if answer not in _YES | _NO:
            raise Wrong(Reason.ANSWER_UNREADABLE, "granted")
        granted = answer in _YES
    notice, evidence = of.text("notice_version"), of.text("evidence")
    given = of.when("given_on")
    if given is None:
        raise Wrong(Reason.GIVEN_ON_MISSING, "given_on")
    if given.on is None:
        raise Wrong(Reason.DATE_PARTIAL, "given_on")
    if given.on > of.today:
        raise Wrong(Reason.DATE_AHEAD, "given_on")
    # A no needs no proof.
    if granted and not notice:
        raise Wrong(Reason.NOTICE_MISSING, "notice_version")
    if notice and not _CODE.match(notice):
        raise Wrong(Reason.NOTICE_UNFIT, "notice_version")
    if granted and not evidence:
        raise Wrong(Reason.EVIDENCE_MISSING, "evidence")
    return ConsentLine(number, whom, purpose, granted, notice, begins(given, of.zone), evidence[:_LONGEST_EVIDENCE])
