"""What the sandbox remembers of a WeCom corp: members, clients, who has whom, transfers, group-sends and notices."""

from typing import Literal

from pydantic import BaseModel, Field

DAY = 86_400
TAKEOVER = DAY  # seconds until a transfer ends by itself
WINDOW = 90 * DAY
MOST_TRANSFERS = 2  # of one client within the window
WELCOME = 20  # seconds a welcome code lives
KEPT = 20_000


class Member(BaseModel):
    """A member of the corp. `left_at` in seconds since 1970; `client_limit` is how many clients she may have."""

    name: str = ""
    active: bool = True
    verified: bool = True
    team_account: bool = False
    left_at: float | None = None
    # The departments she is in; off where the application may not see her.
    departments: list[int] = Field(default_factory=lambda: [1])
    is_seen: bool = True
    client_limit: int = Field(default=20_000, ge=0)


class Relation(BaseModel):
    """That a member has a client in her contacts."""

    since: float
    state: str = ""
    add_way: int = 1


class Client(BaseModel):
    """A client in WeCom; `refuses` every transfer offered to her, `messages_on` is off where she blocks group-sends."""

    unionid: str | None = None
    refuses: bool = False
    messages_on: bool = True


class Transfer(BaseModel):
    """One client on her way from one member to another."""

    handover_userid: str
    takeover_userid: str
    external_userid: str
    resigned: bool
    submitted_at: float
    takeover_at: float
    state: Literal["waiting", "done", "refused", "limit"] = "waiting"


class GroupSend(BaseModel):
    """A message a member is asked to send; per client WeCom's status and when it was sent."""

    msgid: str
    sender: str
    text: str
    attachments: int
    clients: dict[str, tuple[int, float]]
    confirmed_at: float | None = None
    stopped_at: float | None = None


class Welcome(BaseModel):
    """A code with which one welcome may be said."""

    userid: str
    external_userid: str
    expires_at: float
    state: Literal["open", "used", "chatting"] = "open"


class Said(BaseModel):
    """A welcome that was sent."""

    userid: str
    external_userid: str
    text: str


class Notice(BaseModel):
    """A message in a member's WeCom."""

    userid: str
    text: str
    at: float


class Happened(BaseModel):
    """Something WeCom pushes: its Event, its ChangeType, and whom it is about."""

    event: str
    change: str
    fields: dict[str, str]


class CorpToken(BaseModel):
    """The application's access token."""

    value: str
    expires_at: float


class Corp(BaseModel):
    """The whole corp. `at_root` answers what is wrong with a transfer at the root instead of at the client."""

    members: dict[str, Member] = Field(default_factory=dict)
    clients: dict[str, Client] = Field(default_factory=dict)
    # member -> client -> relation
    relations: dict[str, dict[str, Relation]] = Field(default_factory=dict)
    transfers: list[Transfer] = Field(default_factory=list)
    group_sends: dict[str, GroupSend] = Field(default_factory=dict)
    welcomes: dict[str, Welcome] = Field(default_factory=dict)
    said: list[Said] = Field(default_factory=list)
    notices: list[Notice] = Field(default_factory=list)
    # department -> the one above it
    departments: dict[int, int] = Field(default_factory=dict)
    # What has happened and is still to be pushed.
    untold: list[Happened] = Field(default_factory=list)
    # the same notice sent again -> until when it is dropped
    repeats: dict[str, float] = Field(default_factory=dict)
    token: CorpToken | None = None
    at_root: bool = False
    welcome_busy: int = 0

    def has(self, userid: str, external_userid: str) -> bool:
        """Whether the member has this client."""
        return external_userid in self.relations.get(userid, {})

    def settle(self, now: float) -> None:
        """Let every transfer go where it goes by now."""
        for one in self.transfers:
            if one.state != "waiting":
                continue
            if self.clients[one.external_userid].refuses:
                self._refuse(one)
            elif now >= one.takeover_at:
                self._take_over(one)

    def contact(self, change: str, userid: str, external_userid: str, **more: str) -> None:
        """Have a change of a contact pushed."""
        fields = {"UserID": userid, "ExternalUserID": external_userid, **more}
        self.untold.append(Happened(event="change_external_contact", change=change, fields=fields))

    def _fail(self, one: Transfer, why: str) -> None:
        self.contact("transfer_fail", one.takeover_userid, one.external_userid, FailReason=why)

    def _refuse(self, one: Transfer) -> None:
        one.state = "refused"
        self._fail(one, "customer_refused")
        if one.resigned:
            # Reported of real corps: she stays with a member in service, and is lost when the member has left.
            self.relations.get(one.handover_userid, {}).pop(one.external_userid, None)

    def _take_over(self, one: Transfer) -> None:
        theirs = self.relations.setdefault(one.takeover_userid, {})
        if one.external_userid not in theirs and len(theirs) >= self.members[one.takeover_userid].client_limit:
            one.state = "limit"
            self._fail(one, "customer_limit_exceed")
            return
        one.state = "done"
        if one.external_userid not in theirs:
            self.contact("add_external_contact", one.takeover_userid, one.external_userid)
        if self.has(one.handover_userid, one.external_userid):
            self.contact("del_external_contact", one.handover_userid, one.external_userid, Source="DELETE_BY_TRANSFER")
        theirs.setdefault(one.external_userid, Relation(since=one.takeover_at, add_way=202))
        self.relations.get(one.handover_userid, {}).pop(one.external_userid, None)
