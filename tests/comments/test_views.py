import sqlalchemy as sa
from flask.testing import FlaskClient

from app.comments.models import Comment

from ..cast import Cast


def test_the_live_preview_is_what_will_be_stored(client: FlaskClient, cast: Cast, at: object) -> None:
    letter = cast.letter()
    typed = {"name": "Boris", "text": "> What now?  \r\n\r\n\tSee https://example.org/a_(b). <b>&amp;\r\n"}
    preview = client.post(f"/letters/{letter.name}/comments/preview", data={"text": typed["text"]})
    client.post(f"/letters/{letter.name}/comments", data=typed)
    assert preview.text == cast.session.scalars(sa.select(Comment.text_html)).one()
    assert "no-store" in preview.headers["Cache-Control"]
    assert cast.session.scalar(sa.select(sa.func.count()).select_from(Comment)) == 1


def test_a_letter_that_is_not_out_has_no_preview(client: FlaskClient, cast: Cast, at: object) -> None:
    letter = cast.letter(days_ago=-4)
    assert client.post(f"/letters/{letter.name}/comments/preview", data={"text": "x"}).status_code == 404
