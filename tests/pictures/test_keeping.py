"""A picture is kept once, is on disk before the answer, and goes when no text has had it for a month."""

import os
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.column.settings import settings
from app.db import Base
from app.letters.drafting import Draft
from app.letters.models import Adviser
from app.pictures import folder, forgetting, keeping
from app.pictures.making import Made
from app.pictures.models import Picture
from app.text import pictures
from app.writing import history, saving
from app.writing import keeping as typing
from app.writing.keeping import Window

from ..cast import Cast
from ..conftest import NOON

DAY = timedelta(days=1)
SMALL = Made(60, 40, {"60x40.jpg": b"jpeg", "60x40.avif": b"avif", "60x40.webp": b"webp"})


@pytest.fixture
def media(tmp_path: Path) -> Path:
    return tmp_path / "media"


def keep(session: Session, media: Path, data: bytes = b"one", now=NOON) -> Picture:  # type: ignore[no-untyped-def]
    key = keeping.key(data, "picture", "a secret of sixteen")
    picture = keeping.keep(session, media, key, SMALL, by_id=None, now=now)
    session.commit()
    return picture


def address(picture: Picture) -> str:
    return pictures.address(picture.key, picture.width, picture.height)


@given(st.binary(), st.binary(), st.text(min_size=16))
def test_a_key_is_the_same_for_the_same_bytes_and_nobody_without_the_secret_has_it(
    data: bytes, other: bytes, secret: str
) -> None:
    secret = secret.encode("utf-8", "ignore").decode()
    key = keeping.key(data, "picture", secret)
    assert pictures.ADDRESS.fullmatch(pictures.address(key, 60, 40))
    assert key == keeping.key(data, "picture", secret)
    assert key != keeping.key(data, "icon", secret)
    assert key != keeping.key(data, "picture", secret + "x")
    assert (key == keeping.key(other, "picture", secret)) is (data == other)


def test_the_same_picture_is_kept_once(session: Session, media: Path) -> None:
    first, again = keep(session, media), keep(session, media, now=NOON + DAY)
    other = keep(session, media, b"two")
    assert first.key == again.key != other.key
    assert again.added_at == NOON
    assert again.unused_since == NOON + DAY
    assert sorted(one.name for one in media.iterdir()) == sorted([first.key, other.key])
    assert {one.name: one.read_bytes() for one in (media / first.key).iterdir()} == SMALL.files


def test_two_who_send_the_same_picture_at_once_keep_one(session: Session, media: Path, app) -> None:  # type: ignore[no-untyped-def]
    engine = session.get_bind()
    with Session(engine) as other:
        key = keeping.key(b"one", "picture", "a secret of sixteen")
        mine = keeping.keep(session, media, key, SMALL, by_id=None, now=NOON)
        session.commit()
        assert keeping.keep(other, media, key, SMALL, by_id=None, now=NOON).key == mine.key
        other.commit()
    assert session.scalar(sa.select(sa.func.count()).select_from(Picture)) == 1


def test_every_file_and_both_folders_are_on_disk_before_the_picture_is_named(
    media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[str] = []
    sync, rename = os.fsync, Path.rename

    def synced(descriptor: int) -> None:
        happened.append(Path(f"/proc/self/fd/{descriptor}").resolve().name)
        sync(descriptor)

    def renamed(path: Path, goal: Path) -> Path:
        happened.append("named")
        return rename(path, goal)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "rename", renamed)
    folder.put(media, "key", SMALL.files)
    assert sorted(happened[:3]) == sorted(SMALL.files)
    assert happened[3].startswith(".key.")
    assert happened[4:] == ["named", "media"]


def test_a_disk_that_is_full_leaves_nothing_half_there(media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        folder.put(media, "key", SMALL.files)
    assert list(media.iterdir()) == []


def test_who_was_first_to_name_a_picture_is_not_overwritten(media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sync = os.fsync

    def overtaken(descriptor: int) -> None:
        shutil.copytree(next(media.glob(".key.*")), media / "key", dirs_exist_ok=True)
        (media / "key" / "first").touch()
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", overtaken)
    folder.put(media, "key", SMALL.files)
    assert (media / "key" / "first").exists()
    assert [one.name for one in media.iterdir()] == ["key"]


def forget(session: Session, media: Path, days: float) -> int:
    gone = forgetting.forget(session, media, now=NOON + timedelta(days=days))
    session.commit()
    folder.clear(media)
    return gone


def test_a_picture_that_no_text_has_goes_after_thirty_days(session: Session, media: Path) -> None:
    picture = keep(session, media)
    assert forget(session, media, 29.9) == 0
    assert (media / picture.key).exists()
    assert forget(session, media, 30) == 1
    assert list(media.iterdir()) == []
    assert session.scalar(sa.select(Picture)) is None
    keep(session, media)  # and may come again
    assert (media / picture.key / "60x40.jpg").read_bytes() == b"jpeg"


def test_one_that_was_sent_again_has_its_thirty_days_again(session: Session, media: Path) -> None:
    keep(session, media)
    keep(session, media, now=NOON + 20 * DAY)
    assert forget(session, media, 31) == 0
    assert forget(session, media, 50) == 1


def test_one_that_leaves_a_text_has_thirty_days_from_then_on(session: Session, media: Path) -> None:
    picture = keep(session, media)
    settings(session).rules_source = f"![a]({address(picture)})"
    session.commit()
    for day in (1, 100, 200):
        assert forget(session, media, day) == 0
    settings(session).rules_source = ""
    session.commit()
    assert forget(session, media, 201) == 0
    assert forget(session, media, 230.9) == 0
    assert forget(session, media, 231) == 1


def test_a_letter_its_history_and_what_is_only_typed_hold_their_pictures(cast: Cast, media: Path) -> None:
    session = cast.session
    once, now, typed, waits = (keep(session, media, data) for data in (b"once", b"now", b"typed", b"waits"))
    letter = cast.draft(answer=f"![a]({address(once)})")
    texts = {"title": "T", "asker": "V", "language": "en"}
    saving.save(session, letter, Draft(**texts, answer=f"![a]({address(now)})"), Window(), by=cast.ada, now=NOON)
    session.commit()
    typing.keep(
        session, letter, Draft(**texts, answer=f"![a]({address(typed)})"), Window("w", 1), by=cast.ada, now=NOON
    )
    session.commit()
    out = cast.letter(answer="Out.")
    saving.save(session, out, Draft(**texts, answer=f"![a]({address(waits)})"), Window(), by=cast.ada, now=NOON)
    session.commit()
    assert history.change(session, out, NOON) is not None
    assert forget(session, media, 1) == forget(session, media, 100) == 0
    assert len(list(media.iterdir())) == 4
    typing.throw_away(session, letter, by=cast.ada, now=NOON)  # it is aside in the history
    session.commit()
    assert forget(session, media, 1000) == 0


def test_every_place_of_the_desk_that_can_name_a_picture_holds_it(session: Session, media: Path) -> None:
    picture = keep(session, media)
    session.add(Adviser(slug="ilya", name="Ilya", picture=address(picture)))
    session.commit()
    assert forget(session, media, 40) == 0
    session.execute(sa.update(Adviser).values(picture=""))
    settings(session).picture = pictures.icon_address(picture.key)
    session.commit()
    assert forget(session, media, 80) == 0
    looked_at = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        for column in table.c
        if forgetting.may_name(column)
    }
    assert {
        "letters.answer_source", "letters.answer_html", "versions.content", "versions.html", "typed_texts.content",
        "openings.text_html", "notice_drafts.text_source", "course_texts.about_html", "advisers.about_html",
        "advisers.picture", "selections.about_html", "settings.rules_html", "settings.picture",
    } <= looked_at  # fmt: skip
    assert not {one for one in looked_at if one.startswith(("comments.", "questions.", "pictures."))}


def test_a_reader_who_names_a_picture_does_not_hold_it(cast: Cast, media: Path) -> None:
    picture = keep(cast.session, media)
    cast.published(cast.letter(), f"Look: http://localhost{address(picture)}")
    assert forget(cast.session, media, 31) == 1


def test_files_of_a_picture_that_never_was_answered_go_the_next_night(session: Session, media: Path) -> None:
    known = keep(session, media)
    folder.put(media, "a" * 26, SMALL.files)
    (media / ".half.1.2").mkdir()
    for name in ("a" * 26, ".half.1.2", known.key):
        os.utime(media / name, times=((NOON - 2 * DAY).timestamp(),) * 2)
    folder.put(media, "b" * 26, SMALL.files)  # somebody is at it just now
    os.utime(media / ("b" * 26), times=(NOON.timestamp(),) * 2)
    forget(session, media, 0.5)
    assert sorted(one.name for one in media.iterdir()) == sorted([known.key, "b" * 26])


def test_one_that_is_sent_again_while_the_night_forgets_is_there_afterwards(session: Session, media: Path) -> None:
    picture = keep(session, media)
    key = picture.key
    with Session(session.get_bind()) as night:
        assert forgetting.forget(night, media, now=NOON + 31 * DAY) == 1
        night.commit()
    session.expire_all()
    keep(session, media, now=NOON + 31 * DAY)
    folder.clear(media)
    assert (media / key / "60x40.jpg").exists()
