"""What is written about the house is true, in both languages."""

import io
import re

import click
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from flask import Flask

from app.config import ROOT, Config

README = (ROOT / "README.md").read_text()


def test_every_setting_of_the_environment_is_in_the_readme() -> None:
    names = set(re.findall(r"DEARFRIDAY_[A-Z_]+", (ROOT / "app/config.py").read_text()))
    assert len(names) >= len(Config.__dataclass_fields__)
    for name in names:
        assert f"`{name}`" in README, name


def test_every_setting_of_the_readme_exists() -> None:
    source = (ROOT / "app/config.py").read_text()
    for name in re.findall(r"DEARFRIDAY_[A-Z_]+", README):
        assert name in source


def test_every_command_is_in_the_readme(app: Flask) -> None:
    for name, command in app.cli.commands.items():
        if name in ("routes", "run", "shell", "db"):  # Flask's own
            continue
        inner = [f"{name} {one}" for one in command.commands] if isinstance(command, click.Group) else [name]
        for one in inner:
            assert one in README, one


def test_the_pictures_of_the_readme_are_there() -> None:
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)
    assert len(pictures) >= 2
    for picture in pictures:
        assert (ROOT / picture).stat().st_size > 10_000


def texts() -> dict[str, tuple[str, ...]]:
    """{English: all its forms} of everything that pages, mails and refusals say."""
    method_map, options = parse_mapping_cfg(io.StringIO((ROOT / "babel.cfg").read_text()))
    keywords = {"_": None, "gettext": None, "ngettext": (1, 2), "lazy_gettext": None}
    found = extract_from_dir(str(ROOT), method_map, options, keywords=keywords)
    forms = [message if isinstance(message, tuple) else (message,) for _, _, message, _, _ in found]
    return {one[0]: one for one in forms if one[0]}


def test_every_text_has_its_russian_with_all_plurals_and_the_same_values() -> None:
    with (ROOT / "app/translations/ru/LC_MESSAGES/messages.po").open("rb") as file:
        catalogue = read_po(file, locale="ru")
    wanted = texts()
    assert len(wanted) > 200
    for english, forms in wanted.items():
        message = catalogue.get(english)
        assert message is not None, f"make translations: {english!r} has no Russian"
        russian = message.string if isinstance(message.string, tuple | list) else (message.string,)
        assert all(russian), english
        assert not message.fuzzy, f"{english!r} is marked fuzzy, so it is not compiled"
        assert len(russian) == (3 if len(forms) > 1 else 1), english
        values = set(re.findall(r"%\((\w+)\)", " ".join(forms)))
        for one in russian:
            assert set(re.findall(r"%\((\w+)\)", one)) <= values, english


def test_no_text_is_translated_that_nobody_says() -> None:
    with (ROOT / "app/translations/ru/LC_MESSAGES/messages.po").open("rb") as file:
        catalogue = read_po(file, locale="ru")
    said = set(texts())
    for message in catalogue:
        if message.id:
            first = message.id if isinstance(message.id, str) else message.id[0]
            assert first in said, first
