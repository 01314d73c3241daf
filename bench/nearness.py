"""What is near to what under a letter with many comments, against making that letter's page once."""

import random
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from app import create_app
from app.comments import weighing
from app.comments.beside import beside
from app.comments.models import Comment
from app.config import from_environment
from app.db import db, writing

from .building import NOW, build, environment, flask
from .measuring import median_of_pairs, seconds_of

Row = tuple[str, str, str, bool]
"""What, measured, bar, does it hold."""

COMMENTS = 2_000
VOCABULARY = 8_000
"""Words, of which the n-th is said 1/n as often as the first (Zipf's law), as in texts that people write."""
EVERY = 50
"""One comment in so many is nearly the same as one before it."""
BAR = 2.0


def rows(url: str = "") -> Iterator[Row]:
    """Near duplicates of all the letter's comments, and what stands beside one pending comment.

    url: of a PostgreSQL database without tables; empty for SQLite.
    """
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        name = build(data, letters=3, comments=0, on_newest=0, url=url)
        app = create_app(from_environment(environment(data, url)))
        with app.app_context(), writing(), db.engine.begin() as connection:
            _discuss(connection)
        flask(data, "reindex", url=url)
        client = app.test_client()

        def cold() -> None:
            app.wsgi_app.shelf.clear()  # type: ignore[attr-defined]
            for file in (data / "pages").glob("*/*"):
                file.unlink()
            assert client.get(f"/letters/{name}/").status_code == 200

        def all_of_them() -> None:
            with app.app_context(), writing():
                assert weighing.weigh(db.session(), 1, now=NOW) == COMMENTS
                db.session.commit()

        def one() -> None:
            with app.app_context():
                pending = db.session.scalars(sa.select(Comment).where(Comment.standing == "pending")).one()
                assert beside(db.session(), [pending])[pending.id].near

        for what, do in (("near duplicates of all comments", all_of_them), ("what stands beside a pending one", one)):
            do()
            ratio, ours, theirs = median_of_pairs(lambda do=do: seconds_of(do, 3), lambda: seconds_of(cold, 3), 3)  # type: ignore[misc]
            said = f"{ratio:.2f} ({ours * 1000:.0f} ms against {theirs * 1000:.0f} ms)"
            where = "PostgreSQL" if url else "SQLite"
            yield f"{what}, {where}, letter with {COMMENTS:,}, against its page", said, f"<= {BAR:.2f}", ratio <= BAR


def _discuss(connection: sa.Connection) -> None:
    """Published comments under the newest letter, and one that waits."""
    chance = random.Random(20261127)
    words = [
        "".join(chance.choice("bdfgklmnprst") + chance.choice("aeiou") for _ in range(3)) for _ in range(VOCABULARY)
    ]
    weights = [1 / n for n in range(1, VOCABULARY + 1)]
    texts: list[list[str]] = []
    for n in range(COMMENTS + 1):
        again = n % EVERY == EVERY - 1
        texts.append([*texts[n - 7][:-3], *words[:3]] if again else chance.choices(words, weights, k=45))
    at = NOW - timedelta(hours=5)
    connection.execute(
        sa.insert(Comment),
        [
            {
                "id": n + 1, "public_id": f"c{n:014x}", "letter_id": 1, "name": f"Name {n % 700}", "email": "",
                "text_source": " ".join(text), "text_html": f"<p>{' '.join(text)}</p>", "submitted_at": at,
                "fingerprint": f"{n:064x}",
            }
            for n, text in enumerate(texts)
        ],
    )  # fmt: skip
    connection.execute(
        sa.text(
            "INSERT INTO decisions (comment_id, verdict, by_id, decided_at, seen)"
            " SELECT id, 'published', 1, submitted_at, '' FROM comments WHERE id <= :last"
        ),
        {"last": COMMENTS},
    )
