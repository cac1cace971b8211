"""Reading the tags held about a client: what was reckoned and inferred, not what she said."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.clients.queries import preferences
from services.profile.clients.rules import Provenance
from services.profile.consents import queries as consents
from services.profile.segments import queries as segments

SEGMENT = "segment"  # the tag of that name; every other one is named by the id of a preference


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag: of a preference its topic and value; of the segment neither, for no client is shown a label."""

    tag: str
    topic: str | None
    value: str | None
    likes: bool | None
    made_on: date


@dataclass(frozen=True, slots=True)
class Tags:
    """Whether she lets herself be reckoned up, and what that has come to."""

    profiling: bool
    tags: list[Tag]


async def tags(tx: AsyncSession, family: Sequence[UUID]) -> Tags:
    """The tags of one person; none from the moment she switched profiling off."""
    if await consents.profiling_off(tx, family[:1]):
        return Tags(profiling=False, tags=[])
    held = [
        Tag(str(one.preference_id), one.topic, one.value, one.likes, one.learned_on)
        for one in await preferences.known(tx, family)
        if one.provenance is Provenance.INFERRED
    ]
    if (reckoned_on := await segments.reckoned_on(tx, family[0])) is not None:
        held.insert(0, Tag(SEGMENT, None, None, None, reckoned_on))
    return Tags(profiling=True, tags=held)
