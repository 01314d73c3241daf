"""What an editor sees beside a pending comment."""

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.comments.beside import Beside, beside
from app.comments.models import Comment

from ..cast import Cast

LIGHTHOUSE = "The keeper of a lighthouse asked me for a logo, and paid with smoked herring."


def seen(cast: Cast, comment: Comment) -> Beside:
    with cast.session.no_autoflush:
        return beside(cast.session, [comment])[comment.id]


def test_the_nearest_published_comments_come_first_with_the_shared_words_marked(cast: Cast) -> None:
    letter = cast.letter()
    far = cast.published(letter, "Herring buys no logo, said my lawyer once to a baker.")
    near = cast.published(letter, LIGHTHOUSE)
    cast.published(letter, "Contracts of one page are read by everybody.")
    found = seen(cast, cast.comment(letter, "A lighthouse keeper paid me for logos with herrings & a crab."))
    assert [one.comment for one in found.near] == [near, far]
    assert found.near[0].percent > found.near[1].percent
    assert "<mark>keeper</mark> of a <mark>lighthouse</mark>" in found.near[0].html
    assert "smoked <mark>herring</mark>" in found.near[0].html
    assert found.new_words == ("crab",)


@pytest.mark.parametrize("standing", ["comment", "declined", "pruned"])
def test_what_readers_do_not_see_is_near_to_nothing(cast: Cast, standing: str) -> None:
    letter = cast.letter()
    getattr(cast, standing)(letter, "A lighthouse keeper once paid for his logo in smoked herring and rope.")
    cast.published(cast.letter(), LIGHTHOUSE)
    found = seen(cast, cast.comment(letter, LIGHTHOUSE))
    assert found.near == ()
    assert "herring" in found.new_words


def test_the_letter_itself_may_be_nearest(cast: Cast) -> None:
    letter = cast.letter(answer="Vera!\n\nAsk the keeper.\n\nOr for herring, smoked in a lighthouse, <twice>.")
    found = seen(cast, cast.comment(letter, "Smoked herring of a lighthouse: why not?"))
    assert found.near[0].comment is None
    assert found.near[0].percent == 100
    assert "&lt;twice&gt;" in found.near[0].html
    assert "<mark>herring</mark>, <mark>smoked</mark>" in found.near[0].html
    assert (found.new_words, found.new_number) == ((), 0)


@pytest.mark.parametrize("standing", ["comment", "published", "declined", "pruned"])
@pytest.mark.parametrize("name", ["Boris", "Vоris"])
def test_the_same_text_is_known_wherever_it_was_sent_and_in_whatever_letters(
    cast: Cast, standing: str, name: str
) -> None:
    other = getattr(cast, standing)(cast.letter(), LIGHTHOUSE.upper(), name=name)
    disguised = LIGHTHOUSE.replace("o", "о").replace("e", "е")
    found = seen(cast, cast.comment(cast.letter(), disguised, name="Bоris"))
    assert [(twin.comment, twin.exact, twin.same_name) for twin in found.twins] == [(other, True, name == "Boris")]


def test_nearly_the_same_text_is_known_too(cast: Cast) -> None:
    other = cast.declined(cast.letter(), LIGHTHOUSE + " He also danced.")
    cast.declined(cast.letter(), "The keeper of a zoo asked me for a song, and sang it in court.")
    found = seen(cast, cast.comment(cast.letter(), LIGHTHOUSE, name="Vera"))
    assert [(twin.comment, twin.exact, twin.same_name) for twin in found.twins] == [(other, False, False)]


def test_an_erased_twin_is_forgotten(cast: Cast, session: Session) -> None:
    from datetime import timedelta

    from app.comments import retention

    cast.declined(cast.letter(), LIGHTHOUSE)
    retention.erase_expired(session, pruned_days=0, declined_days=0, now=cast.now + timedelta(days=1))
    session.commit()
    found = seen(cast, cast.comment(cast.letter(), LIGHTHOUSE))
    assert found.twins == ()
    assert found.first_under_name


def test_signals_are_of_the_text_and_its_name(cast: Cast) -> None:
    letter = cast.letter()
    first = cast.comment(letter, "LOOK AT MY LOVELY SHOP https://shop.example/x", name="Sam")
    again = cast.comment(letter, "Well.", name="sаm")
    found = seen(cast, first)
    assert (found.links, found.capitals, found.first_under_name) == (("shop.example",), True, True)
    assert found.words == 9
    found = seen(cast, again)
    assert (found.links, found.capitals, found.first_under_name, found.words) == ((), False, False, 1)


def test_a_quoted_line_is_the_letters_a_published_comments_or_nobodys(cast: Cast) -> None:
    letter = cast.letter(answer="Vera! Ask why they want to change it.")
    published = cast.published(letter, "Nobody reads past the second line of a contract.")
    cast.pruned(letter, "A pruned sentence about some herring."), cast.comment(letter, "One that waits for its turn.")
    quoting = (
        "> why they want to change it\n> past the second LINE\n> about some herring\n> that waits for its turn\n"
        "\nHe said «the second line of a contract»."
    )
    found = seen(cast, cast.comment(letter, quoting))
    assert [(one.whose, one.comment) for one in found.quoted] == [
        ("letter", None), ("published", published), ("nobody", None), ("nobody", None), ("published", published),
    ]  # fmt: skip


def test_however_many_comments_it_asks_the_database_twice(cast: Cast, session: Session) -> None:
    for n in range(4):
        letter = cast.letter()
        cast.published(letter, f"{LIGHTHOUSE} {n}")
        cast.comment(letter, f"{LIGHTHOUSE} {n} again"), cast.comment(letter, f"{LIGHTHOUSE} {n} once more")
    pending = session.scalars(sa.select(Comment).where(Comment.standing == "pending")).all()
    assert [one.letter.title for one in pending]
    said: list[str] = []
    engine = session.get_bind()
    sa.event.listen(engine, "before_cursor_execute", lambda *args: said.append(args[2]))
    found = beside(session, pending)
    assert len(said) == 2, said
    assert len(found) == 8
    assert all(one.near and one.twins for one in found.values())
