"""One attempt by SMS, e-mail or WeCom, and what the channel's answer means for the message."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog

from infra import mail
from infra.mail import MailRejectedError, MailServer, MailUnavailable
from infra.settings import Settings
from infra.sms import codes
from infra.sms.client import Sms, SmsAccount, SmsRejectedError, SmsUnavailable
from infra.sms.codes import Then
from infra.wechat.errors import CalledTooOften, WeChatRejected, WeChatUnavailable
from infra.wecom import sends
from infra.wecom.answers import SendStatus
from infra.wecom.client import Channel as WeCom
from services.profile.messages.actions.claims import Letter, Outcome
from services.profile.messages.actions.delivery import LONGEST
from services.profile.messages.rules import Purpose, Reason, Step
from services.profile.messages.rules.templates import sms_template

LOOK = timedelta(minutes=2)  # between two looks whether an advisor has confirmed
PATIENCE = timedelta(days=7)  # after which we look no more
AGAIN = timedelta(minutes=5)  # after a mail server's "come again"

Unsubscribing = Callable[[Letter], str]  # the address that takes her off
SenderOf = Callable[[UUID], Awaitable[str | None]]  # an advisor's id in WeCom


@dataclass(frozen=True)
class BySms:
    """Tencent's SMS."""

    account: SmsAccount
    settings: Settings

    async def ready(self) -> None:
        """Nothing to fetch beforehand."""

    async def deliver(self, letter: Letter) -> Outcome:
        """Send it, once."""
        template = sms_template(letter.template, self.settings.sms_templates)
        values = template.fill(letter.variables) if template is not None else None
        if template is None or values is None:
            return Outcome(Step.FAIL, Reason.PARAMETER_UNFIT)
        try:
            async with asyncio.timeout(LONGEST):
                serial = await self.account.send(Sms(letter.address, template.template_id, values))
        except SmsRejectedError as no:
            return meaning_of_sms(no.code)
        except SmsUnavailable as away:
            return _lost_or_later(never_left=away.never_left)
        except TimeoutError:
            return Outcome(Step.LOSE, Reason.NO_ANSWER)
        return Outcome(Step.ACCEPT, channel_ref=serial)


@dataclass(frozen=True)
class ByEmail:
    """The house's mail server."""

    server: MailServer
    sender: str
    unsubscribing: Unsubscribing

    async def ready(self) -> None:
        """Nothing to fetch beforehand."""

    async def deliver(self, letter: Letter) -> Outcome:
        """Hand it in, once; Message-ID is the message's own id."""
        if letter.words is None:
            return Outcome(Step.FAIL, Reason.NOTHING_TO_SAY)
        written = mail.Letter(
            sender=self.sender,
            to=letter.address,
            subject=letter.words.subject or letter.words.text[:40],
            text=with_link(letter),
            message_id=str(letter.message_id),
            written_at=letter.asked_at,
            unsubscribe=self.unsubscribing(letter) if letter.purpose is not Purpose.SERVICE else None,
        )
        try:
            async with asyncio.timeout(LONGEST):
                message_id = await mail.send(self.server, written)
        except MailRejectedError as no:
            return Outcome(Step.FAIL, f"email-{no.code}")
        except MailUnavailable as away:
            return Outcome(Step.POSTPONE, wait=AGAIN) if away.never_left else Outcome(Step.LOSE, Reason.NO_ANSWER)
        except TimeoutError:
            return Outcome(Step.LOSE, Reason.NO_ANSWER)
        return Outcome(Step.ACCEPT, channel_ref=message_id)


@dataclass(frozen=True)
class ByWeCom:
    """Her own advisor's WeCom: the advisor is asked, and nothing leaves before she confirms."""

    wecom: WeCom
    sender_of: SenderOf

    async def ready(self) -> None:
        """A WeCom that is away is found out while the message can still wait."""
        await self.wecom.tokens.current()

    async def deliver(self, letter: Letter) -> Outcome:
        """Hand it to WeCom, once. No other channel is tried in its place: a person chose this one."""
        sender = await self.sender_of(letter.sender_id) if letter.sender_id is not None else None
        if sender is None or letter.words is None:
            return Outcome(Step.FAIL, Reason.NO_CHANNEL if sender is None else Reason.NOTHING_TO_SAY)
        try:
            async with asyncio.timeout(LONGEST):
                asked = await sends.add_msg_template(self.wecom, sender, [letter.address], with_link(letter))
        except WeChatRejected as no:
            return Outcome(Step.FAIL, f"wecom-{no.errcode}")
        except CalledTooOften as no:
            return Outcome(Step.POSTPONE, wait=timedelta(seconds=no.retry_after or 60))
        except (WeChatUnavailable, TimeoutError):
            return Outcome(Step.LOSE, Reason.NO_ANSWER)
        if asked.msgid is None or letter.address in asked.failed:
            return Outcome(Step.FAIL, Reason.NOT_A_CONTACT)
        return Outcome(Step.HAND, channel_ref=asked.msgid, wait=LOOK)

    async def look(self, letter: Letter) -> Outcome | None:
        """What became of a message that waits for the advisor; None: it still does."""
        sender = await self.sender_of(letter.sender_id) if letter.sender_id is not None else None
        if sender is None or letter.channel_ref is None:
            # She has left; whether she confirmed it before, nobody can ask any more.
            return Outcome(Step.LOSE, Reason.NOT_CONFIRMED)
        found, _ = await sends.get_groupmsg_send_result(self.wecom, letter.channel_ref, sender)
        one = next((result for result in found if result.external_userid == letter.address), None)
        match one.status if one is not None else SendStatus.UNSENT:
            case SendStatus.SENT:
                return Outcome(Step.ACCEPT)
            case SendStatus.NOT_A_FRIEND:
                return Outcome(Step.FAIL, Reason.NOT_A_CONTACT)
            case SendStatus.ENOUGH_ALREADY:
                return Outcome(Step.FAIL, Reason.MONTH_FULL)
            case _:
                return None

    async def cancel(self, channel_ref: str) -> None:
        """Take back what waits for an advisor; what she has confirmed stays sent."""
        await sends.cancel_groupmsg_send(self.wecom, channel_ref)

    async def stop(self, letter: Letter, outcome: Outcome) -> Outcome:
        """Take back what waits for the advisor: it ends as `outcome` says, unless she has confirmed it meanwhile."""
        await self.cancel(letter.channel_ref or "")
        return await self.look(letter) or outcome


def meaning_of_sms(code: str) -> Outcome:
    """What Tencent's code means for the message."""
    known = codes.meaning(code)
    match known.then:
        case Then.LATER:
            return Outcome(Step.POSTPONE, wait=known.wait)
        case Then.MEND:
            structlog.get_logger().error("sms-account", errcode=code)
            return Outcome(Step.POSTPONE, wait=known.wait)
        case Then.LOST:
            return Outcome(Step.LOSE, Reason.NO_ANSWER)
        case Then.NEVER:
            return Outcome(Step.FAIL, f"sms-{code.partition('.')[2] or code}", declines=code == codes.OPTED_OUT)


def with_link(letter: Letter) -> str:
    """The words, and below them where they lead; a page of the mini-program opens nowhere else."""
    text = letter.words.text if letter.words is not None else ""
    has_link = letter.link is not None and not letter.link.startswith("pages/") and letter.link not in text
    return f"{text}\n\n{letter.link}" if has_link else text


def _lost_or_later(*, never_left: bool) -> Outcome:
    if never_left:
        return Outcome(Step.POSTPONE, wait=timedelta(seconds=10))
    return Outcome(Step.LOSE, Reason.NO_ANSWER)
