"""One change of a plugin's."""

from __future__ import annotations

from typing import Any


class NotApplicable(Exception):
    """A change that Mellea cannot be made to follow. It must not be dropped: a redaction may be in it."""

    def __init__(self, hook: str, field: str, why: str) -> None:
        super().__init__(f'Cannot apply the change of "{field}" at "mellea.{hook}": {why}')
        self.field = field


class Change:
    """One changed field: `sent` and `new` as JSON, `live` the object that Mellea has."""

    def __init__(self, hook: str, field: str, payload: Any, sent: Any, new: Any) -> None:
        self.hook = hook
        self.field = field
        self.payload = payload
        self.live: Any = getattr(payload, field, None)
        self.sent = sent
        self.new = new

    def refuse(self, why: str) -> NotApplicable:
        return NotApplicable(self.hook, self.field, why)
