"""The life of an import: which step may follow which, how large a file may be, and the refusals of the way."""

from datetime import timedelta
from enum import StrEnum
from typing import ClassVar

from infra.refusal import Kind as Sort
from infra.refusal import Refusal

LARGEST_FILE = 256 * 1024 * 1024  # bytes
PART = 2 * 1024 * 1024  # bytes of the file in one part; every part but the last is whole
CHUNK = 500  # lines that are worked on in one transaction
SAMPLE = 2_000  # lines by which a mapping is judged before anything is written
KEPT_FOR = timedelta(days=14)  # from the upload; then the file, the refused lines and the way back are deleted
DOUBTED_FROM = 2  # of the cells that say something, one in so many is unreadable: the mapping is wrong, not the cells


class Kind(StrEnum):
    """What the lines of a file are."""

    CLIENTS = "clients"
    CONSENTS = "consents"
    NOTES = "notes"
    PURCHASES = "purchases"


class Status(StrEnum):
    """Where an import stands."""

    UPLOADING = "uploading"
    READING = "reading"
    READ = "read"
    UNREADABLE = "unreadable"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    UNDOING = "undoing"
    UNDONE = "undone"


class Step(StrEnum):
    """What is done with an import."""

    UPLOAD = "upload"
    READ = "read"
    MAP = "map"
    START = "start"
    PAUSE = "pause"
    CANCEL = "cancel"
    UNDO = "undo"


# The whole lifecycle, as far as people take it. A pair that is missing here is refused.
NEXT: dict[tuple[Status, Step], Status] = {
    (Status.UPLOADING, Step.UPLOAD): Status.UPLOADING,
    (Status.UPLOADING, Step.READ): Status.READING,
    (Status.UPLOADING, Step.CANCEL): Status.CANCELLED,
    (Status.READING, Step.CANCEL): Status.CANCELLED,
    (Status.READ, Step.READ): Status.READING,
    (Status.READ, Step.MAP): Status.READ,
    (Status.READ, Step.START): Status.RUNNING,
    (Status.READ, Step.CANCEL): Status.CANCELLED,
    (Status.UNREADABLE, Step.READ): Status.READING,
    (Status.UNREADABLE, Step.CANCEL): Status.CANCELLED,
    (Status.RUNNING, Step.PAUSE): Status.PAUSED,
    (Status.RUNNING, Step.CANCEL): Status.CANCELLED,
    (Status.PAUSED, Step.START): Status.RUNNING,
    (Status.PAUSED, Step.CANCEL): Status.CANCELLED,
    (Status.FINISHED, Step.UNDO): Status.UNDOING,
    (Status.CANCELLED, Step.UNDO): Status.UNDOING,
    # What could not be taken back may be free by now.
    (Status.UNDONE, Step.UNDO): Status.UNDOING,
}


class ImportNotReady(Refusal):
    """The step does not follow from where the import stands."""

    kind: ClassVar[Sort] = Sort.CONFLICT
    slug = "import-not-ready"
    en = "This cannot be done with the import as it stands. See `stands`, and wait for it or take the step before."
    zh = "导入任务当前状态不允许该操作，请查看 stands，等待其完成或先执行前一步。"


class PartUnfit(Refusal):
    """A part that is not one of the file."""

    kind: ClassVar[Sort] = Sort.INVALID
    slug = "import-part-unfit"
    en = "This part does not belong to the file: send 2 MiB of it as base64, the rest as the last part, counted from 0."
    zh = "该分片与文件不符：请按 2 MiB 切分并以 base64 发送，最后一片为剩余部分，编号从 0 开始。"


class FileIncomplete(Refusal):
    """Parts are missing."""

    kind: ClassVar[Sort] = Sort.CONFLICT
    slug = "import-file-incomplete"
    en = "The file has not arrived whole. Send the parts in `missing`."
    zh = "文件未完整上传，请发送 missing 中的分片。"


class MappingUnfit(Refusal):
    """The mapping cannot be used; nothing was written."""

    kind: ClassVar[Sort] = Sort.INVALID
    slug = "import-mapping-unfit"
    en = "With this mapping the file cannot be imported; nothing was written. `faults` names what to correct."
    zh = "按此对应关系无法导入，未写入任何数据。请按 faults 修改。"


class MappingMissing(Refusal):
    """Nobody has said which column means what."""

    kind: ClassVar[Sort] = Sort.CONFLICT
    slug = "import-mapping-missing"
    en = "Say first which column means what: PUT the mapping, look at the preview, then start."
    zh = "请先设置列对应关系并查看预览，再开始导入。"


class ImportExpired(Refusal):
    """What would be needed to take it back is deleted."""

    kind: ClassVar[Sort] = Sort.GONE
    slug = "import-expired"
    en = "The time in which this import can be taken back is over. Correct what is wrong record by record."
    zh = "该导入任务已超过可撤销期限，请逐条更正。"


def after(status: Status, step: Step) -> Status:
    """Where a step leads; raises ImportNotReady."""
    try:
        return NEXT[status, step]
    except KeyError:
        raise ImportNotReady(stands=status.value) from None


def parts_of(size: int) -> int:
    """How many parts a file of so many bytes has."""
    return -(-size // PART)


def check_part(number: int, length: int, *, of_size: int) -> None:
    """Raise PartUnfit unless a file of this size has a part of this number and length."""
    count = parts_of(of_size)
    if not 0 <= number < count or length != min(PART, of_size - number * PART):
        raise PartUnfit
