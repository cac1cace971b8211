"""What we announce about tasks."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from infra.eventlog.facts import Fact
from services.profile.tasks.rules.kinds import Kind
from services.profile.tasks.rules.steps import Outcome


class TaskOpened(Fact):
    """Somebody has something to do for a client; `subject_id` is what it is about: the purchase, the work order."""

    type: ClassVar[str] = "profile.task-opened.v1"
    aggregate: ClassVar[str] = "task_id"

    task_id: UUID
    client_id: UUID
    kind: Kind
    due_on: date
    advisor_id: UUID | None
    boutique_id: UUID | None
    subject_id: UUID | None


class TaskDone(Fact):
    """It was done, or given up as she was not reached; told again when she replied to the word that was left."""

    type: ClassVar[str] = "profile.task-done.v1"
    aggregate: ClassVar[str] = "task_id"

    task_id: UUID
    client_id: UUID
    kind: Kind
    outcome: Outcome
    advisor_id: UUID | None
    boutique_id: UUID | None
    subject_id: UUID | None
