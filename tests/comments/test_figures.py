from datetime import timedelta

from sqlalchemy.orm import Session

from app.comments import figures, moderation
from app.comments.figures import WINDOW, Share, share

from ..cast import Cast
from ..conftest import NOON

TICK = timedelta(microseconds=1)


def test_the_share_is_of_the_decided_comments(cast: Cast, session: Session) -> None:
    letter = cast.letter()
    cast.published(letter)
    for _ in range(4):
        cast.declined(letter)
    cast.comment(letter)
    found = share(session, NOON)
    assert (found.published, found.declined, found.decided, found.percent) == (1, 4, 5, 20.0)


def test_with_nothing_decided_there_is_no_share(cast: Cast, session: Session) -> None:
    cast.comment(cast.letter())
    assert share(session, NOON) == Share(0, 0)
    assert Share(0, 0).percent is None


def test_the_window_holds_its_end_and_not_its_beginning(cast: Cast, session: Session) -> None:
    for moment in (NOON - WINDOW, NOON - WINDOW + TICK, NOON, NOON + TICK):
        moderation.decide(session, cast.comment(cast.letter()), "published", by=cast.mo, now=moment)
    assert share(session, NOON).decided == 2


def test_what_another_site_decided_is_not_the_desks(cast: Cast, session: Session) -> None:
    moderation.decide(session, cast.comment(cast.letter()), "published", by=None, now=NOON)
    assert share(session, NOON).decided == 0


def test_pruning_changes_no_figure(cast: Cast, session: Session) -> None:
    letter = cast.letter()
    cast.pruned(letter), cast.declined(letter)
    assert figures.share(session, NOON).percent == 50.0
