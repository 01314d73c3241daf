"""How far the editors are from the target that readers are told. It never decides for them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from .models import Decision

WINDOW = timedelta(days=90)


@dataclass(frozen=True)
class Share:
    """What became of the comments that the desk decided in the last 90 days."""

    published: int
    declined: int

    @property
    def decided(self) -> int:
        """All of them."""
        return self.published + self.declined

    @property
    def percent(self) -> float | None:
        """The published ones in per cent of the decided; None when nothing was decided."""
        return 100 * self.published / self.decided if self.decided else None


def share(session: Session, now: datetime) -> Share:
    """The desk's decisions of the last WINDOW; those taken on an imported site are not the desk's."""
    rows = session.execute(
        select(Decision.verdict, func.count())
        .where(Decision.decided_at > now - WINDOW, Decision.decided_at <= now, Decision.by_id.is_not(None))
        .group_by(Decision.verdict)
    )
    numbers = {verdict: number for verdict, number in rows}
    return Share(published=numbers.get("published", 0), declined=numbers.get("declined", 0))
