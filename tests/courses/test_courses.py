"""Courses at the desk and their pages: a text in each language, with the other one in its place where there is none."""

from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.column.settings import settings
from app.courses import describing, opening
from app.courses.describing import AddressTaken, NoName, Text
from app.courses.models import Course, CourseText, Subscriber

from ..cast import Cast
from ..house_on_a_port import token

ENGLISH, RUSSIAN = Text("Hard talks", "Eight *evenings*."), Text("Трудные разговоры", "Восемь *вечеров*.")


def save(cast: Cast, course: Course | None = None, slug: str = "talks", **texts: Text) -> Course:
    course = course or Course(created_at=cast.now)
    describing.save(cast.session, course, slug=slug, starts_on=None, texts=texts)
    cast.session.commit()
    return course


def post(client: FlaskClient, path: str, **fields: str):  # type: ignore[no-untyped-def]
    return client.post(path, data={"csrf_token": token(client.get(path).text), "slug": "talks", **fields})


def test_both_texts_are_kept_each_in_its_typography(cast: Cast) -> None:
    course = save(cast, en=Text("A", '"Yes" - no.'), ru=Text("Б", '"Да" - нет.'))
    cast.session.expire_all()
    assert course.texts["en"].about_html == "<p>“Yes”\xa0— no.</p>\n"
    assert course.texts["ru"].about_html == "<p>«Да»\xa0— нет.</p>\n"


@pytest.mark.parametrize(
    ("texts", "language", "name", "about"),
    [
        ({"en": ENGLISH, "ru": RUSSIAN}, "en", "en", "en"),
        ({"en": ENGLISH, "ru": RUSSIAN}, "ru", "ru", "ru"),
        ({"en": ENGLISH}, "ru", "en", "en"),
        ({"ru": RUSSIAN}, "en", "ru", "ru"),
        ({"en": ENGLISH, "ru": Text("Имя", "")}, "ru", "ru", "en"),
        ({"en": Text("A", ""), "ru": Text("Б", "")}, "ru", "ru", "ru"),
    ],
)
def test_what_is_missing_in_one_language_is_there_in_the_other(
    texts: dict[str, Text], language: str, name: str, about: str
) -> None:
    course = Course(
        texts={code: CourseText(language=code, name=t.name, about_html=t.about) for code, t in texts.items()}
    )
    assert (course.said(language).language, course.described(language).language) == (name, about)


def test_a_text_without_its_name_is_taken_away_and_the_last_one_stays(cast: Cast) -> None:
    course = save(cast, en=ENGLISH, ru=RUSSIAN)
    save(cast, course, en=ENGLISH, ru=Text("", ""))
    assert list(cast.session.scalars(sa.select(CourseText.language))) == ["en"]
    with pytest.raises(NoName):
        save(cast, course, en=Text("", "Eight."), ru=Text("", ""))


def test_an_address_belongs_to_one_course(cast: Cast) -> None:
    save(cast, en=ENGLISH)
    with pytest.raises(AddressTaken):
        save(cast, en=ENGLISH)
    cast.session.rollback()


def test_the_database_knows_two_languages_and_each_once(cast: Cast, session: Session) -> None:
    course = save(cast, en=ENGLISH)
    for language in ("de", "en"):
        values = {"course_id": course.id, "language": language, "name": "X", "about_source": "", "about_html": ""}
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(sa.insert(CourseText).values(**values))


def test_the_page_speaks_the_columns_language_and_leads_to_the_other(client: FlaskClient, cast: Cast) -> None:
    save(cast, en=ENGLISH, ru=RUSSIAN)
    page = client.get("/courses/talks/").text
    assert '<h1 lang="en">Hard talks</h1>' in page
    assert "Eight <em>evenings</em>" in page
    assert "Восемь" not in page
    assert '<link rel="canonical" href="http://localhost/courses/talks/">' in page
    other = '<link rel="alternate" hreflang="ru" href="http://localhost/courses/talks/?language=ru">'
    assert other in page
    russian = client.get("/courses/talks/?language=ru").text
    assert '<h1 lang="ru">Трудные разговоры</h1>' in russian
    assert 'lang="ru"><p>Восемь <em>вечеров</em>' in russian
    assert '<link rel="canonical" href="http://localhost/courses/talks/?language=ru">' in russian
    assert other in russian
    settings(cast.session).language = "ru"
    cast.session.commit()
    assert '<h1 lang="ru">Трудные разговоры</h1>' in client.get("/courses/talks/").text
    assert '<h1 lang="en">Hard talks</h1>' in client.get("/courses/talks/?language=en").text


def test_a_course_in_one_language_has_one_address(client: FlaskClient, cast: Cast) -> None:
    save(cast, ru=RUSSIAN)
    page = client.get("/courses/talks/").text
    assert '<h1 lang="ru">Трудные разговоры</h1>' in page
    assert "hreflang" not in page
    for language in ("en", "de", "x" * 9000, ""):
        assert client.get("/courses/talks/", query_string={"language": language}).status_code == 404, language


def test_a_letter_leads_to_the_course_in_its_own_language(client: FlaskClient, cast: Cast) -> None:
    course = save(cast, en=ENGLISH, ru=RUSSIAN)
    letters = {code: cast.letter(language=code, course_id=course.id) for code in ("en", "ru")}
    assert 'href="/courses/talks/">About' in client.get(f"/letters/{letters['en'].name}/").text
    assert 'href="/courses/talks/?language=ru">About' in client.get(f"/letters/{letters['ru'].name}/").text
    save(cast, course, en=ENGLISH, ru=Text("", ""))
    assert 'href="/courses/talks/">About' in client.get(f"/letters/{letters['ru'].name}/").text


def test_a_kept_page_shows_a_changed_text_at_once(client: FlaskClient, cast: Cast) -> None:
    course = save(cast, en=ENGLISH)
    assert "Hard talks" in client.get("/courses/talks/").text
    save(cast, course, en=Text("Soft talks", ""))
    assert "Soft talks" in client.get("/courses/talks/").text
    cast.session.execute(sa.update(CourseText).values(name="By hand"))
    cast.session.commit()
    assert "By hand" in client.get("/courses/talks/").text


def test_an_editor_writes_both_texts_and_takes_one_away(client: FlaskClient, cast: Cast, session: Session) -> None:
    cast.signed_in(client, cast.ada)
    typed = {"name_en": "Hard talks", "about_en": "Eight.", "name_ru": "Разговоры", "about_ru": "Восемь."}
    answer = post(client, "/desk/courses/new", **typed, starts_on="2027-02-12")
    assert answer.status_code == 303
    course = session.scalars(sa.select(Course)).one()
    assert (course.slug, course.starts_on, sorted(course.texts)) == ("talks", date(2027, 2, 12), ["en", "ru"])
    session.rollback()
    page = client.get("/desk/courses/1/edit").text
    assert all(f'value="{typed[name]}"' in page for name in ("name_en", "name_ru"))
    assert "Восемь." in page
    emptied = typed | {"name_en": "", "about_en": ""}
    assert post(client, "/desk/courses/1/edit", **emptied).status_code == 303
    session.expire_all()
    assert sorted(session.scalars(sa.select(CourseText.language))) == ["ru"]
    session.rollback()
    assert "Разговоры" in client.get("/desk/courses").text


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({}, "A course needs a name"),
        ({"about_ru": "Восемь.", "name_en": "Hard"}, "Without its name this text cannot be kept"),
        ({"name_en": "Hard", "slug": "taken"}, "Another course has this address"),
        ({"name_en": "Hard", "slug": "Talks!"}, "Small Latin letters"),
        ({"name_en": "Hard", "starts_on": "2027-02-30"}, 'value="2027-02-30"'),
    ],
)
def test_what_cannot_be_kept_comes_back_with_what_was_typed(
    typed: dict[str, str], sentence: str, client: FlaskClient, cast: Cast, session: Session
) -> None:
    save(cast, slug="taken", en=Text("Taken", ""))
    cast.signed_in(client, cast.ada)
    answer = post(client, "/desk/courses/new", **typed)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert all(value in answer.text for value in typed.values())
    session.expire_all()
    assert session.scalar(sa.select(sa.func.count()).where(CourseText.name == "Hard")) == 0


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_day_that_has_passed_is_told_to_no_reader_and_the_desk_says_that_it_has(
    language: str, client: FlaskClient, cast: Cast, at: Any
) -> None:
    settings(cast.session).language = language
    course, day = cast.course(), cast.now.date()
    course.starts_on = day
    letter = cast.letter(course_id=course.id)
    cast.signed_in(client, cast.ada)
    readers, desk = ("/courses/talks/", f"/letters/{letter.name}/"), ("/desk/courses", f"/desk/courses/{course.id}")
    told, unknown, passed = {
        "en": (
            "The next one begins on 23\xa0November 2026.",
            "The date of the next one is not known yet.",
            "has passed",
        ),
        "ru": ("Следующий поток начнётся 23\xa0ноября 2026", "Дата следующего пока неизвестна.", "уже прошло"),
    }[language]
    for address in (*readers, *desk):
        assert told in client.get(address).text
    at(cast.now + timedelta(days=1))
    for address in readers:
        page = client.get(address).text
        assert (told in page, unknown in page) == (False, True)
    for address in desk:
        page = client.get(address).text
        assert (told in page, passed in page, "ноября 2026" in page or "November 2026" in page) == (False, True, True)


def test_an_opening_that_told_nobody_says_so_in_its_courses_list(client: FlaskClient, cast: Cast, at: Any) -> None:
    course = cast.course()
    cast.opened(course)
    cast.signed_in(client, cast.ada)
    assert "Nobody waited, so no notice was sent." in client.get(f"/desk/courses/{course.id}").text


def test_a_number_of_those_who_wait_is_written_as_beside_it(client: FlaskClient, cast: Cast, at: Any) -> None:
    course = cast.course()
    cast.session.execute(
        sa.insert(Subscriber),
        [
            {"course_id": course.id, "opening_number": 1, "email": f"a{n}@e.org", "email_key": f"a{n}@e.org",
             "confirm_token": f"c{n}", "leave_token": f"l{n}", "asked_at": cast.now, "confirmed_at": cast.now}
            for n in range(1009)
        ],
    )  # fmt: skip
    opening.save_draft(
        cast.session, course, subject="New", text="Come.", link="https://e.example", by=cast.ada, now=cast.now
    )
    cast.session.commit()
    cast.signed_in(client, cast.ada)
    for address in ("/desk/courses", f"/desk/courses/{course.id}", f"/desk/courses/{course.id}/notice"):
        page = client.get(address).text
        assert "1,009 confirmed subscribers wait" in page
        assert "1009" not in page
