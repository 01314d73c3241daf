"""What `flask doctor` finds."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "error"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    level: Level
    what: str
    said: str
    """How it is."""
    do: str = ""
    """What to do about it; empty when it is well."""
