"""Which ways there are: what the house has set up, and where each of its clients is reached."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.settings import Settings
from services.profile.identities import queries as identities
from services.profile.messages.rules import Channel

# Looked up record by record through the index, whatever the planner believes of tables that have just been filled:
# `offset 0` keeps it from turning the look-ups round. A number of a family or of a driver is not hers alone.
MEMBER = """
    with member as (
        select id as member_id, id as client_id from unnest(cast(:ids as uuid[])) as id
        union all
        select client_id, canonical_id from client_alias where brand_id = :brand and canonical_id = any(:ids)
    )
"""
_HELD = text(
    MEMBER  # noqa: S608 - our own words
    + """
    select member.client_id, i.identity_id, i.kind, i.value from member
    cross join lateral (
        select identity_id, kind, value, added_at from identity
        where brand_id = :brand and identity.client_id = member.member_id and standing <> 'claimed'
            and (kind = 'openid' and (cast(:appid as text) is null or system = :appid)
                or kind = 'wecom' and (cast(:corpid as text) is null or system = :corpid)
                or kind in ('phone', 'email') and standing = 'held')
        offset 0
    ) i order by i.added_at desc, i.identity_id desc
    """
)
# Whose client she is, and who is somebody in WeCom.
_SENDERS = text(
    "select o.client_id, a.advisor_id, a.wecom_userid from client_owner o"
    " join advisor a on a.brand_id = o.brand_id and a.advisor_id = o.advisor_id"
    " where o.brand_id = :brand and o.client_id = any(:ids) and a.wecom_userid is not null and a.left_at is null"
)
# Contacts that WeCom says are this member's no more: she could send nothing there.
_PARTED = text(
    "select i.identity_id from unnest(cast(:places as uuid[]), cast(:userids as text[])) as asked (place, userid)"
    " join identity i on i.brand_id = :brand and i.identity_id = asked.place"
    " join wecom_contact w on w.brand_id = i.brand_id and w.corpid = i.system and w.contact = i.blind"
    " and w.userid = lower(asked.userid) where not w.is_there"
)


@dataclass(frozen=True, slots=True)
class Ways:
    """What the house sends from: a channel that is not among them is not set up.

    The appid and the corp narrow down whose openids and contacts count; null: any.
    """

    channels: frozenset[Channel] = frozenset(Channel)
    appid: str | None = None
    corpid: str | None = None

    @staticmethod
    def of(settings: Settings) -> "Ways":
        """The channels of one process's settings."""
        there = {
            Channel.SUBSCRIBE: bool(settings.wechat_appid),
            Channel.WECOM: bool(settings.wecom_corpid and settings.wecom_secret),
            Channel.SMS: bool(settings.sms_secret_id and settings.sms_app_id),
            Channel.EMAIL: bool(settings.smtp_host and settings.smtp_from),
        }
        return Ways(
            frozenset(channel for channel, is_there in there.items() if is_there),
            settings.wechat_appid,
            settings.wecom_corpid,
        )


@dataclass(slots=True)
class Reach:
    """Where one client is reached, the latest first; `sender` is her advisor with her id in WeCom, where both are."""

    openids: dict[bytes, str] = field(default_factory=dict, repr=False)  # by the blind under which credits are kept
    phones: list[bytes] = field(default_factory=list, repr=False)  # sealed, see `opened`
    emails: list[bytes] = field(default_factory=list, repr=False)
    contacts: list[bytes] = field(default_factory=list, repr=False)
    places: dict[bytes, UUID] = field(default_factory=dict, repr=False)
    sender: tuple[UUID, str] | None = None

    def ways(self, channel: Channel) -> int:
        """How many addresses of hers a channel has."""
        match channel:
            case Channel.SUBSCRIBE:
                return len(self.openids)
            case Channel.WECOM:
                return len(self.contacts) if self.sender is not None else 0
            case Channel.SMS:
                return len(self.phones)
            case Channel.EMAIL:
                return len(self.emails)


async def reach(tx: AsyncSession, client_ids: Sequence[UUID], ways: Ways) -> dict[UUID, Reach]:
    """Where these surviving records are reached, over all records that are they; three statements however many."""
    found: dict[UUID, Reach] = defaultdict(Reach)
    asked = {"brand": tx.info["brand_id"], "ids": list(client_ids), "appid": ways.appid, "corpid": ways.corpid}
    ring = keyring(tx)
    # Without an appid nobody knows under which app the credits of an openid are kept.
    for client_id, identity_id, kind, value in await tx.execute(_HELD, asked):
        sealed, one = bytes(value), found[client_id]
        one.places[sealed] = identity_id
        match kind:
            case "openid" if ways.appid is not None:
                openid = ring.open("identity", "value", identity_id, sealed)
                one.openids[blind(tx, ways.appid, openid)] = openid
            case "openid":
                one.openids[sealed] = ""
            case "phone":
                one.phones.append(sealed)
            case "email":
                one.emails.append(sealed)
            case _:
                one.contacts.append(sealed)
    asked["ids"] = [client_id for client_id, one in found.items() if one.contacts]
    for client_id, advisor_id, userid in await tx.execute(_SENDERS, asked):
        found[client_id].sender = advisor_id, userid
    await _leave_out_parted(tx, [one for one in found.values() if one.sender is not None])
    return found


async def _leave_out_parted(tx: AsyncSession, reached: Sequence[Reach]) -> None:
    asked = [
        (one.places[contact], one.sender[1]) for one in reached if one.sender is not None for contact in one.contacts
    ]
    if not asked:
        return
    places, userids = zip(*asked, strict=True)
    where = {"brand": tx.info["brand_id"], "places": list(places), "userids": list(userids)}
    parted = set((await tx.execute(_PARTED, where)).scalars())
    for one in reached if parted else ():
        one.contacts = [contact for contact in one.contacts if one.places[contact] not in parted]


def opened(tx: AsyncSession, one: Reach, channel: Channel) -> str | None:
    """The latest address of a channel other than WeChat's, in clear."""
    sealed = {Channel.SMS: one.phones, Channel.EMAIL: one.emails, Channel.WECOM: one.contacts}.get(channel, [])
    return keyring(tx).open("identity", "value", one.places[sealed[0]], sealed[0]) if sealed else None


async def leads_to(
    tx: AsyncSession, client_id: UUID, channel: Channel, address: str, *, appid: str | None, sender_id: UUID | None
) -> bool:
    """Whether an address that was found before is still this surviving record's, and in WeCom that advisor hers."""
    one = (await reach(tx, [client_id], Ways(appid=appid))).get(client_id, Reach())
    if channel is Channel.SUBSCRIBE:
        return address in one.openids.values()
    if channel is Channel.WECOM and (one.sender is None or one.sender[0] != sender_id):
        return False
    sealed = {Channel.SMS: one.phones, Channel.EMAIL: one.emails, Channel.WECOM: one.contacts}[channel]
    return address in {keyring(tx).open("identity", "value", one.places[value], value) for value in sealed}


async def openids_of(tx: AsyncSession, client_id: UUID, *, appid: str) -> Sequence[str]:
    """Her openids in one account, the latest first."""
    return [known.openid for known in await identities.openids(tx, client_id) if known.appid == appid]


def blind(tx: AsyncSession, appid: str, openid: str) -> bytes:
    """Under which an openid's credits are kept, whether or not anybody knows yet whose it is."""
    return keyring(tx).blind("message_credit.openid", f"{appid}\n{openid}")
