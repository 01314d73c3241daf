"""The only caller of the system clock. Everywhere else the time is an argument."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present moment: aware, in UTC."""
    return datetime.now(UTC)  # noqa: TID251
