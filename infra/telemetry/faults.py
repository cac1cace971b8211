"""What may be said of an exception, in logs and spans."""


def reduced(fault: BaseException) -> dict[str, str]:
    """Its class, where it was thrown, and for the database SQLSTATE and constraint name.

    asyncpg's texts quote the offending row, a client's phone included, so a text is never kept.
    """
    said = {"fault": type(fault).__name__}
    cause: BaseException | None = fault
    while cause is not None:
        for name, key in (("sqlstate", "sqlstate"), ("constraint_name", "constraint")):
            value = getattr(cause, name, None)
            if isinstance(value, str):
                said.setdefault(key, value)
        cause = getattr(cause, "orig", None) or cause.__cause__
    frames = []
    tb = fault.__traceback__
    while tb is not None:
        frames.append(f"{tb.tb_frame.f_code.co_filename.rsplit('/', 2)[-1]}:{tb.tb_lineno}")
        tb = tb.tb_next
    said["where"] = " > ".join(frames[-4:])
    return said
