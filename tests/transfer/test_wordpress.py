import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import escape, unescape
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.column.settings import settings
from app.comments import moderation, pruning, thread
from app.comments.models import Comment, Decision
from app.comments.moderation import AlreadyDecided
from app.db import Base, db
from app.letters.models import Letter, Redirect, Topic
from app.text import letter as letter_text
from app.transfer import markup
from app.transfer.models import Imported
from app.transfer.reports import Report, Unreadable
from app.transfer.wordpress import load

from ..cast import Cast
from ..conftest import NOON

OLD = "https://old.example"
type_of = {"post_type": "post", "status": "publish", "comment_status": "open"}


def wxr(*items: str, site: str = OLD, version: str = "1.2", namespace: str = "http", head: str = "") -> str:
    return f"""<?xml version="1.0" encoding="UTF-8"?>{head}
    <rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
      xmlns:excerpt="{namespace}://wordpress.org/export/1.2/excerpt/"
      xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:wp="{namespace}://wordpress.org/export/1.2/"><channel>
    <title>Old</title><link>{site}</link><wp:wxr_version>{version}</wp:wxr_version>
    <wp:base_blog_url>{site}</wp:base_blog_url>
    <wp:author><wp:author_login>vera</wp:author_login>
    <wp:author_display_name>Vera P.</wp:author_display_name></wp:author>
    {"".join(items)}</channel></rss>"""


def post(
    number: int = 17, text: str = "Ask.", *more: str, title: str = "Hello", date: str = "2020-05-01 10:00:00",
    link: str | None = None, author: str = "vera", gmt: str | None = None, **fields: str,
) -> str:  # fmt: skip
    values = (
        type_of | {"post_id": str(number), "post_date": date, "post_date_gmt": date if gmt is None else gmt} | fields
    )
    return f"""<item><title>{escape(title)}</title><link>{link or f"{OLD}/2020/hello-{number}/"}</link>
    <dc:creator>{author}</dc:creator><content:encoded>{escape(text)}</content:encoded>
    <excerpt:encoded>Never this.</excerpt:encoded>
    {"".join(f"<wp:{name}>{value}</wp:{name}>" for name, value in values.items())}{"".join(more)}</item>"""


def said(number: int = 5, text: str = "A thought.", *, name: str = "Boris", **fields: str) -> str:
    values = {
        "comment_id": str(number),
        "comment_author": escape(name),
        "comment_author_email": "boris@example.org",
        "comment_date_gmt": "2020-05-02 11:00:00",
        "comment_content": escape(text),
        "comment_approved": "1",
        "comment_type": "comment",
    } | fields
    return f"<wp:comment>{''.join(f'<wp:{k}>{v}</wp:{k}>' for k, v in values.items())}</wp:comment>"


def term(slug: str, name: str, domain: str = "category") -> str:
    return f'<category domain="{domain}" nicename="{escape(slug)}">{escape(name)}</category>'


@pytest.fixture
def bring(session: Session, tmp_path: Path) -> Callable[..., Report]:
    def bring_text(*items: str, **more: str) -> Report:
        path = tmp_path / "export.xml"
        path.write_text(wxr(*items, **more), encoding="utf-8")
        report = load(session, path, now=NOON)
        session.commit()
        return report

    return bring_text


Bring = Callable[..., Report]


def letters(session: Session) -> list[Letter]:
    return list(session.scalars(sa.select(Letter).order_by(Letter.publish_at, Letter.id)))


def comments(session: Session) -> list[Comment]:
    session.expire_all()
    return list(session.scalars(sa.select(Comment).order_by(Comment.submitted_at, Comment.id)))


def everything(session: Session) -> dict[str, list[tuple[object, ...]]]:
    tables = Base.metadata.sorted_tables
    return {table.name: sorted(map(tuple, session.execute(table.select())), key=repr) for table in tables}


# Posts


def test_a_post_becomes_a_letter_whose_answer_is_the_post(bring: Bring, session: Session) -> None:
    report = bring(post(text="One <em>thing</em>.\n\nTwo.", post_modified_gmt="2020-06-01 00:00:00"))
    [letter] = letters(session)
    assert (letter.title, letter.asker, letter.language) == ("Hello", "Vera P.", "en")
    assert letter.answer_source == "One *thing*.\n\nTwo."
    assert letter.answer_html == letter_text.render(letter.answer_source, "en")
    assert (letter.question_source, letter.question_html) == ("", "")
    assert (letter.name, letter.rubric_id, letter.takes_comments) == ("2020-05-01", None, True)
    moment = datetime(2020, 5, 1, 10, 0, tzinfo=UTC)
    assert (letter.publish_at, letter.slot_at, letter.slot_zone) == (moment, moment.replace(tzinfo=None), "UTC")
    assert letter.updated_at == datetime(2020, 6, 1, tzinfo=UTC)
    assert report.letters == {"out": 1}


def test_a_letter_without_a_question_has_its_page(bring: Bring, client: FlaskClient) -> None:
    bring(post(text="Ask them <b>why</b>.", title="How to ask"), post(18, "", date="2020-05-02 10:00:00"))
    page = client.get("/letters/2020-05-01/")
    assert page.status_code == 200
    assert "<strong>why</strong>" in page.text
    assert client.get("/letters/2020-05-02/").status_code == 200


@pytest.mark.parametrize("status", ["publish", "future"])
def test_the_clock_says_what_is_out(bring: Bring, session: Session, status: str) -> None:
    report = bring(post(1, status=status), post(2, date="2030-01-01 12:00:00", status=status))
    assert report.letters == {"out": 1, "scheduled": 1}
    assert [letter.is_live(NOON) for letter in letters(session)] == [True, False]


@pytest.mark.parametrize("status", ["draft", "pending", "private"])
def test_what_only_the_old_desk_saw_is_a_draft(bring: Bring, session: Session, status: str) -> None:
    report = bring(post(status=status, gmt="0000-00-00 00:00:00"))
    [letter] = letters(session)
    assert report.letters == {"drafts": 1}
    assert (letter.ready, letter.name, letter.publish_at, letter.slot_at) == (False, None, None, None)


def test_a_text_behind_a_password_stays_there(bring: Bring, session: Session) -> None:
    report = bring(post(text="The secret.", title="For friends", post_password="enter"))
    [letter] = letters(session)
    assert letter.title == "For friends"
    assert "secret" not in letter.answer_source + letter.answer_html
    assert "“For friends”" in str(report)
    assert "behind a password" in str(report)


def test_what_is_no_post_is_left_out_and_counted_with_its_comments(bring: Bring, session: Session) -> None:
    report = bring(
        post(1, "", said(1), said(2), post_type="page"),
        post(2, post_type="nav_menu_item"),
        post(3, post_type="attachment", status="inherit"),
        post(4, "", said(3), status="trash"),
        post(5, status="auto-draft"),
        post(6, post_type="product"),
        "<item><title>Odd</title></item>",
    )
    assert letters(session) == comments(session) == []
    assert +report.left_out == {
        "pages": 1,
        "comments of pages": 2,
        "menu entries (nav_menu_item)": 1,
        "attachments": 1,
        "posts in the trash": 1,
        "comments of posts in the trash": 1,
        "empty drafts that WordPress keeps (auto-draft)": 1,
        "things of the type product": 1,
        "things without a type": 1,
    }
    assert "  pages: 1" in str(report).splitlines()


def test_letters_of_one_day_are_named_oldest_first_and_after_those_that_are_here(
    bring: Bring, session: Session, cast: Cast
) -> None:
    here = cast.letter(days_ago=(NOON - datetime(2020, 5, 1, 9, tzinfo=UTC)) / timedelta(days=1))
    assert here.name == "2020-05-01"
    bring(
        post(9, title="last", date="2020-05-01 20:00:00"),
        post(8, title="second", date="2020-05-01 06:00:00"),
        post(7, title="first", date="2020-05-01 06:00:00"),
    )
    names = {letter.title: letter.name for letter in letters(session) if letter.id != here.id}
    assert names == {"first": "2020-05-01-2", "second": "2020-05-01-3", "last": "2020-05-01-4"}


def test_the_gmt_date_counts_and_the_local_one_stands_in(bring: Bring, session: Session) -> None:
    bring(post(1, gmt="2020-05-01 17:00:00"), post(2, gmt="0000-00-00 00:00:00", date="2020-05-03 08:00:00"))
    assert [letter.publish_at for letter in letters(session)] == [
        datetime(2020, 5, 1, 17, tzinfo=UTC),
        datetime(2020, 5, 3, 8, tzinfo=UTC),
    ]


def test_a_published_post_without_any_date_is_a_draft(bring: Bring) -> None:
    assert bring(post(date="2020-13-99 10:00:00")).letters == {"drafts": 1}


@pytest.mark.parametrize(
    ("title", "text", "language", "shown"),
    [
        ("<em>With</em> &amp; mark", "x", "en", "With & mark"),
        ("", "", "en", "Untitled"),
        (" \u200b", "", "ru", "Без названия"),
        ("", "Short text.", "en", "Short text."),
        ("", "word " * 50, "en", "word word word word word word word word word word word word…"),
        ("t" * 400, "x", "en", "t" * 300),
    ],
)
def test_every_letter_has_a_title(
    bring: Bring, session: Session, title: str, text: str, language: str, shown: str
) -> None:
    settings(session).language = language
    bring(post(text=text, title=title))
    assert letters(session)[0].title == shown


def test_the_letter_s_language_is_the_one_it_is_written_in(bring: Bring, session: Session) -> None:
    bring(post(1, "Спросите клиента, why."), post(2, "Ask the клиент.", date="2020-05-02 00:00:00"))
    assert [letter.language for letter in letters(session)] == ["ru", "en"]


def test_an_unknown_author_is_named_as_they_signed_in_and_nobody_is_anonymous(bring: Bring, session: Session) -> None:
    bring(post(1, author="guest"), post(2, author="", date="2020-05-02 00:00:00"))
    assert [letter.asker for letter in letters(session)] == ["guest", "Anonymous"]


def test_a_post_closed_for_comments_stays_closed(bring: Bring, session: Session) -> None:
    bring(post(1, "x", said(1, comment_approved="0"), comment_status="closed"))
    assert letters(session)[0].takes_comments is False
    assert comments(session)[0].standing == "pending"


# Topics and addresses


def test_categories_and_tags_become_topics_and_topics_that_are_here_are_used(bring: Bring, session: Session) -> None:
    session.add_all([Topic(slug="money", name="Money!"), Topic(slug="talk", name="Разговоры")])
    session.commit()
    bring(
        post(
            1,
            "x",
            term("money", "Money"),
            term("%d0%bf%d0%b5%d1%80%d0%b5%d0%b3%d0%be", "Перего"),
            term("ü-b", "Ü&amp;B"),
        ),
        post(
            2,
            "x",
            term("razgovory", "разговоры"),
            term("uncategorized", "Uncategorized"),
            term("money", "m", "post_tag"),
        ),
        post(3, "x", term("料金", "料金"), term("x", "Format", "post_format"), "<category>Money</category>"),
    )
    topics = {topic.slug: topic.name for topic in session.scalars(sa.select(Topic))}
    [chinese] = [slug for slug in topics if slug.startswith("topic-")]
    assert topics.pop(chinese) == "料金"
    assert topics == {"money": "Money!", "talk": "Разговоры", "perego": "Перего", "u-b": "Ü&B"}
    by_post = {key: row_id for key, row_id in session.execute(sa.select(Imported.key, Imported.row_id))}
    assert {t.slug for t in session.get_one(Letter, by_post["post 2"]).topics} == {"talk", "money"}


def test_old_addresses_lead_to_the_letters(bring: Bring, session: Session, client: FlaskClient) -> None:
    bring(
        post(1, link=f"{OLD}/2020/%D0%BF%D1%80%D0%B8/"),
        post(2, link=f"{OLD}/?p=2", date="2020-05-02 00:00:00"),
        post(3, link=f"{OLD}/2020/%D0%BF%D1%80%D0%B8", date="2020-05-03 00:00:00"),
        post(4, link=f"{OLD}/later/", date="2030-05-03 00:00:00"),
        post(5, link=f"{OLD}/%00/", date="2020-05-04 00:00:00"),
        post(6, link=f"{OLD}/blog/?p=6", date="2020-05-05 00:00:00"),
    )
    assert set(session.scalars(sa.select(Redirect.path))) == {"/2020/при", "/later"}
    session.commit()
    answer = client.get("/2020/при/")
    assert (answer.status_code, answer.headers["Location"]) == (301, "/letters/2020-05-01/")
    assert client.get("/later/").status_code == 404


# Comments


def test_approved_comments_are_published_by_nobody_of_our_desk(bring: Bring, session: Session) -> None:
    report = bring(post(1, "x", said(1, "A <b>new</b> thought.")))
    [comment] = comments(session)
    when = datetime(2020, 5, 2, 11, tzinfo=UTC)
    assert (comment.standing, comment.name, comment.email) == ("published", "Boris", "")
    assert (comment.text_source, comment.text_html) == ("A new thought.", "<p>A new thought.</p>")
    assert comment.submitted_at == when
    decision = session.scalars(sa.select(Decision)).one()
    assert (decision.verdict, decision.by_id, decision.decided_at) == ("published", None, when)
    assert decision.seen == moderation.seen_of(comment)
    assert report.comments == {"published": 1, "pending": 0}
    assert [shown.public_id for shown in thread.under(session, letters(session)[0])] == [comment.public_id]


def test_held_comments_wait_with_their_address(bring: Bring, session: Session) -> None:
    bring(
        post(
            1, "x", said(1, comment_approved="0"), said(2, "Other.", comment_approved="hold", comment_author_email="-")
        )
    )
    assert [(c.standing, c.email) for c in comments(session)] == [("pending", "boris@example.org"), ("pending", "")]
    assert moderation.pending_number(session) == 2


def test_an_imported_decision_is_final(bring: Bring, session: Session, cast: Cast) -> None:
    bring(post(1, "x", said(1)))
    with pytest.raises(AlreadyDecided):
        moderation.decide(session, comments(session)[0], "declined", by=cast.mo, now=NOON)


def test_spam_trash_pings_and_repeated_comments_are_left_out_and_counted(bring: Bring, session: Session) -> None:
    report = bring(
        post(
            1, "x", said(1), said(2), said(3, comment_approved="spam"), said(4, comment_approved="trash"),
            said(5, comment_type="pingback"), said(6, comment_type="trackback"), said(7, comment_type="review"),
            said(8, "<img>"), said(9, comment_approved="post-trashed"), said(10, comment_id=""),
        ),
        post(2, "x", said(11)),
    )  # fmt: skip
    assert len(comments(session)) == 2, "the same words under another letter are another comment"
    assert +report.left_out == {
        "comments said twice (same name, same text, same letter)": 1,
        "comments marked as spam": 1,
        "comments in the trash": 2,
        "pings (trackbacks and pingbacks)": 2,
        "comments of the type review": 1,
        "comments without a text": 1,
        "comments without an id": 1,
    }


def test_comments_without_a_date_take_the_letter_s(bring: Bring, session: Session) -> None:
    bring(post(1, "x", said(1, comment_date_gmt="0000-00-00 00:00:00")))
    assert comments(session)[0].submitted_at == letters(session)[0].publish_at


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("Tom &amp; <b>Ann</b>", "Tom & Ann"),
        ("n" * 200, "n" * 120),
        ("", "Аноним"),
        ("\u200b\u2060", "Аноним"),
        ("A\n  B\u0085&#x7;C", "A BC"),
    ],
)
def test_names_are_made_fit(bring: Bring, session: Session, name: str, kept: str) -> None:
    settings(session).language = "ru"
    bring(post(1, "x", said(1, name=name)))
    assert comments(session)[0].name == kept


# Once more


def test_a_second_run_adds_nothing_and_says_so(bring: Bring, session: Session) -> None:
    items = (post(1, "x", said(1), said(2, "Held", comment_approved="0"), term("a", "A")), post(2, "y", said(3)))
    bring(*items)
    before = everything(session)
    report = bring(*items)
    assert everything(session) == before
    assert report.already == {"letters": 2, "comments": 3}
    assert "Nothing new" in str(report)
    assert "already here: 5 (letters 2, comments 3)" in str(report)


def test_a_longer_export_adds_only_what_is_new(bring: Bring, session: Session) -> None:
    bring(post(2, "x", said(1)))
    report = bring(post(2, "changed", said(1), said(4), said(5, "Fresh.")), post(1, "older", said(6)), site=OLD)
    assert (report.letters, +report.comments) == ({"out": 1}, {"published": 2})
    assert report.already == {"letters": 1, "comments": 1}
    assert report.left_out["comments said twice (same name, same text, same letter)"] == 1
    assert {letter.name: letter.answer_source for letter in letters(session)} == {
        "2020-05-01": "x",
        "2020-05-01-2": "older",
    }


def test_a_site_that_moved_to_https_is_the_same_site(bring: Bring) -> None:
    bring(post(1), site="http://old.example/")
    assert bring(post(1), site="https://old.example").already["letters"] == 1


def test_the_posts_of_another_site_are_other_posts(bring: Bring) -> None:
    bring(post(1))
    assert bring(post(1), site="https://other.example").letters == {"out": 1}


def test_a_pruned_comment_does_not_come_back(bring: Bring, session: Session, cast: Cast) -> None:
    bring(post(1, "x", said(1)))
    pruning.prune(session, comments(session)[0], by=cast.mo, now=NOON)
    session.commit()
    bring(post(1, "x", said(1)))
    assert [comment.standing for comment in comments(session)] == ["pruned"]


def test_a_post_that_the_file_says_twice_is_one_letter(bring: Bring, session: Session) -> None:
    bring(post(1, "x", said(1)), post(1, "x", said(1), said(2, "More.")))
    assert (len(letters(session)), len(comments(session))) == (1, 2)


def test_more_than_one_portion_is_brought_in_order(
    bring: Bring, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.transfer.wordpress.POSTS_AT_ONCE", 2)
    monkeypatch.setattr("app.transfer.wordpress.COMMENTS_AT_ONCE", 3)
    posts = [post(n, "x", *(said(10 * n + i, f"{n} {i}") for i in range(5))) for n in range(5)]
    report = bring(*posts[1:])
    assert (report.letters["out"], report.comments["published"]) == (4, 20)
    pairs = {key: row_id for key, row_id in session.execute(sa.select(Imported.key, Imported.row_id))}
    for comment in comments(session):
        n, i = map(int, comment.text_source.split())
        assert comment.letter_id == pairs[f"post {n}"]
        assert comment.id == pairs[f"comment {10 * n + i}"]


# Files


BOMB = '<!DOCTYPE rss [<!ENTITY a "boom"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
BROKEN = {
    "empty": ("", "empty"),
    "no XML": ('{"data": []}', "not well-formed XML"),
    "cut off": (wxr(post(1, "x", said(1)))[:-40], "not well-formed XML"),
    "broken at its end": (wxr(post(1), "<item></wrong>"), "not well-formed XML"),
    "another kind": ("<disqus/>", "no WordPress export"),
    "no channel": ("<rss><item/></rss>", "no WordPress export"),
    "no version": (wxr(post(1), version=""), "version"),
    "no version and no item": (wxr(version=""), "version"),
    "an odd version": (wxr(post(1), version="abc"), "version"),
    "no site": (wxr(post(1), site=""), "which site"),
    "a bomb": (wxr(post(1, "x"), head=BOMB), "entities"),
    "a foreign encoding": ('<?xml version="1.0" encoding="utf-99"?><rss/>', "encoding"),
    "too deep": (wxr("<item>" + "<x>" * 5000 + "</x>" * 5000 + "</item>"), "nested"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_file_ends_with_one_line_and_changes_nothing(app: Flask, tmp_path: Path, kind: str) -> None:
    text, says = BROKEN[kind]
    path = tmp_path / "export.xml"
    path.write_text(text)
    _refused(app, path, says)


@pytest.mark.parametrize(("name", "says"), [("missing.xml", "no such file"), (".", "folder")])
def test_a_path_that_is_no_file_ends_with_one_line(app: Flask, tmp_path: Path, name: str, says: str) -> None:
    _refused(app, tmp_path / name, says)


def _refused(app: Flask, path: Path, says: str) -> None:
    with app.app_context(), Session(db.engine) as session:
        before = everything(session)
    result = app.test_cli_runner().invoke(args=["import", "wordpress", str(path)])
    assert result.exit_code == 1
    [line] = result.output.strip().splitlines()
    assert says in line
    assert line.endswith("Nothing was changed.")
    with app.app_context(), Session(db.engine) as session:
        assert everything(session) == before


def test_nothing_is_written_before_the_whole_file_is_checked(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "export.xml"
    path.write_text(BROKEN["broken at its end"][0])
    with pytest.raises(Unreadable):
        load(session, path, now=NOON)
    assert not session.in_transaction()


def test_the_command_brings_a_file_and_prints_what_it_did(app: Flask, tmp_path: Path) -> None:
    path = tmp_path / "export.xml"
    path.write_text(wxr(post(1, "x", said(1)), namespace="https"))
    result = app.test_cli_runner().invoke(args=["import", "wordpress", str(path)])
    assert result.exit_code == 0, result.output
    assert result.output.splitlines() == [
        "From https://old.example:",
        "letters: 1 (out 1, scheduled 0, drafts 0)",
        "comments: 1 (published 1, pending 0)",
    ]


def test_control_characters_in_the_file_do_no_harm(bring: Bring, session: Session) -> None:
    bring(post(1, "a\x0bb \x00 c &#0; d", said(1, "e\x08f &#1; g")))
    assert letters(session)[0].answer_source == "a b c \ufffd d"
    assert comments(session)[0].text_source == "e f  g"


# Markup


CLASSIC = {
    "one\ntwo\n\nthree": "one\\\ntwo\n\nthree",
    "one<br />\ntwo<br />\n<br />\nthree": "one\\\ntwo\n\nthree",
    "a<!--more-->\n\n<!--nextpage-->\n\nb": "a\n\nb",
    "<h2>Head</h2>\ntext": "## Head\n\ntext",
    "<ul>\n\t<li>a</li>\n\t<li>b\n<ol>\n<li>c</li>\n</ol>\n</li>\n</ul>": "- a\n- b\n  1. c",
    "<blockquote>a\n\nb\nc</blockquote>\nd": "> a\n>\n> b\\\n> c\n\nd",
    "<em>a</em>\n\n<em>b</em>": "*a*\n\n*b*",
    "<strong>a\nb</strong>": "**a\\\nb**",
    "<pre>a\n\n  *b*</pre>": "```\na\n\n  *b*\n```",
    '<img src="/a b.jpg" alt="A [bell]">': r"[A \[bell\]](https://old.example/a%20b.jpg)",
    '<img src="https://x.example/a.jpg">': "<https://x.example/a.jpg>",
    '<a href="https://x.example/big.jpg"><img src="s.jpg" alt="Bell"></a>': "[Bell](https://x.example/big.jpg)",
    '<img src="data:image/png;base64,AAAA" alt="dot">': "dot",
    '[caption id="a" width="6"]<img src="https://x.example/a.jpg" alt="Bell" /> On the wharf[/caption]': (
        "[Bell](https://x.example/a.jpg) On the wharf"
    ),
    "a\n[gallery ids='1,2']\nb": "a\n\nb",
    "so [sic] and [1] and [[gallery]]": r"so \[sic\] and \[1\] and \[gallery\]",
    '[box color="red"]in[/box] [/out]': "in\n\n" + r"\[/out\]",
    "[embed]https://x.example/v?a=1&amp;b=2[/embed]": "<https://x.example/v?a=1&b=2>",
    "[youtube=https://x.example/v]": "<https://x.example/v>",
    '<iframe src="https://x.example/v"></iframe>': "<https://x.example/v>",
    '<script>alert(1)</script><a href="javascript:alert(1)">a</a><form><input>b</form>': "a\n\nb",
    "<b>a</b><b>b</b> <em>c </em>d": "**ab** *c* d",
    "<strong>Note:</strong>text": "Note:text",
}
BLOCKS = {
    "<!-- wp:paragraph -->\n<p>a\nb<br>c<br></p>\n<!-- /wp:paragraph -->\n\n<!-- wp:calendar /-->": "a b\\\nc",
    '<!-- wp:embed {"url":"u"} --><figure><div>\nhttps://x.example/v\n</div><figcaption>See</figcaption></figure>': (
        "<https://x.example/v>\n\nSee"
    ),
    "<!-- wp:spacer --><p>&nbsp;</p><p>a</p>": "a",
    "<!-- wp:table --><table><tbody><tr><td>a|b</td></tr></tbody><tfoot><tr><td>c</td></tr></tfoot></table>": (
        "| a\\|b |\n| --- |\n| c |"
    ),
}


@pytest.mark.parametrize("html", CLASSIC | BLOCKS)
def test_html_becomes_markdown(html: str) -> None:
    assert markup.markdown(html, f"{OLD}/2020/hello/") == (CLASSIC | BLOCKS)[html]


COMMENTS = {
    "one\ntwo\n\n\n\nthree": "one\ntwo\n\nthree",
    "a &lt;b&gt; &amp; &#039;c&#039;": "a <b> & 'c'",
    'see <a href="https://x.example/a">this</a>': "see this (https://x.example/a)",
    '<a href="https://x.example/long/way">x.example/long…</a>': "https://x.example/long/way",
    '<a href="javascript:alert(1)">this</a>': "this",
    "yes\n<blockquote>a\n\nb</blockquote>\nno": "yes\n\n> a\n>\n> b\n\nno",
    "<blockquote>a<blockquote>b</blockquote></blockquote>": "> a\n>\n> > b",
    "<ul>\n<li>a</li>\n\n<li>b</li>\n</ul>": "- a\n- b",
    "a<br />\nb<script>c</script>": "a\nb",
    '<img src="https://x.example/a.jpg" alt="Bell">': "Bell https://x.example/a.jpg",
}


@pytest.mark.parametrize("html", COMMENTS)
def test_a_comment_becomes_plain_text(html: str) -> None:
    assert markup.comment(html, OLD) == COMMENTS[html]


def test_tags_thousands_deep_lose_their_markup_and_keep_their_words() -> None:
    deep = "<div>" * 5000 + "words"
    assert markup.markdown(deep, OLD) == "words"
    assert markup.comment(deep, OLD).strip() == "words"


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp", "Co")), max_size=60)


@given(WORDS)
@example("# a")
@example("1. a")
@example("- a")
@example("a *b* _c_ `d` [e](f) ![g](h) <i> &amp; ~~j~~ \\k")
@example("=== ")
@example("> a")
@example("[a]: b")
def test_words_stay_words(words: str) -> None:
    markdown = markup.markdown(f"<!-- wp:p --><p>{escape(words)}</p>", OLD)
    html = re.sub("</?p>", "", letter_text._markdown.render(markdown))  # without the typographer
    assert "".join(unescape(html).split()) == "".join(words.split())
