"""The small cast of the tests, on real rows."""

from datetime import datetime, time, timedelta
from functools import cache
from itertools import count
from unittest.mock import patch

from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.accounts import passwords, people, sign_ins
from app.accounts.models import Person, Role
from app.comments import moderation, pruning, submission
from app.comments.models import Comment
from app.courses import describing, opening, waitlist
from app.courses.models import Course, Opening, Subscriber
from app.letters import drafting, publishing
from app.letters.drafting import Draft
from app.letters.fridays import Slot
from app.letters.models import Letter, Rubric

PASSWORD = "a long enough password"
_hashed = cache(passwords.hashed)  # a real hash, and a slow one: once is enough for all people of all tests


class Cast:
    """Makes people, letters, comments; each call flushes and commits, so that other sessions see it."""

    def __init__(self, session: Session, now: datetime) -> None:
        self.session, self.now = session, now
        self._numbers = count(1)

    def person(self, name: str, role: Role) -> Person:
        email = f"{name.lower()}@example.org"
        with patch.object(people.passwords, "hashed", _hashed):
            found = people.by_email(self.session, email) or people.add(
                self.session, email=email, name=name, role=role, password=PASSWORD, now=self.now
            )
        return self._kept(found)  # also when it was there: a test's session holds no lock between its steps

    @property
    def ada(self) -> Person:
        return self.person("Ada", "editor")

    @property
    def mo(self) -> Person:
        return self.person("Mo", "moderator")

    @property
    def wanda(self) -> Person:
        return self.person("Wanda", "writer")

    def rubric(self, slug: str = "fridays") -> Rubric:
        rubric = Rubric(slug=slug, name="clients", title="Clients", weekday=4, time=time(10, 0), zone="Europe/Moscow")
        self.session.add(rubric)
        return self._kept(rubric)

    def draft(self, title: str = "", **more: object) -> Letter:
        values: dict[str, object] = {
            "title": title or f"Letter {next(self._numbers)}",
            "asker": "Vera",
            "language": "en",
            "question": "Ilya! My client **wrote**:\n\n> Change it.\n\nWhat now?",
            "answer": "Vera! Ask *why*.",
        }
        values |= more
        return self._kept(drafting.new(self.session, Draft(**values), now=self.now, by_id=None))  # type: ignore[arg-type]

    def letter(self, title: str = "", *, days_ago: float = 3, **more: object) -> Letter:
        """A letter that is out, or with days_ago < 0 will be."""
        letter = self.draft(title, **more)
        local = (self.now - timedelta(days=days_ago)).replace(tzinfo=None)
        publishing.schedule(self.session, letter, Slot(local, "UTC"), now=self.now - timedelta(days=100_000 / 10))
        return self._kept(letter)

    def comment(
        self, letter: Letter, text: str = "", *, name: str = "Boris", days_ago: float = 1, **more: str
    ) -> Comment:
        text = text or f"A new thought, number {next(self._numbers)}."
        when = self.now - timedelta(days=days_ago)
        return self._kept(submission.submit(self.session, letter, name=name, text=text, now=when, **more))

    def published(self, letter: Letter, text: str = "", *, days_ago: float = 1, **more: str) -> Comment:
        comment = self.comment(letter, text, days_ago=days_ago, **more)
        when = self.now - timedelta(days=days_ago)
        moderation.decide(self.session, comment, "published", by=self.mo, now=when)
        return self._kept(comment)

    def declined(self, letter: Letter, text: str = "", **more: str) -> Comment:
        comment = self.comment(letter, text, **more)
        moderation.decide(self.session, comment, "declined", by=self.mo, now=self.now)
        return self._kept(comment)

    def pruned(self, letter: Letter, text: str = "", **more: str) -> Comment:
        comment = self.published(letter, text, **more)
        pruning.prune(self.session, comment, by=self.mo, now=self.now)
        return self._kept(comment)

    def course(self, slug: str = "talks", name: str = "Hard talks") -> Course:
        texts = {"en": describing.Text(name, "")}
        course = Course(created_at=self.now)
        return self._kept(describing.save(self.session, course, slug=slug, starts_on=None, texts=texts))

    def subscriber(self, course: Course, email: str, *, confirmed: bool = True) -> Subscriber:
        subscriber = waitlist.ask(self.session, course, email, now=self.now - timedelta(days=2))
        if confirmed:
            waitlist.confirm(self.session, subscriber, now=self.now - timedelta(days=1))
        return self._kept(subscriber)

    def opened(self, course: Course) -> Opening:
        return self._kept(
            opening.open_enrolment(
                self.session, course, subject="Enrolment is open", text="It **is**.",
                link="https://courses.example/enrol", language="en", by=self.ada, now=self.now,
            )
        )  # fmt: skip

    def signed_in(self, client: FlaskClient, person: Person) -> FlaskClient:
        """A client with this person's session."""
        with client.session_transaction(base_url="http://localhost/desk/") as cookie:
            cookie["_user_id"], cookie["_fresh"] = person.get_id(), True
            cookie["sign_in"] = sign_ins.begin(self.session, person, "Firefox Linux", now=self.now)
        self.session.commit()
        return client

    def _kept(self, row):  # type: ignore[no-untyped-def]
        self.session.commit()
        return row
