"""Which texts are the same text, and how much of one another one says."""

import random
import re
from html import unescape
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.text import comment
from app.text.likeness import (
    are_nearly_the_same,
    fingerprint,
    forms,
    gists,
    jaccard,
    kin,
    likest,
    marked,
    marked_text,
    name_key,
    one_script,
    said,
    share,
    telling,
    text_key,
    weights,
)

LATIN, CYRILLIC = "aceopxykmthbACEOPXYKMTHB", "асеорхукмтнвАСЕОРХУКМТНВ"
TWINS = {**dict(zip(LATIN, CYRILLIC, strict=True)), **dict(zip(CYRILLIC, LATIN, strict=True))}

words = st.text(alphabet="абвгдежзиклмнопрстуфхцчшщыэюяabcdefghiklmnoprstuvwxyz", min_size=1, max_size=9)
sets = st.frozensets(words, max_size=12)
texts = st.lists(sets, max_size=9)


def disguised(text: str, seed: int) -> str:
    """The text with some of its letters swapped for their twins, and something invisible here and there."""
    chance = random.Random(seed)
    return "".join(
        TWINS[c] if c in TWINS and chance.random() < 0.5 else c + "\u200b" * (chance.random() < 0.1) for c in text
    )


# Folding


@given(st.lists(words, max_size=12).map(" ".join), st.integers())
def test_look_alikes_and_what_is_invisible_hide_nothing(text: str, seed: int) -> None:
    assert said(disguised(text, seed)) == said(text)
    assert text_key(disguised(text, seed)) == text_key(text)
    assert name_key(disguised(text, seed)) == name_key(text)


@given(st.text())
def test_no_text_is_too_strange_and_none_changes_its_length(text: str) -> None:
    settled = one_script(text)
    assert len(settled) == len(text)
    assert one_script(settled) == settled


@given(st.text(alphabet="абвгдеёжзийклмнопрстуфхцчшщъыьэюя ", min_size=1))
def test_a_russian_text_is_as_it_was(text: str) -> None:
    assert one_script(text) == text


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz ").map(lambda text: "if " + text))
def test_an_english_text_is_as_it_was(text: str) -> None:
    assert one_script(text) == text


def test_words_of_both_languages_keep_their_alphabets() -> None:
    assert one_script("Пошли iPhone Кате, cop.") == "Пошли iPhone Кате, сор."
    assert one_script("The cop said no to Пётр, мap in hand.") == "The cop said no to Пётр, map in hand."


def test_word_forms_capitals_and_punctuation_make_no_difference() -> None:
    assert text_key("Клиенты молчат?!") == text_key("«клиентам», МОЛЧАТ")
    assert text_key("The client is silent.") == text_key("the CLIENTS is silent")
    assert text_key("Клиент молчит") != text_key("Клиент говорит")
    assert text_key(":)") != text_key(":(")


def test_a_name_is_the_same_name_whatever_its_letters_are() -> None:
    assert name_key("Борис  Годунов") == name_key("бopиc гoдyнoв") == name_key("Бо\u00adрис Годунов")
    assert name_key("Борис") != name_key("Борисов")


# Nearness


@given(sets, sets, texts)
def test_a_share_is_a_share_and_one_says_all_of_itself(one: frozenset[str], other: frozenset[str], some: list) -> None:
    weight = weights([one, other, *some])
    assert 0 <= share(one, other, weight) <= 1 + 1e-9
    assert (share(one, other, weight) > 0) == bool(one & other)
    assert not one or abs(share(one, one, weight) - 1) < 1e-9
    assert jaccard(one, other) == jaccard(other, one)


@given(texts, st.randoms(use_true_random=False))
def test_the_order_of_texts_changes_no_share(some: list[frozenset[str]], chance: random.Random) -> None:
    places = list(range(len(some)))
    chance.shuffle(places)
    before, after = likest(some), likest([some[place] for place in places])
    for now, place in enumerate(places):
        one, other = before[place], after[now]
        assert (one and round(one[1], 9)) == (other and round(other[1], 9))


@given(st.lists(words, min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_words_changes_nothing(some: list[str], chance: random.Random) -> None:
    mixed = some[:]
    chance.shuffle(mixed)
    assert telling(said(" ".join(some))) == telling(said(" ".join(mixed)))
    assert sorted(gists(frozenset(some))) == sorted(gists(frozenset(mixed)))


@given(texts)
def test_the_likest_is_another_one_and_shares_something(some: list[frozenset[str]]) -> None:
    for place, found in enumerate(likest(some)):
        if found:
            assert found[0] != place
            assert some[place] & some[found[0]]
            assert found[1] == pytest.approx(share(some[place], some[found[0]], weights(some)))
        else:
            assert not any(some[place] & other for n, other in enumerate(some) if n != place)


@given(texts, st.floats(0.1, 1))
def test_kin_stand_with_the_first_of_them(some: list[frozenset[str]], least: float) -> None:
    firsts = kin(some, least)
    for place, first in enumerate(firsts):
        assert first <= place
        assert firsts[first] == first
        if first == place:
            assert not any(jaccard(some[place], some[n]) >= least for n in range(place) if some[place])


def test_nearly_the_same_text_is_found_by_a_gist() -> None:
    chance, vocabulary, found = random.Random(5), [f"word{n}" for n in range(4000)], 0
    for _ in range(500):
        text = frozenset(chance.sample(vocabulary, 30))
        other = text - set(chance.sample(sorted(text), 3)) | set(chance.sample(vocabulary, 2))
        assert are_nearly_the_same(text, other)
        found += bool({*gists(text)} & {*gists(other)})
    assert found >= 480
    strangers = [{*gists(frozenset(chance.sample(vocabulary, 30)))} for _ in range(500)]
    assert sum(len(one & other) > 0 for one, other in pairwise(strangers)) <= 5


def test_short_texts_are_never_nearly_the_same() -> None:
    thanks = telling(said("Спасибо, Илья!")), telling(said("Спасибо, Вера!"))
    assert not are_nearly_the_same(*thanks)
    assert gists(thanks[0]) == []


def test_what_every_text_has_tells_nothing() -> None:
    assert telling(said("Это не то, что у меня было, но и это мы все уже есть.")) == set()
    assert telling(said("It is not what I would have done with them.")) == set()
    assert telling(said("Клиент и договор, the client")) == {"клиент", "договор", "client"}


def test_the_same_name_and_text_have_one_fingerprint() -> None:
    assert fingerprint("A  b", "c\nd") == fingerprint("A b", "c d") != fingerprint("A b", "c e")


# Marks


def test_shared_words_are_marked_in_any_form_and_disguise_and_tags_stay() -> None:
    html = comment.render("> Клиент & co\n\nКлиeнтaм, https://example.org/клиент и при\u00adвет")
    found = marked(html, {"клиент", "привет"})
    assert re.findall("<mark>(.*?)</mark>", found) == ["Клиент", "Клиeнтaм", "клиент", "при\u00adвет"]
    assert re.sub("</?mark>", "", found) == html
    assert marked_text("a < клиенты", {"клиент"}) == "a &lt; <mark>клиенты</mark>"


@given(st.text(max_size=80), st.frozensets(words, max_size=4))
def test_marking_changes_nothing_but_marks(text: str, shared: frozenset[str]) -> None:
    html = comment.render(text)
    without = re.sub("</?mark>", "", marked(html, shared | telling(said(text))))
    assert unescape(without) == unescape(html)


def test_forms_are_as_the_text_has_them_first() -> None:
    assert forms("Клиентам и клиенты") == {"клиент": "Клиентам", "и": "и"}
