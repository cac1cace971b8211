"""What we announce about identities."""

from typing import ClassVar
from uuid import UUID

from infra.eventlog.facts import Fact


class IdentitiesMerged(Fact):
    """Two records are one person: `merged_client_id` is from now on read as `client_id`."""

    type: ClassVar[str] = "profile.identities-merged.v1"
    aggregate: ClassVar[str] = "client_id"

    merge_id: UUID
    client_id: UUID
    merged_client_id: UUID


class IdentitiesSeparated(Fact):
    """A merge is taken back: `merged_client_id`, with what was merged into it before, is somebody else again.

    `known_as_client_id` is the record as which both were read until now: `client_id`, or what that was merged into.
    """

    type: ClassVar[str] = "profile.identities-separated.v1"
    aggregate: ClassVar[str] = "client_id"

    merge_id: UUID
    client_id: UUID
    merged_client_id: UUID
    known_as_client_id: UUID
