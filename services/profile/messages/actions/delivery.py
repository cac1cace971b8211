"""One attempt at WeChat: the values as its template wants them, and what its answer means for the message."""

import asyncio
import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from urllib.parse import quote

import httpx

from infra.refusal import Refusal
from infra.wechat.client import WeChat
from infra.wechat.errors import (
    CalledTooOften,
    NoSendsLeft,
    ParameterUnfit,
    RecipientUnknown,
    WeChatRejected,
    WeChatUnavailable,
)
from infra.wechat.subscribe import SubscribeMessage, date_text
from services.profile.messages import rules
from services.profile.messages.actions.claims import Fate, Letter, Outcome
from services.profile.messages.rules import Reason, Step

LONGEST = 45.0  # seconds for one attempt, retries of the adapter included
WEB_PAGE = "pages/web/index"  # the mini-program's page that shows a web address

_SPELLED_DAY = re.compile(r"\d{4}年\d{1,2}月\d{1,2}日")


async def deliver(wechat: WeChat, letter: Letter, *, templates: Mapping[str, str]) -> Outcome:
    """Send a claimed message, once. The outcome postpones only what certainly has not left the house."""
    template = rules.template(letter.template, templates)
    values = {key: written(key, value) for key, value in template.fill(letter.variables).items()}
    template_id = letter.account.template_id if letter.account is not None else template.template_id
    message = SubscribeMessage(letter.address, template_id, values, page=page(letter.link))
    try:
        async with asyncio.timeout(LONGEST):
            msgid = await wechat.send_subscribe_message(message)
    except (Refusal, WeChatRejected, TimeoutError) as no:
        return meaning(no)
    return Outcome(Step.ACCEPT, channel_ref=msgid)


def meaning(no: Exception) -> Outcome:
    """What a failed attempt means for the message and for the credit spent on it."""
    match no:
        case NoSendsLeft():
            outcome = Outcome(Step.FAIL, Reason.NO_CREDIT, credit=Fate.VOID)
        case RecipientUnknown():
            outcome = Outcome(Step.FAIL, Reason.RECIPIENT_UNKNOWN, credit=Fate.RETURNED)
        case ParameterUnfit():
            outcome = Outcome(Step.FAIL, Reason.PARAMETER_UNFIT, credit=Fate.RETURNED)
        case WeChatRejected():
            outcome = Outcome(Step.FAIL, f"wechat-{no.errcode}", credit=Fate.RETURNED)
        case CalledTooOften():
            outcome = Outcome(Step.POSTPONE, wait=timedelta(seconds=no.retry_after or 60))
        case WeChatUnavailable() if _never_connected(no):
            outcome = Outcome(Step.POSTPONE, wait=timedelta(seconds=10))
        case _:
            outcome = Outcome(Step.LOSE, Reason.NO_ANSWER)
    return outcome


def written(key: str, value: str) -> str:
    """A value as its parameter's type wants it: days and times spelled in Chinese, whether ISO 8601 or spelled already.

    WeChat's `time` wants a clock: a day alone is written as the whole of that day.
    """
    kind = key.rstrip("0123456789")
    if kind not in {"date", "time"}:
        return value
    spelled = _spelled(value)
    return f"{spelled} 00:00~23:59" if kind == "time" and _SPELLED_DAY.fullmatch(spelled) else spelled


def page(link: str | None) -> str:
    """The mini-program page behind a link: its own pages as they are, a web address inside the page that shows one."""
    if link is None or link.startswith("pages/"):
        return link or ""
    return f"{WEB_PAGE}?url={quote(link, safe='')}"


def _spelled(value: str) -> str:
    try:
        return date_text(date.fromisoformat(value))
    except ValueError:
        pass
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return value
    return f"{date_text(at.date())} {at:%H:%M}"


def _never_connected(away: WeChatUnavailable) -> bool:
    # The adapter hides the failure, for its text knows the token; its class says whether anything was sent.
    return isinstance(away.__context__, httpx.ConnectError | httpx.ConnectTimeout)
