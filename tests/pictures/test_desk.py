"""Pictures come in at the desk and go out to readers: by script, by form, for the column and for an adviser."""

import re
from io import BytesIO
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import web
from app.letters.models import Adviser, Letter
from app.pictures import making
from app.pictures.models import Picture
from app.text import pictures

from ..cast import Cast
from ..house_on_a_port import token
from .test_making import SVG, image, png_that_says

LETTER = {"title": "New", "asker": "Vera", "language": "en", "rubric_id": "", "course_id": "", "adviser_id": ""}


@pytest.fixture
def wanda(client: FlaskClient, cast: Cast, at: object) -> FlaskClient:
    return cast.signed_in(client, cast.wanda)


@pytest.fixture
def ada(client: FlaskClient, cast: Cast, at: object) -> FlaskClient:
    return cast.signed_in(client, cast.ada)


def file(data: bytes, name: str = "a.png", kind: str = "image/png") -> tuple[BytesIO, str, str]:
    return BytesIO(data), name, kind


def drop(client: FlaskClient, data: bytes, **more: str) -> TestResponse:
    """What pictures.js sends."""
    fields: dict[str, Any] = {"csrf_token": token(client.get("/desk/letters/new").text), "picture": file(data, **more)}
    return client.post("/desk/pictures", data=fields, headers={"Accept": "application/json"})


def test_what_is_dropped_is_answered_with_its_address_and_readers_get_it_for_ever(
    wanda: FlaskClient, cast: Cast, app: Flask
) -> None:
    answer = drop(wanda, image(700, 350))
    assert answer.status_code == 201
    address, stranger = answer.json["address"], app.test_client()  # type: ignore[index]
    assert pictures.size(address) == (700, 350)
    for end, kind in pictures.KINDS.items():
        for size in ("600x300", "700x350"):
            got = stranger.get(address.replace("700x350.jpg", f"{size}.{end}"))
            assert (got.status_code, got.mimetype) == (200, kind)
            assert got.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            assert got.headers["X-Content-Type-Options"] == "nosniff"
            assert "Set-Cookie" not in got.headers
            again = stranger.get(got.request.path, headers={"If-None-Match": got.headers["ETag"]})
            assert (again.status_code, again.data) == (304, b"")
            assert "immutable" in again.headers["Cache-Control"]
    assert stranger.head(address).status_code == 200
    row = cast.session.scalars(sa.select(Picture)).one()
    assert (row.width, row.height, row.by_id) == (700, 350, cast.wanda.id)
    assert drop(wanda, image(700, 350)).json == answer.json
    assert cast.session.scalar(sa.select(sa.func.count()).select_from(Picture)) == 1


def test_a_picture_of_a_letter_to_come_is_found_by_nobody_who_has_no_address(wanda: FlaskClient, app: Flask) -> None:
    address = drop(wanda, image(700, 350)).json["address"]  # type: ignore[index]
    key = address.split("/")[2]
    other = key[:-1] + ("b" if key.endswith("a") else "a")
    stranger = app.test_client()
    for guess in (
        "/media", "/media/", f"/media/{key}", f"/media/{key}/", f"/media/{key}/..", "/media/..%2fcolumn.sqlite",
        f"/media/{key}/..%2f..%2fcolumn.sqlite", f"/media/{key}/60x30.jpg", f"/media/{key.upper()}/700x350.jpg",
        f"/media/{other}/700x350.jpg", f"/media/{key}/700x350.jpg%00", f"/media/.{key}/700x350.jpg",
        f"/media//{key}/700x350.jpg",
    ):  # fmt: skip
        got = stranger.get(guess)
        assert got.status_code in (404, 308), guess
        assert "immutable" not in got.headers.get("Cache-Control", ""), guess
    assert stranger.get(f"/media/{'a' * 26}/700x350.jpg").headers["Cache-Control"] == "no-store"
    with app.app_context():
        from hashlib import sha256

        assert sha256(image(700, 350)).hexdigest()[:10] not in address


REFUSED = [
    (b"", "empty.png", 415, "no picture that can be taken"),
    (SVG, "drawing.svg", 415, "no picture that can be taken"),
    (SVG, "drawing.png", 415, "no picture that can be taken"),
    (b"%PDF-1.7", "lying.jpg", 415, "no picture that can be taken"),
    (image()[:60], "half.png", 422, "broken"),
    (png_that_says(60_000, 60_000), "bomb.png", 422, "more than 50 megapixels"),
    (image(kind="GIF", save_all=True, append_images=[making.Image.new("RGB", (40, 30))]), "a.gif", 422, "moves"),
    (b"\xff\xd8\xff" + bytes(making.LARGEST_FILE - 2), "heavy.jpg", 413, "more than 32 megabytes"),
]


def test_what_cannot_be_taken_is_refused_with_a_line_that_says_why(wanda: FlaskClient, cast: Cast, app: Flask) -> None:
    for data, name, status, said in REFUSED:
        answer = drop(wanda, data, name=name, kind="image/png")
        assert answer.status_code == status, name
        assert said in answer.json["refused"]  # type: ignore[index]
    assert cast.session.scalar(sa.select(Picture)) is None
    assert not list((app.extensions["config"].media).glob("*"))


def test_the_line_is_in_the_desks_language(wanda: FlaskClient, cast: Cast) -> None:
    cast.session.execute(sa.text("UPDATE settings SET language = 'ru'"))
    cast.session.commit()
    assert "Это не картинка" in drop(wanda, SVG).json["refused"]  # type: ignore[index]


def test_a_body_is_bounded_before_anything_reads_it_and_only_who_is_signed_in_may_send_a_large_one(
    wanda: FlaskClient, app: Flask
) -> None:
    stranger = app.test_client()
    for address in ("/desk/login", "/desk/letters/new", "/desk/pictures"):
        assert stranger.post(address, data={"picture": file(bytes(3_000_000))}).status_code == 413, address
    assert stranger.post("/desk/pictures", data={"picture": file(image())}).status_code == 403  # no token, no picture
    huge = {"picture": file(bytes(making.LARGEST_FILE + web.LARGEST_AT_THE_DESK))}
    assert wanda.post("/desk/pictures", data=huge).status_code == 413
    assert wanda.post("/desk/letters/new", data={"picture": file(bytes(3_000_000))}).status_code == 413


def test_a_moderator_puts_no_pictures_in(client: FlaskClient, cast: Cast, at: object) -> None:
    mo = cast.signed_in(client, cast.mo)
    fields = {"csrf_token": token(mo.get("/desk/queue").text), "picture": file(image())}
    assert mo.post("/desk/pictures", data=fields).status_code == 403


def put(client: FlaskClient, page: str, address: str, data: bytes | None, **fields: str) -> TestResponse:
    sent: dict[str, Any] = {**LETTER, "answer": "What I typed.", "question": "Why?", "picture_words": "A [plan]"}
    sent |= {"picture_part": "answer", **fields, "csrf_token": token(client.get(page).text)}
    if data is not None:
        sent["picture"] = file(data)
    return client.post(address, data=sent)


def area(page: str, name: str) -> str:
    found = re.search(rf'<textarea[^>]*name="{name}"[^>]*>\r?\n?(.*?)</textarea>', page, re.DOTALL)
    assert found, page
    return found[1]


@pytest.mark.parametrize("is_new", [True, False])
def test_without_scripts_a_picture_goes_to_the_end_of_a_part_and_all_that_was_typed_stays(
    is_new: bool, wanda: FlaskClient, cast: Cast
) -> None:
    letter = cast.draft(answer="As it is saved.")
    page, address = ("/desk/letters/new", "/desk/letters/picture")
    if not is_new:
        page, address = f"/desk/letters/{letter.id}/edit", f"/desk/letters/{letter.id}/picture"
    answer = put(wanda, page, address, image())
    assert answer.status_code == 200
    assert re.fullmatch(
        r"What I typed\.\n\n!\[A \\\[plan\\\]\]\(/media/[a-z2-7]{26}/40x30\.jpg\)", area(answer.text, "answer")
    )
    assert area(answer.text, "question") == "Why?"
    assert 'value="New"' in answer.text
    assert "not saved yet" in answer.text
    cast.session.refresh(letter)
    assert letter.answer_source == "As it is saved."
    cast.session.rollback()
    first = put(wanda, page, address, image(), question="", picture_part="question")
    assert area(first.text, "question").startswith("![")


def test_without_scripts_what_is_refused_is_said_beside_the_field_and_all_that_was_typed_stays(
    wanda: FlaskClient, cast: Cast
) -> None:
    cases: list[tuple[bytes | None, dict[str, str], int, str]] = [
        (None, {}, 415, "no picture that can be taken"),
        (SVG, {}, 415, "no picture that can be taken"),
        (png_that_says(60_000, 60_000), {}, 422, "more than 50 megapixels"),
        (image(), {"picture_part": "title"}, 422, "Not a valid choice"),
        (image(), {"picture_words": "ж" * 301}, 422, "at most 300"),
    ]
    for data, more, status, said in cases:
        answer = put(wanda, "/desk/letters/new", "/desk/letters/picture", data, **more)
        assert answer.status_code == status, said
        assert said in answer.text
        assert 'aria-invalid="true"' in answer.text
        assert area(answer.text, "answer") == "What I typed."
        assert area(answer.text, "question") == "Why?"
    assert cast.session.scalar(sa.select(Picture)) is None


def test_a_letter_with_a_picture_goes_out_with_it_everywhere(ada: FlaskClient, cast: Cast, app: Flask) -> None:
    address = drop(ada, image(700, 350)).json["address"]  # type: ignore[index]
    key = address.split("/")[2]
    letter = cast.letter("Out", answer=f"Look:\n\n![A plan]({address})\n\nSo.", days_ago=1)
    coming = cast.letter("Coming", answer=f"![Secret]({address.replace(key, 'c' * 26)})", days_ago=-1)
    reader = app.test_client()
    whole = f"http://localhost{address}"
    page = reader.get(f"/letters/{letter.name}/").text
    assert f'<source type="image/avif" srcset="/media/{key}/600x300.avif 600w, /media/{key}/700x350.avif 700w"' in page
    for feed in ("/feed.xml", "/feed.json"):
        text = reader.get(feed).text.replace("&lt;", "<").replace("&#34;", '"').replace('\\"', '"').replace("&gt;", ">")
        text = text.replace("&quot;", '"')
        assert f'<img src="{whole}" alt="A plan" width="700" height="350">' in text, feed
        assert "srcset" not in text
    assert f"![A plan]({whole})" in reader.get(f"/letters/{letter.name}.md").text
    assert f"[A plan] <{whole}>" in reader.get(f"/letters/{letter.name}.txt").text
    for path in ("/", "/letters/", "/feed.xml", "/feed.json", "/sitemap.xml", f"/letters/{coming.name}/"):
        assert "c" * 26 not in reader.get(path).text, path


def settings_of(page: str) -> dict[str, Any]:
    inputs = [one for one in re.findall("<input[^>]*>", page) if 'type="checkbox"' not in one]
    values = dict(re.findall(r'name="([^"]+)".*value="([^"]*)"', "\n".join(inputs)))
    return {**values, "language": "en", "rules": ""}


def test_the_columns_picture_stands_on_every_page_and_can_be_taken_away(ada: FlaskClient, app: Flask) -> None:
    reader = app.test_client()
    assert "friday.svg" in reader.get("/").text
    page = ada.get("/desk/settings").text
    answer = ada.post("/desk/settings", data={**settings_of(page), "picture": file(image(300, 200))})
    assert answer.status_code == 303, answer.text
    home = reader.get("/").text
    icon = re.search(r'<link rel="icon" href="(/media/[a-z2-7]{26}/64x64.png)"', home)[1]  # type: ignore[index]
    assert "friday.svg" not in home
    assert home.count(icon) == 2
    for address in (icon, icon.replace("64x64", "180x180")):
        assert reader.get(address).mimetype == "image/png"
    assert f"<icon>http://localhost{icon.replace('64x64', '180x180')}</icon>" in reader.get("/feed.xml").text
    assert reader.get("/feed.json").json["favicon"] == f"http://localhost{icon}"  # type: ignore[index]
    page = ada.get("/desk/settings").text  # saved again without a file it stays
    assert ada.post("/desk/settings", data=settings_of(page)).status_code == 303
    assert icon in reader.get("/").text
    wrong = ada.post("/desk/settings", data={**settings_of(page), "title": "Typed", "picture": file(image(300, 100))})
    assert wrong.status_code == 422
    assert "180 dots" in wrong.text
    assert 'value="Typed"' in wrong.text
    assert icon in reader.get("/").text
    assert ada.post("/desk/settings", data={**settings_of(page), "picture_gone": "y"}).status_code == 303
    assert "friday.svg" in reader.get("/").text


def test_an_adviser_has_a_portrait(ada: FlaskClient, cast: Cast, app: Flask) -> None:
    adviser = Adviser(slug="ilya", name="Ilya & Co")
    cast.session.add(adviser)
    cast.session.commit()
    cast.letter(adviser_id=adviser.id)
    address = f"/desk/advisers/{adviser.id}"
    fields = {"name": "Ilya & Co", "slug": "ilya", "about": "*He*."}

    def send(**more: Any) -> TestResponse:
        return ada.post(address, data={**fields, **more, "csrf_token": token(ada.get(address).text)})

    assert send(picture=file(image(700, 900))).status_code == 303
    page = app.test_client().get("/advisers/ilya/").text
    assert re.search(r'<img src="/media/[a-z2-7]{26}/700x900.jpg"[^>]* alt="Ilya &amp; Co"', page)
    assert send(picture=file(SVG)).status_code == 415
    assert send().status_code == 303
    assert "/media/" in app.test_client().get("/advisers/ilya/").text
    assert send(picture_gone="y").status_code == 303
    assert "/media/" not in app.test_client().get("/advisers/ilya/").text


def test_nobody_waits_for_the_making_of_a_picture(
    wanda: FlaskClient, cast: Cast, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = making.made

    def meanwhile(data: bytes, kind: making.Kind) -> making.Made:
        cast.draft("Saved while a picture is made")  # would wait for the lock of a transaction that writes, and fail
        return made(data, kind)

    monkeypatch.setattr(making, "made", meanwhile)
    assert drop(wanda, image()).status_code == 201
    assert cast.session.scalar(sa.select(Letter.title)) == "Saved while a picture is made"
