"""How messages, permissions, the policy and what channels tell go over the wire."""

from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from infra.wire import WORDS, Code, Form, Text, View
from services.profile.messages.queries.messages import Message
from services.profile.messages.queries.standing import MessagePolicy, Permissions
from services.profile.messages.rules import NEEDS_CONSENT, Channel, Purpose, Status
from services.profile.messages.rules.permission import Decision
from services.profile.messages.rules.policy import Policy

VariableName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Wechat = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[\x21-\x7e]+$")]
Letter = Annotated[str, Field(min_length=1, max_length=4000, pattern=WORDS)]
Subject = Annotated[
    str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f\x85][^\x00-\x1f\x7f]*$")
]
Moment = Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2200, 1, 1, tzinfo=UTC))]


class MessageForm(Form):
    """A message to a client: the template's values, or words of one's own, and where a tap on it leads.

    `link` is an address below the house's public one (opened in the mini-program's web page) or a page of the
    mini-program (`pages/...`). A `draft` is kept until a person sends it; without `text` the house words it, in
    `language` or hers. `channel` is one that a person chose: no other is taken in its place. After `expires_at` the
    message is of no use any more.
    """

    client_id: UUID
    purpose: Purpose
    template: Code
    # The document says names by a pattern; without the extra it would allow all other names beside them.
    variables: dict[VariableName, Text] = Field(
        default_factory=dict, max_length=20, json_schema_extra={"additionalProperties": False}
    )
    link: Annotated[str, Field(max_length=500, pattern=r"^(https?://|pages/)[\x21-\x7e]+$")] | None = None
    text: Letter | None = None
    subject: Subject | None = None
    channel: Channel | None = None
    expires_at: Moment | None = None
    draft: bool = False
    language: Literal["zh", "en"] | None = None


class EditForm(Form):
    """What a person changed in a draft; null: as it was."""

    text: Letter | None = None
    subject: Subject | None = None
    channel: Channel | None = None


class ChannelView(View):
    """Whether a channel is open to her for a purpose; if not, why, and when that may be over as far as anybody knows.

    Open with a later `due_at`: the message waits until then.
    """

    channel: Channel
    permitted: bool
    reason: str | None
    due_at: datetime | None
    opens_at: datetime | None

    @classmethod
    def of(cls, decision: Decision) -> "list[ChannelView]":
        """Every channel of a decision."""
        return [
            cls(channel=channel, permitted=one.permitted, reason=one.reason, due_at=one.due_at, opens_at=one.opens_at)
            for channel, one in decision.channels.items()
        ]


class AskedView(View):
    """Whether the message was taken. A refusal says why, and `channels` say it of each of them.

    A draft that was refused stays a draft; `due_at` is when a queued message leaves.
    """

    message_id: UUID
    status: Literal["queued", "refused", "draft"]
    reason: str | None
    channel: Channel | None = None
    due_at: datetime | None = None
    channels: list[ChannelView] = Field(default_factory=list)

    @classmethod
    def of(cls, one: Message, decision: Decision) -> "AskedView":
        """The view of a message that was asked for, or sent, and what the ledger said."""
        return cls(
            message_id=one.message_id,
            status=one.status.value,  # type: ignore[arg-type]
            reason=one.reason,
            channel=decision.channel,
            due_at=one.due_at,
            channels=ChannelView.of(decision),
        )


class MessageView(View):
    """What became of a message. `unknown`: it may have been sent or not, and is never sent again.

    `awaiting-advisor`: it is in her advisor's WeCom, who has to confirm it. A draft shows its words, who found them
    (`template`, `assistant` or `person`), and each fact of hers that they name with why she knows that we know it.
    """

    message_id: UUID
    client_id: UUID
    purpose: Purpose
    template: str
    status: Status
    reason: str | None
    channel: Channel | None
    asked_at: datetime
    settled_at: datetime | None
    delivered: bool | None
    due_at: datetime | None
    expires_at: datetime | None
    drafted_by: str | None
    text: str | None
    subject: str | None
    named: dict[str, str] | None

    @classmethod
    def of(cls, one: Message) -> "MessageView":
        """The view of a message."""
        draft = one.words if one.status is Status.DRAFT else None
        return cls(
            message_id=one.message_id,
            client_id=one.client_id,
            purpose=one.purpose,
            template=one.template,
            status=one.status,
            reason=one.reason,
            channel=one.channel,
            asked_at=one.asked_at,
            settled_at=one.settled_at,
            delivered=one.delivered,
            due_at=one.due_at,
            expires_at=one.expires_at,
            drafted_by=one.drafted_by,
            text=draft.text if draft is not None else None,
            subject=draft.subject if draft is not None else None,
            named=one.named if draft is not None else None,
        )


class PurposeView(View):
    """Whether she may be written to for a purpose, as far as consent goes; and by which channels."""

    purpose: Purpose
    needs_consent: bool
    permitted: bool
    channels: list[ChannelView] = Field(default_factory=list)


class CreditView(View):
    """How many messages of a template WeChat will still carry to her."""

    channel: str
    template: str
    remaining: int


class PermissionsView(View):
    """The contact-permission ledger of one client."""

    client_id: UUID
    purposes: list[PurposeView]
    reachable: bool
    credits: list[CreditView]

    @classmethod
    def of(cls, found: Permissions, templates: Mapping[str, str]) -> "PermissionsView":
        """The view of a ledger; `templates` are the settings' ids by our names, and the ledger knows the ids."""
        names = {bound.partition("?")[0]: name for name, bound in templates.items()}
        return cls(
            client_id=found.client_id,
            purposes=[
                PurposeView(
                    purpose=purpose,
                    needs_consent=purpose in NEEDS_CONSENT,
                    permitted=found.consents[purpose],
                    channels=ChannelView.of(decision),
                )
                for purpose, decision in found.decisions.items()
            ],
            reachable=found.reachable,
            credits=[
                CreditView(
                    channel=Channel.SUBSCRIBE,
                    template=names.get(credit.template_id, credit.template_id),
                    remaining=credit.remaining,
                )
                for credit in found.credits
            ],
        )


class DecisionsForm(Form):
    """Of whom to say whether they may be written to for a purpose."""

    client_ids: Annotated[list[UUID], Field(min_length=1, max_length=1000)]
    purpose: Purpose


class DecisionView(View):
    """By which channel one client may be written to, and from when on; or why by none."""

    client_id: UUID
    channel: Channel | None
    due_at: datetime | None
    reason: str | None
    channels: list[ChannelView]


class DecisionsView(View):
    """One decision for each client there is."""

    items: list[DecisionView]

    @classmethod
    def of(cls, decided: Mapping[UUID, Decision]) -> "DecisionsView":
        """The view of decisions."""
        return cls(
            items=[
                DecisionView(
                    client_id=client_id,
                    channel=one.channel,
                    due_at=one.due_at,
                    reason=one.reason,
                    channels=ChannelView.of(one),
                )
                for client_id, one in decided.items()
            ]
        )


class MessagePolicyForm(Form):
    """How much the brand sends: at most `budget` messages to one client in any `days`, over all senders and channels.

    From `quiet_from` to `quiet_until` on the clock of `zone` nothing leaves that she did not ask for (the same hour
    twice: none). The same words go from one sender to at most `same_words` clients a day.
    """

    budget: Annotated[int, Field(ge=0, le=1000)]
    days: Annotated[int, Field(ge=1, le=366)]
    quiet_from: Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    quiet_until: Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    zone: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_+\-/]+$")]
    same_words: Annotated[int, Field(ge=1, le=1000)]
    draft_days: Annotated[int, Field(ge=1, le=90)]

    def policy(self) -> Policy:
        """As the rules want it."""
        return Policy(
            self.budget,
            self.days,
            time.fromisoformat(self.quiet_from),
            time.fromisoformat(self.quiet_until),
            self.zone,
            self.same_words,
            self.draft_days,
        )


class MessagePolicyView(View):
    """The policy in force."""

    budget: int
    days: int
    quiet_from: str
    quiet_until: str
    zone: str
    same_words: int
    draft_days: int

    @classmethod
    def of(cls, found: MessagePolicy) -> "MessagePolicyView":
        """The view of a policy."""
        one = found.policy
        return cls(
            budget=one.budget,
            days=one.days,
            quiet_from=one.quiet_from.strftime("%H:%M"),
            quiet_until=one.quiet_until.strftime("%H:%M"),
            zone=one.zone,
            same_words=one.same_words,
            draft_days=one.draft_days,
        )


class ChannelWordForm(Form):
    """Her word on one channel for one purpose: a no, or that it is welcome again."""

    channel: Channel
    purpose: Purpose
    declined: bool


class ChannelWordsForm(Form):
    """Her words on channels."""

    words: Annotated[list[ChannelWordForm], Field(min_length=1, max_length=12)]


class ChannelWordView(View):
    """A channel that she does not want for a purpose."""

    channel: Channel
    purpose: Purpose


class ChannelWordsView(View):
    """Every channel that she does not want, by purpose; the others follow her consent to the purpose."""

    declined: list[ChannelWordView]


class EventForm(Form):
    """One thing WeChat said: a send granted, all sends of a template rejected, or a message delivered or not."""

    event_id: Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]+$")]
    kind: Literal["granted", "rejected", "sent"]
    appid: Wechat
    openid: Wechat
    template_id: Wechat
    # WeChat has been seen to leave it out.
    message_ref: Annotated[str, Field(max_length=128, pattern=r"^[\x21-\x7e]*$")] | None = None
    error_code: Annotated[int, Field(ge=-(10**9), le=10**9)] | None = None
    occurred_at: AwareDatetime = Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2200, 1, 1, tzinfo=UTC))


class EventsForm(Form):
    """Events in any order; those that came before count once."""

    events: list[EventForm] = Field(max_length=500)


class AcceptedView(View):
    """How many of the events were new; the others had been taken before."""

    accepted: int
