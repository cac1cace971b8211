"""Texts as WeCom measures them: in bytes of UTF-8."""

LONGEST_TEXT = 4000  # bytes, of a message to clients
LONGEST_NOTICE = 2048  # bytes, of a text to members


def within(text: str, limit: int) -> str:
    """`text` shortened to `limit` bytes at a character's edge, with an ellipsis where something is missing."""
    if len(text.encode()) <= limit:
        return text
    return text.encode()[: limit - len("…".encode())].decode(errors="ignore") + "…"
