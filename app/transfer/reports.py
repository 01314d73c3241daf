"""What every import says: at the end what it brought and what it left out, or at once why it cannot read a file."""

from collections import Counter
from dataclasses import dataclass, field


class Unreadable(Exception):
    """The file cannot be brought; the message is one clear sentence, and nothing has been written."""


@dataclass
class Report:
    """What one run brought, what was here already, and what it left out and why."""

    source: str
    """The site that the file came from."""
    letters: Counter[str] = field(default_factory=Counter)
    """How many were brought: "out", "scheduled", "drafts"."""
    comments: Counter[str] = field(default_factory=Counter)
    """How many were brought: "published", "pending"."""
    already: Counter[str] = field(default_factory=Counter)
    """How many an earlier run had brought: "letters", "comments"."""
    left_out: Counter[str] = field(default_factory=Counter)
    """How many were not brought, by what they are and why."""
    notes: list[str] = field(default_factory=list)
    """Sentences about what an editor should look at."""

    def __str__(self) -> str:
        lines = [f"From {self.source}:"]
        if not self.letters.total() and not self.comments.total():
            lines.append("Nothing new, nothing was added.")
        lines.append(_line("letters", self.letters, ("out", "scheduled", "drafts")))
        lines.append(_line("comments", self.comments, ("published", "pending")))
        if self.already.total():
            lines.append(_line("already here", self.already, ("letters", "comments")))
        if self.left_out.total():
            lines.append("left out:")
            lines += [f"  {what}: {number}" for what, number in sorted(self.left_out.items()) if number]
        return "\n".join([*lines, *self.notes])


def _line(what: str, numbers: Counter[str], kinds: tuple[str, ...]) -> str:
    return f"{what}: {numbers.total()} ({', '.join(f'{kind} {numbers[kind]}' for kind in kinds)})"
