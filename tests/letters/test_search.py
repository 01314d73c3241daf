"""Finding: the same questions put to SQLite's and to PostgreSQL's index."""

import re
from datetime import timedelta
from itertools import chain

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.comments import finding, retention, thread
from app.letters import drafting, index, likeness, publishing, reading, search
from app.letters.models import Adviser, Letter, Topic
from app.letters.search import Within

from ..cast import Cast
from ..conftest import NOON


def found(session: Session, asked: str, within: Within | None = None, now=NOON) -> list[str | None]:  # type: ignore[no-untyped-def]
    """Titles, in the order of the page."""
    page, _ = finding.find(session, search.parse(asked), now, within=within or Within())
    return [one.letter.title for one in page]


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("Что ответить клиенту?", "клиенты"),
        ("Клиенты не платят.", "клиент"),
        ("Нарядили ёлку.", "елка"),
        ("Нарядили елку.", "Ёлками"),
        ("Два договора лежат.", "договор"),
        ("She keeps negotiating rates.", "negotiate rate"),
        ("A TAILOR’S letter", "tailors"),
        ("В кафе за́мок.", "замок"),
        ("Стоит 1500 рублей", "1500 рубль"),
        ("Бизнес-план", "бизнес план"),
    ],
)
def test_a_word_is_found_in_any_form(cast: Cast, session: Session, text: str, asked: str) -> None:
    cast.letter("Yes", answer=text)
    cast.letter("No", answer="Совсем о другом: the weather.")
    assert found(session, asked) == ["Yes"]


@pytest.mark.parametrize("part", ["title", "asker", "question", "answer", "postscript", "course_note"])
def test_every_part_of_a_letter_is_looked_through(cast: Cast, session: Session, part: str) -> None:
    cast.letter("Other")
    letter = cast.letter(**{part: "Предоплата"})
    assert found(session, "предоплату") == [letter.title]


def test_all_words_must_be_there_and_a_phrase_in_its_order(cast: Cast, session: Session) -> None:
    cast.letter("Both", answer="The nervous client waits.")
    cast.letter("Apart", answer="A client who is nervous.")
    cast.letter("One", answer="A client.")
    assert found(session, "nervous client") == ["Apart", "Both"]
    for quoted in ('"nervous client"', "«nervous clients»", "“Nervous client”"):
        assert found(session, quoted) == ["Both"]
    assert found(session, '"client nervous"') == []


def test_no_phrase_is_found_across_title_and_text(cast: Cast, session: Session) -> None:
    cast.letter("The nervous", question="client waits.", asker="Vera")
    assert found(session, '"nervous vera"') == found(session, '"nervous client"') == []


def test_letters_with_the_word_in_their_title_come_first_then_the_newest(cast: Cast, session: Session) -> None:
    cast.letter("Of prepayment", days_ago=300)
    cast.letter("Old", days_ago=200, answer="A prepayment.")
    cast.letter("New", days_ago=2, answer="A prepayment, a prepayment.")
    assert found(session, "prepayment") == ["Of prepayment", "New", "Old"]


def test_a_letter_is_found_by_a_published_comment_and_leads_to_it(cast: Cast, session: Session) -> None:
    letter = cast.letter("Found")
    remark = cast.published(letter, "We call it a *barter*.")
    (one,), more = finding.find(session, search.parse("barters"), NOON, within=Within())
    assert (one.letter, more) == (letter, False)
    assert one.remark is not None
    assert one.remark.public_id == remark.public_id
    assert one.snippet_html == "We call it a *<mark>barter</mark>*."


def test_letters_that_say_it_themselves_come_before_those_of_which_comments_do(cast: Cast, session: Session) -> None:
    talked_of = cast.letter("Talked of", days_ago=1)
    cast.published(talked_of, "A barter.")
    cast.letter("Says", days_ago=100, answer="A barter.")
    assert found(session, "barter") == ["Says", "Talked of"]


@pytest.mark.parametrize("state", ["comment", "declined", "pruned"])
def test_a_comment_that_readers_do_not_see_finds_nothing(cast: Cast, session: Session, state: str) -> None:
    getattr(cast, state)(cast.letter(), "A barter.")
    assert found(session, "barter") == []
    held = "SELECT count(*) FROM search_comments"
    assert session.scalar(sa.text(held)) == 0, "not even the index has it"


def test_an_erased_comment_is_found_no_more(cast: Cast, session: Session) -> None:
    cast.published(cast.letter("Found"), "A barter.", email="b@example.org")
    assert found(session, "barter") == ["Found"]
    retention.erase_by(session, "b@example.org", now=NOON)
    assert found(session, "barter") == []
    assert session.scalar(sa.text("SELECT count(*) FROM search_comments")) == 0


def test_a_letter_is_found_from_its_moment_on_and_its_comments_with_it(cast: Cast, session: Session) -> None:
    letter = cast.letter("Coming", days_ago=-1, answer="A barter.")
    cast.published(letter, "Something else: a swap.")
    slot = letter.publish_at
    assert slot is not None
    for asked in ("barter", "swap"):
        assert found(session, asked, now=slot - timedelta(seconds=1)) == []
        assert found(session, asked, now=slot) == ["Coming"]
    assert found(session, "", Within(year=2026), now=slot - timedelta(seconds=1)) == []


def test_a_draft_is_in_no_index(cast: Cast, session: Session) -> None:
    letter = cast.draft(answer="A barter.")
    assert session.scalar(sa.text("SELECT count(*) FROM search_letters")) == 0
    cast.letter("Out", days_ago=-1, answer="A barter.")
    coming = session.scalars(sa.select(Letter).where(Letter.title == "Out")).one()
    assert session.scalar(sa.text("SELECT count(*) FROM search_letters")) == 1
    publishing.withhold(session, coming, now=NOON)
    assert session.scalar(sa.text("SELECT count(*) FROM search_letters")) == 0
    assert likeness.like(session, "A barter.", NOON + timedelta(days=9), limit=4) == []
    assert letter.ready is False


def test_what_was_changed_is_found_as_it_is_now(cast: Cast, session: Session) -> None:
    letter = cast.letter("Found", answer="A barter.")
    changed = drafting.Draft("Found", "Vera", "en", answer="A swap.")
    drafting.save(session, letter, changed, version=letter.version, now=NOON)
    session.commit()
    assert (found(session, "barter"), found(session, "swap")) == ([], ["Found"])


def test_a_hand_at_the_database_leaves_nothing_stale(cast: Cast, session: Session) -> None:
    letter = cast.letter("Found", answer="A barter.")
    session.execute(sa.text("UPDATE letters SET answer_html = '<p>A swap.</p>'"))
    assert found(session, "barter") == []
    list(index.rebuild(session, thread.texts(session)))
    assert found(session, "swap") == ["Found"]
    session.delete(letter)
    session.flush()
    assert session.scalar(sa.text("SELECT count(*) FROM search_letters")) == 0


def test_filters_narrow_what_is_found_and_what_is_listed(cast: Cast, session: Session) -> None:
    rubric, topic, adviser = cast.rubric(), Topic(slug="law", name="Law"), Adviser(slug="ilya", name="Ilya")
    session.add_all([topic, adviser])
    session.commit()
    mine = {"rubric_id": rubric.id, "topic_ids": [topic.id], "adviser_id": adviser.id}
    cast.letter("Mine", days_ago=400, answer="A barter.", **mine)
    other = cast.letter("Other", answer="A barter.")
    cast.published(other, "A swap.")
    cast.published(session.scalars(sa.select(Letter).where(Letter.title == "Mine")).one(), "A swap.")
    for within in (Within(rubric="fridays"), Within(topic="law"), Within(adviser="ilya"), Within(year=2025)):
        assert (
            found(session, "barter", within) == found(session, "", within) == found(session, "swap", within) == ["Mine"]
        )
    assert (
        found(session, "barter", Within(rubric="no-such")) == found(session, "", Within(topic="law", year=2026)) == []
    )
    assert found(session, "barter") == ["Other", "Mine"]


def test_what_is_found_comes_in_pages_each_letter_once(
    cast: Cast, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "PER_PAGE", 2)
    letters = [cast.letter(f"The barter {n}", days_ago=n, answer="Barter.") for n in (1, 2)]
    letters += [cast.letter(f"Letter {n}", days_ago=n, answer="Barter.") for n in (3, 4)]
    silent = cast.letter("Silent")
    for _ in range(3):
        cast.published(silent, f"A barter, {_}.")
        cast.published(letters[0], f"A barter, {_}.")
    pages = [finding.find(session, search.parse("barter"), NOON, within=Within(), page=n) for n in (1, 2, 3, 4)]
    assert [[one.letter for one in page] for page, _ in pages] == [letters[:2], letters[2:], [silent], []]
    assert [more for _, more in pages] == [True, True, False, False]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=st.one_of(st.text(max_size=300), st.text(alphabet="\"'«»*():&|!<->^- abёNEAROR", max_size=40)))
def test_nothing_that_is_typed_breaks_it(cast: Cast, session: Session, asked: str) -> None:
    finding.find(session, search.parse(asked), NOON, within=Within())


def test_the_index_is_rebuilt_as_it_was(cast: Cast, session: Session) -> None:
    one, other = cast.letter(answer="A barter of prepayments."), cast.letter(answer="No barter.")
    cast.published(one, "Предоплата")
    before = [(found(session, asked)) for asked in ("barter", "предоплаты", "prepayment")]
    alike = likeness.like(session, "barter", NOON, limit=4)
    assert set(alike) == {one, other}
    done = list(chain(index.rebuild(session, thread.texts(session)), likeness.rebuild(session)))
    session.commit()
    assert sorted(done) == ["comment", "letter", "letter", "likeness", "likeness"]
    assert [(found(session, asked)) for asked in ("barter", "предоплаты", "prepayment")] == before
    assert likeness.like(session, "barter", NOON, limit=4) == alike


def test_sqlite_finds_the_newest_without_looking_at_all(app: Flask, cast: Cast, session: Session) -> None:
    """The index is read first, in its own order, and nothing is sorted."""
    if session.connection().dialect.name != "sqlite":
        pytest.skip("PostgreSQL sorts what its index gave")
    cast.letter()
    query = search._saying(session, publishing.live(NOON).with_only_columns(Letter.id), search.parse("ask"))
    sql = str(query.limit(5).compile(session.connection(), compile_kwargs={"render_postcompile": True}))
    values = query.limit(5).compile(session.connection()).construct_params()
    plan = session.connection().exec_driver_sql(
        "EXPLAIN QUERY PLAN " + sql, tuple(str(value) for value in values.values())
    )
    steps = [row[3] for row in plan]
    assert steps[0].startswith("SCAN search_letters VIRTUAL TABLE")
    assert not any("TEMP B-TREE" in step for step in steps)


def test_the_page_says_what_it_found_and_keeps_what_was_typed(client: FlaskClient, cast: Cast, at: object) -> None:
    cast.letter("A “barter” & more", answer="The <b> barter.")
    page = client.get("/search/?q=barters").get_data(as_text=True)
    assert 'value="barters"' in page
    assert "<mark>barter</mark>" in page
    assert "&lt;b&gt; <mark>barter</mark>" in page
    assert '<meta name="robots" content="noindex, follow">' in page
    assert "No letter has this word" in client.get("/search/?q=zebra").get_data(as_text=True)
    assert "no word in this" in client.get("/search/?q=%21%3F").get_data(as_text=True)


def test_the_search_page_without_a_question_is_a_form(client: FlaskClient, cast: Cast, at: object) -> None:
    cast.letter()
    answer = client.get("/search/")
    assert answer.status_code == 200
    assert "noindex" not in answer.get_data(as_text=True)
    assert client.get("/search/?q=+").status_code == 200


@pytest.mark.parametrize("page", ["2", "0", "-1", "x", "99999", "1.5"])
def test_a_page_that_is_not_there_is_not_found(client: FlaskClient, cast: Cast, at: object, page: str) -> None:
    cast.letter(answer="barter")
    assert client.get(f"/search/?q=barter&page={page}").status_code == 404


def test_pages_of_what_is_found_keep_the_question(
    client: FlaskClient, cast: Cast, at: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "PER_PAGE", 1)
    for days in (1, 2):
        cast.letter(answer="barter & swap", days_ago=days)
    first = client.get("/search/?q=barter+%26+swap&year=2026").get_data(as_text=True)
    (address,) = re.findall('rel="next" href="([^"]+)"', first)
    assert address == "/search/?q=barter+%26+swap&amp;year=2026&amp;page=2"
    second = client.get(address.replace("&amp;", "&")).get_data(as_text=True)
    assert 'rel="prev" href="/search/?q=barter+%26+swap&amp;year=2026"' in second


def test_a_letter_keeps_its_nearest_when_that_one_has_nearer_ones(
    cast: Cast, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(likeness, "KEPT", 1)
    lonely = cast.letter("Lonely", answer="Walruses barter.")
    middle = cast.letter("Middle", answer="Walruses invoice zebras quarterly.")
    near = cast.letter("Near", answer="Somebody invoices zebras quarterly.")
    assert reading.related(session, lonely, NOON) == [middle]
    for _ in range(2):
        likeness.compare(session.connection(), middle.id)
        assert reading.related(session, middle, NOON) == [near]
        assert reading.related(session, lonely, NOON) == [middle]


def test_flask_reindex_says_what_it_did(app: Flask, cast: Cast, session: Session) -> None:
    cast.published(cast.letter("Found", answer="A barter."), "A swap.")
    session.execute(sa.text("DELETE FROM search_letters"))
    session.execute(sa.text("DELETE FROM search_comments"))
    session.commit()
    result = app.test_cli_runner().invoke(args=["reindex"])
    assert "The index has 1 letter and 1 comment." in result.output
    assert found(session, "barter") == found(session, "swap") == ["Found"]


def test_what_is_there_outside_the_filters_is_not_said_to_be_nowhere(
    client: FlaskClient, cast: Cast, at: object
) -> None:
    cast.letter(answer="barter & swap", days_ago=3)
    page = client.get("/search/?q=barter+%26+swap&year=2025").get_data(as_text=True)
    assert "No letter has" not in page
    assert "Nothing was found among these letters" in page
    assert 'href="/search/?q=barter%20%26%20swap"' in page


def test_what_a_letter_struck_out_is_not_shown_as_what_it_says(client: FlaskClient, cast: Cast, at: object) -> None:
    cast.letter(answer="Do ~~tell him everything~~ keep the barter quiet.")
    page = client.get("/search/?q=barter").get_data(as_text=True)
    assert "keep the <mark>barter</mark> quiet" in page
    assert "tell him" not in page
