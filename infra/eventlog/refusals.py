"""What the operations of the log refuse, each with what to do next."""

from infra.refusal import Kind, Refusal


class OutboxTooShort(Refusal):
    """The log misses facts that the outbox no longer keeps. `source` and `missing` name them."""

    kind = Kind.CONFLICT
    slug = "outbox-too-short"
    en = (
        "The log has lost facts that the outbox no longer keeps, so it cannot be refilled. Nothing was changed."
        " Restore the log from a backup that has them (`maison restore`), then refill again."
    )
    zh = (
        "日志缺失的事实在发件箱中也已不存在，无法补齐，未做任何改动。"
        "请从包含这些事实的备份恢复日志（maison restore）后再补齐。"
    )


class LogHasOthers(Refusal):
    """The log holds facts of this source that its service did not record. `source` and `foreign` name them."""

    kind = Kind.CONFLICT
    slug = "log-has-others"
    en = (
        "The log holds other facts than the service recorded: the service's database is older than the log, or the log"
        " was written to by hand. Nothing was changed. Restore both from one backup (`maison restore`)."
    )
    zh = (
        "日志中的事实与服务所记录的不符：服务数据库比日志旧，或日志曾被手工改动。"
        "未做任何改动，请用同一备份恢复两者（maison restore）。"
    )


class LogIncomplete(Refusal):
    """The log no longer holds all that a follower has taken. `missing` names the first lost number per source."""

    kind = Kind.CONFLICT
    slug = "log-incomplete"
    en = (
        "The log does not hold everything that was taken from it, so a replay would forget things. Nothing was changed."
        " Refill the log first: `maison log refill`."
    )
    zh = "日志未包含已处理过的全部事实，重放会造成丢失，未做任何改动。请先补齐日志：maison log refill。"


class FactNotReplayable(Refusal):
    """A fact that once took effect fails now. `position`, `until_position` and `reason` say where and how."""

    kind = Kind.CONFLICT
    slug = "fact-not-replayable"
    en = (
        "A fact cannot be taken again: see `position` and `reason`. Nothing was changed. The service's own log has the"
        " fault; correct the reaction, then replay again."
    )
    zh = "有事实无法再次处理，位置与原因见 position 和 reason，未做任何改动。请查看服务日志，修正后重新重放。"


class LogBusy(Refusal):
    """Another replay or refill of the same follower or source is at work."""

    kind = Kind.UNAVAILABLE
    slug = "log-busy"
    en = "Another replay or refill is at work here. Wait until it has ended, then try again."
    zh = "另一项重放或补齐正在进行，请等其结束后再试。"
