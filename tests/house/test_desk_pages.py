"""Every page of the desk: who may enter, that it renders, and that it holds no inline code."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from app.accounts.models import ROLES
from app.column.settings import settings
from app.courses import opening
from app.web import limiter, roles_of

from ..cast import PASSWORD, Cast
from ..house_on_a_port import token


def desk_rules(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/desk")]


def address(rule: Rule) -> str:
    return re.sub(r"<[^>]+>", "1", rule.rule)


@pytest.fixture
def full(cast: Cast, at: object) -> Cast:
    """Something on every page; every row that a page asks for has the id 1."""
    from app.letters.models import Adviser, Selection, Topic
    from app.questions import inbox

    session = cast.session
    session.add_all([Adviser(slug="ilya", name="Ilya"), Topic(slug="money", name="Money")])
    session.add(Selection(slug="best", title="The best", adviser_id=1, created_at=cast.now))
    rubric, course = cast.rubric(), cast.course()
    letter = cast.letter("Л" * 60, rubric_id=rubric.id, course_id=course.id)
    cast.draft("A draft")
    cast.letter(days_ago=-4, rubric_id=rubric.id)
    cast.published(letter, "> q\n\nA thought. " * 40)
    cast.comment(letter, "Слово " * 900, name="И" * 60)
    cast.declined(letter)
    cast.pruned(letter)
    inbox.send(cast.session, name="Vera", text="What now?", email="v@example.org", now=cast.now)
    cast.subscriber(course, "a@example.org")
    cast.subscriber(course, "b@example.org", confirmed=False)
    cast.opened(course)
    opening.save_draft(
        session, course, subject="New", text="*Come.*", link="https://e.example", by=cast.ada, now=cast.now
    )
    session.commit()
    return cast


def test_every_route_of_the_desk_says_who_may_enter(app: Flask) -> None:
    rules = desk_rules(app)
    assert len(rules) > 25
    for rule in rules:
        roles = roles_of(app.view_functions[rule.endpoint])
        assert roles == "anyone" or (roles and set(roles) <= set(ROLES)), rule


def test_strangers_are_led_to_the_login_and_lose_nothing_that_they_sent(
    app: Flask, client: FlaskClient, full: Cast
) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    try:
        for rule in desk_rules(app):
            if roles_of(app.view_functions[rule.endpoint]) == "anyone":
                continue
            for method in rule.methods or ():
                if method in ("GET", "POST"):
                    answer = client.open(address(rule), method=method)
                    if method == "GET":
                        assert (answer.status_code, answer.location.split("?")[0]) == (303, "/desk/login"), rule
                    else:
                        assert answer.status_code == 401, rule
                        assert 'href="/desk/login"' in answer.text, rule
    finally:
        app.config["WTF_CSRF_ENABLED"] = True


@pytest.mark.parametrize("role", ROLES)
def test_every_route_refuses_the_roles_that_have_no_business_there(
    role: str, app: Flask, client: FlaskClient, full: Cast
) -> None:
    person = {"writer": full.wanda, "moderator": full.mo, "editor": full.ada}[role]
    full.signed_in(client, person)
    app.config["WTF_CSRF_ENABLED"] = False
    refused = 0
    try:
        for rule in desk_rules(app):
            roles = roles_of(app.view_functions[rule.endpoint])
            if roles == "anyone" or role in roles:
                continue
            for method in rule.methods or ():
                if method in ("GET", "POST"):
                    assert client.open(address(rule), method=method).status_code == 403, rule
                    refused += 1
    finally:
        app.config["WTF_CSRF_ENABLED"] = True
    assert refused > 0 or role == "editor"


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("filled", ["full", "empty"])
def test_every_page_of_the_desk_renders_without_inline_code(
    language: str, filled: str, app: Flask, client: FlaskClient, request: pytest.FixtureRequest, cast: Cast, at: object
) -> None:
    if filled == "full":
        request.getfixturevalue("full")
    settings(cast.session).language = language
    cast.session.commit()
    cast.signed_in(client, cast.ada)
    for rule in desk_rules(app):
        if "GET" not in (rule.methods or ()) or (filled == "empty" and rule.arguments):
            continue
        answer = client.get(address(rule))
        assert answer.status_code in (200, 303), (rule, answer.status_code)
        assert answer.headers["Cache-Control"] == "no-store"
        if answer.status_code == 200 and answer.mimetype == "text/html" and "as-it-arrives" not in rule.rule:
            assert f'<html lang="{language}">' in answer.text
            assert answer.text.count("<h1") == 1, rule
            assert not re.search(r'\sstyle="|\son\w+="|<script(?![^>]*src=)', answer.text), rule


def login(client: FlaskClient, **fields: str) -> Callable[[], object]:
    page = client.get("/desk/login").text
    return client.post("/desk/login", data={"csrf_token": token(page), **fields})


def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(client: FlaskClient, cast: Cast) -> None:
    email = cast.ada.email
    answers = []
    for given in (("nobody@example.org", PASSWORD), (email, "something else")):
        answer = login(client, email=given[0], password=given[1])
        assert answer.status_code == 422
        page = re.sub(r'value="[^"]*"', "", answer.text)
        answers.append(page)
    assert answers[0] == answers[1]
    assert "The address or the password is wrong." in answers[0]
    assert login(client, email=email.upper(), password=PASSWORD).status_code == 303


@pytest.mark.parametrize(
    "goal", ["https://evil.example/", "//evil.example/", "/desk//evil.example", "/desk/\\evil.example", "/letters/", ""]
)
def test_after_signing_in_only_a_page_of_the_desk_is_opened(goal: str, client: FlaskClient, cast: Cast) -> None:
    answer = login(client, email=cast.ada.email, password=PASSWORD, goal=goal)
    assert (answer.status_code, answer.location) == (303, "/desk/")


def test_signing_in_is_limited(app: Flask, client: FlaskClient, cast: Cast) -> None:
    email = cast.ada.email
    limiter.enabled = True
    try:
        answers = [login(client, email=email, password="wrong again").status_code for _ in range(7)]
        assert answers[:5] == [422] * 5
        assert answers[5:] == [429] * 2
        last = login(client, email=email, password=PASSWORD)
        assert last.status_code == 429
        assert "That was tried too many times" in last.text
    finally:
        limiter.enabled = False
        with app.app_context():
            limiter.reset()


def test_a_desk_form_without_its_token_is_refused(client: FlaskClient, cast: Cast, at: object) -> None:
    comment = cast.comment(cast.letter())
    cast.signed_in(client, cast.mo)
    answer = client.post(f"/desk/comments/{comment.id}/decision", data={"verdict": "published"})
    assert answer.status_code == 403
    assert "older than your sign-in" in answer.text
    cast.session.refresh(comment)
    assert comment.standing == "pending"


def test_a_comment_decided_meanwhile_shows_what_stands(client: FlaskClient, cast: Cast, at: object) -> None:
    comment = cast.comment(cast.letter(), "A new thought.")
    cast.signed_in(client, cast.ada)
    page = client.get("/desk/queue").text
    seen = re.search(r'name="seen" value="(\w+)"', page)
    assert seen
    from app.comments.moderation import decide

    decide(cast.session, comment, "declined", by=cast.mo, now=cast.now)
    cast.session.commit()
    data = {"verdict": "published", "seen": seen.group(1), "csrf_token": token(page)}
    answer = client.post(f"/desk/comments/{comment.id}/decision", data=data)
    assert answer.status_code == 409
    for part in ("It was declined.", "Mo", "A new thought."):
        assert part in answer.text
