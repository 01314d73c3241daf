from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.text.differences import Piece, differences, folded

words = st.lists(st.sampled_from(["клиент", "письмо", "no", " ", "  ", "\n", "\n\n", ".", "«", "ё", "e\u0301"]))
texts = st.text() | words.map("".join)


@given(texts, texts)
def test_both_texts_are_in_their_difference_whole(old: str, new: str) -> None:
    pieces = differences(old, new)
    assert "".join(piece.text for piece in pieces if piece.kind != "new") == old
    assert "".join(piece.text for piece in pieces if piece.kind != "gone") == new


@given(texts)
def test_a_text_does_not_differ_from_itself(text: str) -> None:
    assert [piece.kind for piece in differences(text, text)] == (["same"] if text else [])


@given(texts, texts)
def test_no_piece_is_empty_and_neighbours_are_of_two_kinds(old: str, new: str) -> None:
    pieces = differences(old, new)
    assert all(piece.text for piece in pieces)
    assert all(one.kind != other.kind for one, other in pairwise(pieces))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("Ask the client.", "Ask your client.", "Ask [the|your] client."),
        ("One.\n\nTwo.", "One.\n\nThree.\n\nTwo.", "One.\n\n[|Three.\n\n]Two."),
        ("She wrote to Acme Ltd.", "She wrote.", "She wrote[ to Acme Ltd|]."),
        ("a b c", "x y z", "[a b c|x y z]"),
        ("ask him why now", "ask her how now", "ask [him why|her how] now"),
        ("", "New", "[|New]"),
    ],
)
def test_what_changed_is_a_word_and_not_its_letters(old: str, new: str, expected: str) -> None:
    said, gone = "", None
    for kind, text in [*differences(old, new), ("same", "")]:
        if gone is not None and kind != "new":
            said, gone = f"{said}[{gone}|]", None
        if kind == "gone":
            gone = text
        else:
            said += text if kind == "same" else f"[{gone or ''}|{text}]"
            gone = None
    assert said == expected


@given(texts, texts)
def test_folding_leaves_out_nothing_and_only_what_stayed(old: str, new: str) -> None:
    pieces = folded(differences(old, new))
    assert "".join(piece.text for piece in pieces if piece.kind != "new") == old
    assert "".join(piece.text for piece in pieces if piece.kind != "gone") == new
    assert all(piece.text for piece in pieces)


LONG = [f"Paragraph {n}." for n in range(12)]


@pytest.mark.parametrize(
    ("changed", "seen"),
    [
        ({0: "Another."}, "0 1 (10)"),
        ({11: "Another."}, "(10) 10 11"),
        ({5: "Another."}, "(4) 4 5 6 (5)"),
        ({2: "Another.", 9: "Another."}, "0 1 2 3 (4) 8 9 10 11"),
        ({3: "Another.", 6: "Another."}, "(2) 2 3 4 5 6 7 (4)"),
    ],
)
def test_what_is_far_from_every_change_is_folded_by_paragraphs(changed: dict[int, str], seen: str) -> None:
    old, new = LONG, [changed.get(n, one) for n, one in enumerate(LONG)]
    pieces = folded(differences("\n\n".join(old), "\n\n".join(new)))
    said = [f"({one.number})" if one.kind == "far" else one.text for one in pieces if one.kind != "new"]
    assert "".join(said).replace("Paragraph ", "").replace(".", "").replace(")", ") ").split() == seen.split()


def test_a_text_with_one_change_in_a_short_text_is_whole() -> None:
    pieces = folded(differences("One.\n\nTwo.\n\nThree.", "One.\n\nTwo.\n\nThree!"))
    assert "far" not in [piece.kind for piece in pieces]
    assert Piece("far", "One.\n\n\nTwo.\n\n").number == 2


def test_two_long_texts_that_share_nothing_are_told_apart_in_bounded_work() -> None:
    old, new = "слово " * 60_000, "word " * 60_000
    assert [piece.kind for piece in differences(old, new)] == ["gone", "new"]
