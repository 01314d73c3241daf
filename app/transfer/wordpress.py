"""Letters and comments from a WordPress export.

The file is read twice: once to check it to its end and to learn every letter's moment (so a broken file costs nothing,
and the letters of one day get their names oldest first), once to bring it. What an earlier run brought is known by its
row in `imported`.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from ..column.settings import settings
from ..comments import likeness, moderation, submission
from ..comments.models import Comment, Decision
from ..letters import drafting, index
from ..letters.drafting import Draft
from ..letters.models import Letter, Redirect, Topic
from ..text import comment as comment_text
from . import markup
from .models import Imported
from .reports import Report
from .wxr import Export, Item, Said

POSTS_AT_ONCE = 100
COMMENTS_AT_ONCE = 1000
LONGEST_TITLE, LONGEST_NAME, LONGEST_EMAIL, LONGEST_SLUG, LONGEST_PATH, LONGEST_SOURCE = 300, 120, 254, 80, 500, 200
"""What the columns hold."""
TITLE_FROM_TEXT = 60
"""Characters of a text that stand for a missing title."""

OUT = ("publish", "future")
"""Which of these is out is the clock's word, as everywhere."""
DRAFTS = ("draft", "pending", "private")
"""What only the desk of the old site saw, only our desk sees."""
PINGS = ("pingback", "trackback")
PUBLISHED, HELD = ("1", "approve"), ("0", "hold")
UNASKED_TOPICS = ("uncategorized", "bez-rubriki")
"""WordPress's own category for posts that nobody put into one."""

KINDS = {"page": "pages", "attachment": "attachments", "nav_menu_item": "menu entries (nav_menu_item)"}
STATES = {"trash": "posts in the trash", "auto-draft": "empty drafts that WordPress keeps (auto-draft)"}
REFUSED = {"spam": "comments marked as spam", "trash": "comments in the trash", "post-trashed": "comments in the trash"}
BEHIND_PASSWORD = "texts behind a password (the letter is there without its text)"  # noqa: S105

UNTITLED = {"en": "Untitled", "ru": "Без названия"}
ANONYMOUS = {"en": "Anonymous", "ru": "Аноним"}
CLOSED_TEXT = {"en": "This text was behind a password.", "ru": "Этот текст был закрыт паролем."}

_T = TypeVar("_T")

_CYRILLIC = "абвгдеёжзийклмнопрстуфхцчшщъыьэюяіїєґў"
_LATIN = "a b v g d e e zh z i y k l m n o p r s t u f kh ts ch sh shch  y  e yu ya i yi ye g u"
_TRANSLITERATED = str.maketrans(dict(zip(_CYRILLIC, _LATIN.split(" "), strict=True)))


def load(session: Session, path: Path, *, now: datetime) -> Report:
    """Bring what is new in a WXR file into the session; the caller commits.

    A post becomes a letter whose answer is the post (a blog has no question), an approved comment a published one, a
    held one a pending one. Raises Unreadable before anything is written when the file cannot be brought.
    """
    export = Export(path)
    moments = {item.id: item.at for item in export.items("Checking") if item.id and item.at and _goes_out(item)}
    run = _Run(session, export.site, now)
    letters, comments = _Letters(run, moments), _Comments(run)
    for items in _batches(export.items("Bringing")):
        posts = [item for item in items if run.is_letter(item)]
        known = letters.bring(posts)
        comments.bring(posts, letters.ids, known)
    letters.note_passwords()
    return run.report


def _goes_out(item: Item) -> bool:
    return item.kind == "post" and item.status in OUT


def _batches(items: Iterator[Item]) -> Iterator[list[Item]]:
    """The items in portions that memory holds. A post that the file says twice begins a new portion."""
    batch: list[Item] = []
    ids: set[int | None] = set()
    for item in items:
        comments = sum(len(other.comments) for other in batch)
        if len(batch) >= POSTS_AT_ONCE or comments >= COMMENTS_AT_ONCE or (item.id and item.id in ids):
            yield batch
            batch, ids = [], set()
        batch.append(item)
        ids.add(item.id)
    yield batch


class _Run:
    """What all parts of one run need."""

    def __init__(self, session: Session, site: str, now: datetime) -> None:
        self.session, self.now, self.report = session, now, Report(site)
        self.language = settings(session).language
        self.source = self._source(site)

    def _source(self, site: str) -> str:
        """The name of this site in `imported`. One that has moved from http to https is the same site."""
        bare = re.sub(r"^https?://", "", site)
        same = [f"wordpress {scheme}://{bare}"[:LONGEST_SOURCE] for scheme in ("https", "http")]
        known = self.session.scalar(select(Imported.source).where(Imported.source.in_(same)).limit(1))
        return known or f"wordpress {site}"[:LONGEST_SOURCE]

    def is_letter(self, item: Item) -> bool:
        """Is it a post that we bring? What is not is counted, with its comments."""
        if item.kind == "post" and item.id and item.status in OUT + DRAFTS:
            return True
        what = _left_out_as(item)
        self.report.left_out[what] += 1
        self.report.left_out[f"comments of {what}"] += len(item.comments)
        return False

    def remember(self, kind: str, rows: Iterable[tuple[int, int]]) -> None:
        """Write down which thing there, by its id, became which row here."""
        values = [{"source": self.source, "key": f"{kind} {there}", "row_id": here} for there, here in rows]
        if values:
            self.session.execute(insert(Imported), values)


class _Letters:
    """Posts become letters, with their topics and their old addresses."""

    def __init__(self, run: _Run, moments: dict[int, datetime]) -> None:
        self.run, self.session = run, run.session
        self.ids = self._known()
        """{post: its letter}"""
        self.names = self._names(moments)
        self.topics = {topic.slug: topic for topic in self.session.scalars(select(Topic))}
        self.topics_by_name = {topic.name.casefold(): topic for topic in self.topics.values()}
        self.behind_password: list[str] = []

    def bring(self, posts: list[Item]) -> set[int]:
        """Bring those that are new; returns the ids of those that an earlier run brought."""
        known = {post.id for post in posts if post.id in self.ids}
        letters = [(post, self._letter(post)) for post in posts if post.id not in known]
        self.session.add_all(letter for _, letter in letters)
        self.session.flush()
        fresh = {post.id: letter.id for post, letter in letters if post.id}
        self.run.remember("post", fresh.items())
        self._redirect((post.address, letter.id) for post, letter in letters)
        self.ids |= fresh
        self.run.report.already["letters"] += len(known)
        for _, letter in letters:
            self.run.report.letters[_standing(letter, self.run.now)] += 1
        return {post for post in known if post}

    def note_passwords(self) -> None:
        """Say in the report whose text is missing here."""
        if self.behind_password:
            shown, more = self.behind_password[:10], len(self.behind_password) - 10
            titles = ", ".join(f"“{title}”" for title in shown) + (f" and {more} more" if more > 0 else "")
            self.run.report.notes.append(
                f"Paste the text if everybody may read it, it was behind a password: {titles}."
            )

    def _known(self) -> dict[int, int]:
        known = select(Imported.key, Imported.row_id).where(Imported.source == self.run.source)
        rows = self.session.execute(known.where(Imported.key.startswith("post ")))
        return {int(key.removeprefix("post ")): row_id for key, row_id in rows}

    def _names(self, moments: dict[int, datetime]) -> dict[int, str]:
        """{post: its letter's name}: what `publishing.free_name` would give them one by one, the oldest first."""
        taken = set(self.session.scalars(select(Letter.name)))
        numbers: dict[str, Iterator[int]] = {}
        names = {}
        for post in sorted(moments.keys() - self.ids.keys(), key=lambda post: (moments[post], post)):
            day = moments[post].date().isoformat()
            of_day = numbers.setdefault(day, count(1))
            names[post] = next(name for n in of_day if (name := day if n == 1 else f"{day}-{n}") not in taken)
        return names

    def _letter(self, post: Item) -> Letter:
        run = self.run
        letter = Letter(version=1, created_at=min(post.at or run.now, run.now))
        text = markup.markdown(self._html(post), post.address)
        draft = Draft(
            title=markup.plain(post.title)[:LONGEST_TITLE],
            asker=_name(post.author, run.language),
            language=_language(text, run.language),
            answer=text,
            takes_comments=post.takes_comments,
        )
        drafting.fill(self.session, letter, draft, now=run.now)
        if not markup.visible(letter.title):
            letter.title = _first_words(letter.answer_html) or UNTITLED[run.language]
        letter.updated_at = min(post.changed_at or letter.created_at, run.now)
        letter.topics = self._topics(post.terms)
        self._set_slot(letter, post)
        return letter

    def _html(self, post: Item) -> str:
        """The post's text. One behind a password stays there: readers of the old site saw its title and no more."""
        if not (post.password and _goes_out(post)):
            return post.html
        self.run.report.left_out[BEHIND_PASSWORD] += 1
        self.behind_password.append(markup.plain(post.title) or post.address)
        return CLOSED_TEXT[self.run.language]

    def _set_slot(self, letter: Letter, post: Item) -> None:
        # Not by publishing.schedule: it wants a question, which a post has not, and a moment that has not passed.
        name = self.names.get(post.id or 0)
        letter.ready = name is not None
        if name and post.at:
            letter.name, letter.publish_at = name, post.at
            letter.slot_at, letter.slot_zone = post.at.replace(tzinfo=None), "UTC"

    def _topics(self, terms: Iterable[tuple[str, str]]) -> list[Topic]:
        found = (self._topic(_slug(slug), markup.plain(name)[:LONGEST_NAME]) for slug, name in terms)
        return list({topic.slug: topic for topic in found if topic}.values())

    def _topic(self, slug: str, name: str) -> Topic | None:
        """The topic of this slug or of this name; a new one if there is none."""
        name = name if markup.visible(name) else slug
        slug = slug or _slug(name) or (name and f"topic-{sha256(name.encode()).hexdigest()[:8]}")
        if not slug or slug in UNASKED_TOPICS:
            return None
        topic = self.topics.get(slug) or self.topics_by_name.get(name.casefold())
        if topic is None:
            topic = Topic(slug=slug, name=name)
            self.session.add(topic)
            self.topics[slug] = self.topics_by_name[name.casefold()] = topic
        return topic

    def _redirect(self, addresses: Iterable[tuple[str, int]]) -> None:
        """The old addresses lead to the letters; of two letters with one address the first keeps it."""
        paths: dict[str, int] = {}
        for address, letter_id in addresses:
            if path := _path(address):
                paths.setdefault(path, letter_id)
        taken = set(self.session.scalars(select(Redirect.path).where(Redirect.path.in_(paths))))
        values = [{"path": path, "letter_id": here} for path, here in paths.items() if path not in taken]
        if values:
            self.session.execute(insert(Redirect), values)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a comment goes."""

    letter_id: int
    base: str
    """The post's old address."""
    moment: datetime
    """For a comment that has lost its own."""


class _Comments:
    """Comments become comments; those that were approved there are published here, by nobody of our desk."""

    def __init__(self, run: _Run) -> None:
        self.run, self.session = run, run.session

    def bring(self, posts: list[Item], letter_ids: dict[int, int], known_posts: set[int]) -> None:
        """Bring the new comments of these posts, whose letters are here."""
        wanted = [
            (said, _Place(letter_ids[post.id], post.address, post.at or self.run.now))
            for post in posts
            for said in post.comments
            if post.id and self._is_wanted(said)
        ]
        new = self._new(wanted)
        older = {letter_ids[post] for post in known_posts} & {place.letter_id for _, place in new}
        rows = list(self._rows(new, self._fingerprints(older)))
        for some in _portions(rows):
            self._keep(some)

    def _is_wanted(self, said: Said) -> bool:
        what = _refused_as(said)
        if what:
            self.run.report.left_out[what] += 1
        return not what

    def _new(self, wanted: list[tuple[Said, _Place]]) -> list[tuple[Said, _Place]]:
        """Those that no earlier run brought, and each only once."""
        known: set[int | None] = set()
        for some in _portions(wanted):
            keys = [f"comment {said.id}" for said, _ in some]
            rows = select(Imported.key).where(Imported.source == self.run.source, Imported.key.in_(keys))
            known |= {int(key.removeprefix("comment ")) for key in self.session.scalars(rows)}
        new: dict[int | None, tuple[Said, _Place]] = {}
        for said, place in wanted:
            if said.id not in known:
                new.setdefault(said.id, (said, place))
        self.run.report.already["comments"] += len(wanted) - len(new)
        return list(new.values())

    def _fingerprints(self, letter_ids: set[int]) -> set[tuple[int, str]]:
        rows = select(Comment.letter_id, Comment.fingerprint).where(Comment.letter_id.in_(letter_ids))
        return {(letter_id, fingerprint) for letter_id, fingerprint in self.session.execute(rows)}

    def _rows(
        self, new: list[tuple[Said, _Place]], said_before: set[tuple[int, str]]
    ) -> Iterator[tuple[Said, dict[str, Any]]]:
        """The rows of the new comments, as `submission.submit` would write them; one said twice is one."""
        for said, place in new:
            row = self._row(said, place)
            if not row["text_html"]:
                self.run.report.left_out["comments without a text"] += 1
            elif (place.letter_id, row["fingerprint"]) in said_before:
                self.run.report.left_out["comments said twice (same name, same text, same letter)"] += 1
            else:
                said_before.add((place.letter_id, row["fingerprint"]))
                yield said, row

    def _row(self, said: Said, place: _Place) -> dict[str, Any]:
        name, text = _name(said.name, self.run.language), markup.comment(said.html, place.base)
        return {
            "public_id": submission.new_public_id(),
            "letter_id": place.letter_id,
            "name": name,
            # Promise 9: an address is there to answer a decision; what was decided needs none.
            "email": "" if said.approved in PUBLISHED else _email(said.email),
            "text_source": text,
            "text_html": comment_text.render(text),
            "submitted_at": said.at or place.moment,
            "fingerprint": submission.fingerprint(name, text),
        }

    def _keep(self, some: list[tuple[Said, dict[str, Any]]]) -> None:
        # In bulk, and not by submission.submit and moderation.decide, which would take a savepoint for each comment;
        # the triggers of the database set what stands, as for every decision.
        inserted = insert(Comment).returning(Comment.id, sort_by_parameter_order=True)
        ids = list(self.session.scalars(inserted, [row for _, row in some]))
        likeness.sketch(self.session, ids)
        decisions = [
            {"comment_id": here, "verdict": "published", "by_id": None, "decided_at": row["submitted_at"]}
            | {"seen": moderation.seen_of(Comment(name=row["name"], text_html=row["text_html"]))}
            for here, (said, row) in zip(ids, some, strict=True)
            if said.approved in PUBLISHED
        ]
        if decisions:
            self.session.execute(insert(Decision), decisions)
            published = {decision["comment_id"] for decision in decisions}
            texts = ((here, row["text_html"]) for here, (_, row) in zip(ids, some, strict=True) if here in published)
            index.put_comments(self.session.connection(), texts)
        self.run.remember("comment", ((said.id, here) for here, (said, _) in zip(ids, some, strict=True) if said.id))
        self.run.report.comments["published"] += len(decisions)
        self.run.report.comments["pending"] += len(some) - len(decisions)


def _portions(things: list[_T]) -> Iterator[list[_T]]:
    for start in range(0, len(things), COMMENTS_AT_ONCE):
        yield things[start : start + COMMENTS_AT_ONCE]


def _left_out_as(item: Item) -> str:
    """What an item is that becomes no letter."""
    if item.kind != "post":
        return KINDS.get(item.kind) or (f"things of the type {item.kind}" if item.kind else "things without a type")
    if not item.id:
        return "posts without an id"
    return STATES.get(item.status) or f"posts in the state {item.status or 'unknown'}"


def _refused_as(said: Said) -> str | None:
    """Why a comment is not brought; None when it is."""
    if said.kind in PINGS:
        return "pings (trackbacks and pingbacks)"
    if said.kind not in ("", "comment"):
        return f"comments of the type {said.kind}"
    if said.approved not in PUBLISHED + HELD:
        return REFUSED.get(said.approved) or f"comments in the state {said.approved or 'unknown'}"
    return None if said.id else "comments without an id"


def _standing(letter: Letter, now: datetime) -> str:
    if letter.is_live(now):
        return "out"
    return "scheduled" if letter.ready else "drafts"


def _name(html: str, language: str) -> str:
    name = markup.plain(html)[:LONGEST_NAME].strip()
    return name if markup.visible(name) else ANONYMOUS[language]


def _email(text: str) -> str:
    text = markup.plain(text)
    return text if "@" in text and " " not in text and len(text) <= LONGEST_EMAIL else ""


def _first_words(html: str) -> str:
    """The beginning of a text, in the place of its title."""
    text = markup.plain(html.replace("<", " <"))
    if len(text) <= TITLE_FROM_TEXT:
        return text
    return text[:TITLE_FROM_TEXT].rsplit(" ", 1)[0].rstrip(" ,;:.–—-") + "…"


def _language(text: str, otherwise: str) -> str:
    """The language a text is written in, by its letters; of two the column speaks, so that is enough."""
    cyrillic, latin = len(re.findall("[а-яё]", text, re.IGNORECASE)), len(re.findall("[a-z]", text, re.IGNORECASE))
    if cyrillic == latin:
        return otherwise
    return "ru" if cyrillic > latin else "en"


def _slug(text: str) -> str:
    """Small Latin letters, digits and hyphens; empty when the text has none."""
    text = unquote(text).lower().translate(_TRANSLITERATED)
    bare = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub("[^a-z0-9]+", "-", bare).strip("-")[:LONGEST_SLUG].strip("-")


def _path(address: str) -> str:
    """The path of an old address as `Redirect` keeps it; empty when there is none, as in `/?p=17`."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    path = "/" + unquote(parts.path).strip("/")
    if parts.query or path == "/" or not path.isprintable() or "\ufffd" in path:
        return ""
    return path[:LONGEST_PATH]
