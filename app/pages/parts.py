"""Parts that all pages of an edition share ("Recently surfaced", topics): made once in each worker, not once a page.

What readers see changes with the edition and at slots. So a part stands for one edition, from the moment it was made
until the next slot, just as a whole page does.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from flask import current_app, request

from ..db import db
from ..web import now
from .answering import edition_of, stands_until

T = TypeVar("T")


@dataclass(frozen=True)
class _Parts:
    edition: int
    since: datetime
    until: datetime
    made: dict[str, Any] = field(default_factory=dict)

    def stands(self, edition: int, now: datetime) -> bool:
        return self.edition == edition and self.since <= now < self.until


def part(name: str, make: Callable[[], T]) -> T:
    """What `make` gives: plain data or HTML, and no rows. Made anew where no edition was read (at the desk)."""
    edition = edition_of(request.environ)
    if edition is None:
        return make()
    parts: _Parts | None = current_app.extensions.get("parts")
    if parts is None or not parts.stands(edition, now()):
        parts = _Parts(edition, now(), stands_until(db.session(), now()))
        current_app.extensions["parts"] = parts
    if name not in parts.made:
        parts.made[name] = make()
    return parts.made[name]  # type: ignore[no-any-return]
