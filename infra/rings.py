"""Rings of keys: which one makes what is new, and until when each older one is believed."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

_EARLIEST = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Ring:
    """Keys by name. One that has no beginning is used from ever, one that has no end is believed for ever.

    Beginnings and ends stand in the file, so that every process changes keys at the same moment, without a restart.
    """

    keys: Mapping[str, bytes] = field(repr=False)
    begins: Mapping[str, datetime] = field(default_factory=dict)
    ends: Mapping[str, datetime] = field(default_factory=dict)

    @staticmethod
    def read(stored: Mapping[str, Any]) -> "Ring":
        """The ring that stands in a key file; a file from before rotation holds one key, `kid` and `private`."""
        keys = stored["keys"] if "keys" in stored else {stored["kid"]: stored["private"]}
        return Ring(
            {name: base64.b64decode(key) for name, key in keys.items()},
            {name: datetime.fromisoformat(at) for name, at in stored.get("begins", {}).items()},
            {name: datetime.fromisoformat(at) for name, at in stored.get("ends", {}).items()},
        )

    def written(self) -> dict[str, dict[str, str]]:
        """The ring as it stands in a key file: keys in base64, instants in ISO 8601."""
        return {
            "keys": {name: base64.b64encode(key).decode() for name, key in self.keys.items()},
            "begins": {name: at.isoformat() for name, at in self.begins.items()},
            "ends": {name: at.isoformat() for name, at in self.ends.items()},
        }

    def current(self, now: datetime) -> str:
        """The key that makes what is new: of those that have begun, the one that did so last."""
        return max((self.begins.get(name, _EARLIEST), name) for name in self.keys if self._has_begun(name, now))[1]

    def believed(self, now: datetime) -> dict[str, bytes]:
        """The keys that have not ended. One that is still to begin is among them: other clocks may be ahead."""
        return {name: key for name, key in self.keys.items() if is_open(self.ends.get(name), now)}

    def is_turning(self, now: datetime) -> bool:
        """Whether a key is still to begin."""
        return not all(self._has_begun(name, now) for name in self.keys)

    def turned(self, name: str, key: bytes, *, now: datetime, begins_at: datetime, overlap: timedelta | None) -> "Ring":
        """With one more key, after whose beginning the others are believed for `overlap`; None is for ever.

        What has ended, and what was still to begin, is left out; not where keys are for ever: another clock, ahead of
        ours, may have used one already.
        """
        kept = self.believed(now)
        if overlap is not None:
            kept = {one: old for one, old in kept.items() if self._has_begun(one, now)}
        ends = {} if overlap is None else dict.fromkeys(kept, begins_at + overlap)
        # A key that ends sooner anyway still does.
        ends |= {one: min(at, ends.get(one, at)) for one, at in self.ends.items() if one in kept}
        begins = {one: at for one, at in self.begins.items() if one in kept}
        return Ring({**kept, name: key}, {**begins, name: begins_at}, ends)

    def _has_begun(self, name: str, now: datetime) -> bool:
        return self.begins.get(name, _EARLIEST) <= now


def is_open(end: datetime | None, now: datetime) -> bool:
    """Whether something that ends then is still believed now."""
    return end is None or now < end
