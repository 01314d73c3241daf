import re
import string
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from app.text.typographer import OPAQUE, typeset, typeset_tokens


def ru(text: str) -> str:
    return shown(typeset(text, "ru"))


def en(text: str) -> str:
    return shown(typeset(text, "en"))


def shown(text: str) -> str:
    """With no-break spaces one can see."""
    return text.replace("\u00a0", "␣")


def letter(source: str, language: str) -> str:
    markdown = MarkdownIt("commonmark", {"html": False}).enable(["strikethrough", "table"])
    tokens = markdown.parse(source)
    typeset_tokens(tokens, language)
    return shown(markdown.renderer.render(tokens, markdown.options, {})).replace("&quot;", '"').strip()


# Quotation marks


@pytest.mark.parametrize(
    ("typed", "set_"),
    [
        ('Роман "Идиот".', "Роман «Идиот»."),
        ('"Слово "внутри" слова"', "«Слово „внутри“ слова»"),
        ('"Первое", "второе" ("третье")', "«Первое», «второе» («третье»)"),
        ('Спросил: "Зачем?" - "Так..."', "Спросил: «Зачем?»␣— «Так…»"),
        ('"Конец "внутри""', "«Конец „внутри“»"),
        ('сказал:"Да"', "сказал:«Да»"),
        ('« Слово » и "дело"', "« Слово » и␣«дело»"),
    ],
)
def test_straight_marks_become_russian_ones_by_level(typed: str, set_: str) -> None:
    assert ru(typed) == set_


@pytest.mark.parametrize(
    ("typed", "set_"),
    [
        ('The book "Emma".', "The book “Emma”."),
        ('"She said "hello" twice"', "“She said ‘hello’ twice”"),
        ("'Single outside, \"double\" inside'", "‘Single outside, “double” inside’"),
        ('"Friends\' "best" years"', "“Friends’ ‘best’ years”"),
        ("\"A 'friend of\" yours'", "“A␣‘friend of” yours’"),
        ('("Yes," he wrote.)', "(“Yes,” he wrote.)"),
    ],
)
def test_straight_marks_become_english_ones_by_level(typed: str, set_: str) -> None:
    assert en(typed) == set_


def test_marks_that_were_typeset_already_stay() -> None:
    assert ru("«Слово „внутри“ слова» снова") == "«Слово „внутри“ слова» снова"
    assert en("“Some ‘inner’ words”, don’t they") == "“Some ‘inner’ words”, don’t they"


def test_marks_of_another_language_or_on_the_wrong_side_are_mended() -> None:
    assert ru("Пришли “новые” люди") == "Пришли «новые» люди"
    assert ru("Пришли «новые« люди") == "Пришли «новые» люди"
    assert en("Some ”odd“ marks") == "Some “odd” marks"


def test_marks_that_belong_to_neither_side_stay_straight() -> None:
    assert ru('слово " слово') == 'слово " слово'
    assert ru('сло"во') == 'сло"во'


@pytest.mark.parametrize(
    ("typed", "set_"),
    [
        ('Экран 15" и "книга" рядом', 'Экран 15" и␣«книга» рядом'),
        ('"Экран 15" и шире"', '«Экран 15" и␣шире»'),
        ('"Справка 09" готова', "«Справка 09» готова"),
        ('"Экран 15""', '«Экран␣15"»'),
    ],
)
def test_inches_do_not_break_the_pairing(typed: str, set_: str) -> None:
    assert ru(typed) == set_


def test_feet_and_inches_stay_in_english() -> None:
    assert en('He is 6\' and 5\'10" "tall" indeed') == "He is 6' and 5'10\" “tall” indeed"


@pytest.mark.parametrize(
    ("typed", "set_"),
    [
        ("don't", "don’t"),
        ("in the '90s music", "in the ’90s music"),
        ("rock 'n' roll", "rock ’n’ roll"),
        ("'Tis the season's best", "’Tis the season’s best"),
        ("'ello everybody", "’ello everybody"),
        ("the students' books", "the students’ books"),
        ("he said 'hello there' loudly", "he said ‘hello there’ loudly"),
    ],
)
def test_english_apostrophes_are_told_from_single_quotes(typed: str, set_: str) -> None:
    assert en(typed) == set_


def test_russian_names_get_apostrophes() -> None:
    assert ru("Приехал д'Артаньян") == "Приехал д’Артаньян"


# Dashes, ranges, signs


@pytest.mark.parametrize("dash", ["-", "--", "---", "–", "—"])
def test_a_spaced_dash_is_an_em_dash_that_holds_on_to_the_word_before(dash: str) -> None:
    assert ru(f"Жизнь {dash} театр") == "Жизнь␣— театр"


def test_english_keeps_a_spaced_en_dash() -> None:
    assert en("Life - theatre -- stage") == "Life␣— theatre␣— stage"
    assert en("Life – theatre") == "Life␣– theatre"


def test_two_hyphens_between_words_are_an_em_dash() -> None:
    assert en('word--word and word--"word"') == "word—word and word—“word”"
    assert en("the option --verbose, <!--more-->") == "the option --verbose, <!--more-->"


def test_speech_begins_with_a_dash_that_holds_on_to_its_first_word() -> None:
    assert ru("- Пойдём?\n– Пойдём!") == "—␣Пойдём?\n—␣Пойдём!"
    assert ru('"- Пойдём!" крикнул') == "«—␣Пойдём!» крикнул"
    assert en("- an item") == "- an␣item"
    assert en("-- Emma\n— Harriet") == "—␣Emma\n—␣Harriet"


def test_words_with_hyphens_keep_them() -> None:
    assert ru("кто-то из-за Ростова-на-Дону") == "кто-то из-за Ростова-на-Дону"


@pytest.mark.parametrize(
    ("typed", "set_"),
    [
        ("стр. 1-3", "стр.␣1–3"),
        ("10-15 минут", "10–15␣минут"),
        ("12:00-13:30", "12:00–13:30"),
        ("1,5-2 часа", "1,5–2␣часа"),
        ("1941-1945", "1941–1945"),
        ("1980-90-е", "1980–90-е"),
        ("500-1000 рублей", "500–1000␣рублей"),
        ("пн-пт", "пн–пт"),
        ("XIX-XX вв.", "XIX–XX␣вв."),
    ],
)
def test_ranges_get_an_en_dash(typed: str, set_: str) -> None:
    assert ru(typed) == set_


def test_english_has_the_same_ranges_and_signs() -> None:
    assert en("5-7 o'clock, Mon-Fri, -5 or 5 - 3, §7") == "5–7␣o’clock, Mon–Fri, −5 or 5␣– 3, §␣7"


@pytest.mark.parametrize(
    "text",
    [
        *("2026-11-27", "8-800-555-35-35", "+7 (495) 12-34", "тел. 12-34", "555-1234", "978-5-17-112345-6"),
        *(
            "3-й",
            "COVID-19",
            "1.2-3.4.5",
            "v1-2",
            "А4-5",
            "01-02",
            "15-10",
            "№\u00a05-7",
            "1-2-3",
            "12345-67890",
            "10-20/3",
        ),
    ],
)
def test_what_only_looks_like_a_range_stays(text: str) -> None:
    assert typeset(text, "ru") == text


def test_between_two_spaced_numbers_stands_an_en_dash_but_not_in_a_telephone() -> None:
    assert ru("5 - 3") == "5␣– 3"
    assert "-" in ru("8 - 800 - 555")
    assert "–" not in ru("8 - 800 - 555")


def test_a_hyphen_before_a_number_is_a_minus() -> None:
    assert ru("мороз -20 градусов (-5 ночью)") == "мороз −20␣градусов (−5␣ночью)"
    assert ru("Ту-154, x-5, -5-10") == "Ту-154, x-5, -5-10"


def test_three_dots_are_an_ellipsis() -> None:
    assert en("Well... no....") == "Well… no...."
    assert ru("Как?... Так!.. Ну...") == "Как?.. Так!.. Ну…"


def test_signs_are_made_of_marks_only() -> None:
    assert en("+-5 +/-6 -> a != b <= c") == "±5 ±6 → a␣≠ b ≤ c"
    assert ru("+-5 -> 6, слово--слово") == "±5 → 6, слово—слово"
    assert en("C++-API, C+-API")[:15] == "C++-API, C+-API"
    assert en("C++-API (c) 10x15 1/2, m2 a->b") == "C++-API (c) 10x15 1/2, m2 a->b"


# Spaces


@pytest.mark.parametrize(
    ("typed", "set_"),
    [
        ("Он и я в старом доме", "Он␣и␣я␣в␣старом доме"),
        ("Если бы он же знал ли точно", "Если␣бы он␣же знал␣ли точно"),
        ("А. С. Пушкин, А.С.Пушкин", "А.␣С.␣Пушкин, А.␣С.␣Пушкин"),
        ("Пушкин А.С. писал", "Пушкин␣А.␣С. писал"),
        ("это т.д., т. п., т.е. всё", "это т.␣д., т.␣п., т.␣е. всё"),
        ("Оля и др. ребята", "Оля и␣др. ребята"),
        ("P.S. Привет. P. P. S. Ещё", "P.␣S. Привет. P.␣P.␣S. Ещё"),
        ("№5, № 6, §7", "№␣5, №␣6, §␣7"),
        ("5 кг, 10руб., 100 ₽, 20 %", "5␣кг, 10␣руб., 100␣₽, 20␣%"),
        ("около 1 000 000 рублей", "около 1␣000␣000␣рублей"),
        ("г.Омск, ул. Мира, дом 5", "г.␣Омск, ул.␣Мира, дом␣5"),
        ("в 2026 г. Потом и т. д. Ещё", "в␣2026␣г. Потом и␣т.␣д. Ещё"),
        ('ООО "Рога"', "ООО␣«Рога»"),
        ("получил 2 или 3 раза", "получил 2 или 3␣раза"),
        ("Знаю только его.", "Знаю только␣его."),
        ("до нашей эры, 5 в. до н. эр. и рт. ст. там", "до␣нашей эры, 5 в. до␣н.␣эр. и␣рт.␣ст. там"),
        ("улица г. Омск, проф. Ушаков, в доме дом 5 рядом", "улица г.␣Омск, проф.␣Ушаков, в␣доме дом␣5␣рядом"),
        ("ул.Мира, стр.34, XXв. был", "ул.␣Мира, стр.␣34, XX␣в. был"),
        ("весил 5 кг вместе", "весил 5␣кг вместе"),
    ],
)
def test_russian_spaces_that_must_not_break(typed: str, set_: str) -> None:
    assert ru(typed) == set_


@pytest.mark.parametrize(
    ("typed", "set_"),
    [
        ("I have a book and an idea of the plot", "I␣have a␣book and an␣idea of the plot"),
        ("Mr. Bennet and Dr. Who", "Mr.␣Bennet and Dr.␣Who"),
        ("Mrs. Bennet and Prof. Who", "Mrs.␣Bennet and Prof.␣Who"),
        ("J. R. R. Tolkien wrote", "J.␣R.␣R.␣Tolkien wrote"),
        ("p. 5, No. 6, 20 kg", "p.␣5, No.␣6, 20␣kg"),
        ("That is what I want it for.", "That is what I␣want it␣for."),
    ],
)
def test_english_spaces_that_must_not_break(typed: str, set_: str) -> None:
    assert en(typed) == set_


def test_a_stress_mark_does_not_make_a_short_word() -> None:
    assert ru("сло́во другое") == "сло́во другое"


def test_runs_of_blanks_become_one_space() -> None:
    assert ru("много   \t пробелов") == "много пробелов"
    assert en("many   \t blanks") == "many blanks"


def test_another_language_comes_back_unchanged() -> None:
    text = '"So - und... so" 1-3'
    assert typeset(text, "de") == text
    assert letter("*So* - so", "de") == "<p><em>So</em> - so</p>"


# Tokens


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ('"some *emphasised* words"', "<p>“some <em>emphasised</em> words”</p>"),
        ('*"Emphasised"*, "**strong**"', "<p><em>“Emphasised”</em>, “<strong>strong</strong>”</p>"),
        ('"[a link](/x)" and "`code`"', '<p>“<a href="/x">a␣link</a>” and “<code>code</code>”</p>'),
        ('"over\ntwo lines"', "<p>“over\ntwo lines”</p>"),
        ("*word* - word -- *word*", "<p><em>word</em>␣— word␣— <em>word</em></p>"),
        ("`it`'s *Emma*'s", "<p><code>it</code>’s <em>Emma</em>’s</p>"),
        ('"one\n\ntwo"', "<p>“one</p>\n<p>two”</p>"),
        ("# Don't\n\n- it's", "<h1>Don’t</h1>\n<ul>\n<li>it’s</li>\n</ul>"),
    ],
)
def test_a_block_is_set_as_one_run(source: str, html: str) -> None:
    assert letter(source, "en") == html


def test_a_word_and_its_preposition_hold_together_across_emphasis() -> None:
    assert letter("живёт в *большом* доме", "ru") == "<p>живёт в␣<em>большом</em> доме</p>"


def texts_set(*texts: str, between: str) -> list[str]:
    """Text tokens with a token of one type between them, set in Russian."""
    tokens = [token for text in texts for token in (Token("text", "", 0, content=text), Token(between, "", 0))]
    typeset_tokens([Token("inline", "", 0, children=tokens)], "ru")
    return [shown(token.content) for token in tokens[::2]]


def test_no_edit_crosses_from_one_token_into_the_next() -> None:
    assert texts_set("1", "-3, ..", ".", between="html_inline") == ["1", "-3, ..", "."]


def test_inline_html_is_not_seen_and_code_is_seen_as_a_word() -> None:
    assert texts_set("в", " доме", between="html_inline") == ["в", "␣доме"]
    assert texts_set("в", " доме", between="code_inline") == ["в", " доме"]


def test_a_hard_break_is_white_space() -> None:
    assert letter('word\\\n"word"', "en") == "<p>word<br />\n“word”</p>"


@pytest.mark.parametrize(
    "source",
    [
        '`"a" -- b...`',
        '    "a" -- b...',
        '```\n"a" -- b...\n```',
        "<https://example.com/a--b...c>",
        '[word](/a--b...c "title")',
    ],
)
def test_code_and_addresses_are_left_byte_for_byte(source: str) -> None:
    markdown = MarkdownIt()
    tokens = markdown.parse(source)
    typeset_tokens(tokens, "en")
    assert markdown.renderer.render(tokens, markdown.options, {}) == markdown.render(source)


@pytest.mark.parametrize(("markup", "info"), [("linkify", "auto"), ("autolink", "auto"), ("linkify", "")])
def test_the_visible_address_of_an_automatic_link_is_left(markup: str, info: str) -> None:
    opening = Token("link_open", "a", 1, markup=markup, info=info)
    address, after = Token("text", "", 0, content="a--b..."), Token("text", "", 0, content=" a--b...")
    typeset_tokens([Token("inline", "", 0, children=[opening, address, Token("link_close", "a", -1), after])], "en")
    assert (address.content, after.content) == ("a--b...", " a—b…")


@pytest.mark.parametrize(
    "address",
    [
        "https://example.com/a--b?c='d'...e",
        "www.example--x.com",
        "www.example.com/1-3",
        "o'brien--x@example.com",
        "user@host",
        "example.com/a--b",
    ],
)
def test_addresses_in_text_are_left_and_the_text_around_them_is_set(address: str) -> None:
    assert typeset(f'word--word "{address}" ({address}), {address}...', "en") == (
        f"word—word “{address}” ({address}), {address}…"
    )


def test_an_object_replacement_character_in_the_text_stays() -> None:
    assert ru(f"{OPAQUE} и {OPAQUE}https://a.b/c--d {OPAQUE}") == f"{OPAQUE} и␣{OPAQUE}https://a.b/c--d {OPAQUE}"


# The laws

PARTS = {
    "ru": [
        *"\"'«»„“” -—–.…,!?:()\n\u00a0\u0301аиПй5",
        *(
            "же",
            "слово",
            "Ах",
            "т.",
            "е.",
            "руб.",
            "10",
            "2010",
            "№",
            "...",
            "--",
            "+-",
            "->",
            "С.",
            "P.",
            "S.",
            "тел.",
        ),
        *("XX", "вв.", "пн", OPAQUE, "https://a.b/c--d", "u@h", " - ", "-3", "г."),
    ],
    "en": [
        *"\"'“”‘’„« -—–.…,!?:()\n\u00a0aIsn5",
        *(
            "word",
            "'90s",
            "'tis",
            "Mr.",
            "10",
            "2010",
            "№",
            "...",
            "--",
            "->",
            "+-",
            "A.",
            "B.",
            "mon",
            " - ",
            "-3",
            "6'",
        ),
        *('5"', OPAQUE, "https://a.b/c--d", "u@h", "p."),
    ],
}
LANGUAGES = st.sampled_from(["ru", "en"])


@st.composite
def hard_texts(draw: st.DrawFn) -> tuple[str, str]:
    """A language and a text of the pieces its rules look at, or any text at all."""
    language = draw(LANGUAGES)
    pieces = st.lists(st.sampled_from(PARTS[language]), max_size=20).map("".join)
    return language, draw(pieces | st.text(max_size=60))


@st.composite
def hard_blocks(draw: st.DrawFn) -> tuple[str, list[Token]]:
    """A language and the tokens of one block, cut anywhere, with code and breaks in between."""
    language, text = draw(hard_texts())
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=4)) | {0, len(text)})
    children = []
    for start, end in pairwise(cuts):
        children.append(Token("text", "", 0, content=text[start:end]))
        kind = draw(st.sampled_from(["em_open", "code_inline", "softbreak", "html_inline"]))
        children.append(Token(kind, "", 1 if kind == "em_open" else 0, content='"a" -- 1-3'))
    return language, [Token("inline", "", 0, children=children)]


def contents(tokens: list[Token]) -> list[str]:
    return [child.content for token in tokens for child in token.children or []]


def letters_and_digits(text: str) -> str:
    return "".join(filter(str.isalnum, text))


@settings(max_examples=400, deadline=None)
@given(hard_texts())
@example(("ru", "S.5руб.е."))
@example(("ru", "”- слово"))
@example(("en", '"aB.:"u@h”(tis,“Mr.x'))
@example(("en", '"a "students\' b" "c" d\''))
@example(("ru", "10x15 (c) 1/2 м2 100 р."))
def test_letters_and_digits_stay_and_a_second_pass_changes_nothing(case: tuple[str, str]) -> None:
    language, text = case
    once = typeset(text, language)
    assert letters_and_digits(once) == letters_and_digits(text)
    assert typeset(once, language) == once


@settings(max_examples=400, deadline=None)
@given(hard_blocks())
def test_tokens_keep_their_letters_and_setting_them_twice_changes_nothing(case: tuple[str, list[Token]]) -> None:
    language, tokens = case
    before = contents(tokens)
    typeset_tokens(tokens, language)
    once = contents(tokens)
    typeset_tokens(tokens, language)
    assert contents(tokens) == once
    assert [letters_and_digits(text) for text in once] == [letters_and_digits(text) for text in before]
    assert once[1::2] == before[1::2]


@settings(max_examples=200, deadline=None)
@given(
    LANGUAGES,
    st.sampled_from(["https://example.com/", "http://a.b?", "www.example.org/", "user@example.", "x.y+"]),
    st.text(string.ascii_letters + string.digits + "-_~/.+=&%'", max_size=20),
)
def test_no_address_in_text_changes(language: str, beginning: str, rest: str) -> None:
    address = f"{beginning}{rest}z" if "@" in beginning or "/" in beginning else f"{beginning}{rest}@example.com"
    assert f" {address}, " in re.sub(r"\s", " ", typeset(f'"слово - {address}, word" - ...', language))


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize(
    "unit", ['"', "'", ' "', 'a" ', " 'a\" ", "-", " - ", "1 - ", ".", "a@", "т.", "А.", "\u00a0", "('"]
)
def test_a_hundred_kilobytes_of_one_thing_come_to_an_end(unit: str, language: str) -> None:
    text = (unit * 100_000)[:100_000]
    assert letters_and_digits(typeset(text, language)) == letters_and_digits(text)
