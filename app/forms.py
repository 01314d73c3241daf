"""What all forms share: fields that say what is wrong beside themselves and give back what was typed."""

import unicodedata
from collections.abc import Iterable
from typing import Any

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from werkzeug.datastructures import FileStorage
from wtforms import (  # type: ignore[attr-defined]  # SelectChoice is newer than its types
    Field,
    FileField,
    Form,
    PasswordField,
    SelectChoice,
    StringField,
    TextAreaField,
)
from wtforms.validators import Length, Optional, StopValidation, ValidationError

from .db import LARGEST_NUMBER
from .text.address import usual

REPLACEMENT = "\ufffd"
"""Stands for a byte or a character that no text can hold (Unicode 16, 23.8)."""
_LAYOUT = "\n\t"
PICTURES = "image/jpeg,image/png,image/webp,image/avif,image/gif"
"""Files that a browser offers where a picture is asked for (pictures/making.py looks at what comes)."""


class DeskForm(FlaskForm):  # type: ignore[misc]
    """A form behind the login, with its CSRF token."""


class ReadersForm(Form):
    """A form of a page that is the same for all readers, so it has no token: web.py checks where a POST comes from."""


def legible(text: str | None) -> str:
    """The text with one kind of line end, and REPLACEMENT for what cannot be kept (NUL, control characters)."""
    if not text:
        return ""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(REPLACEMENT if unicodedata.category(c) in ("Cc", "Cs") and c not in _LAYOUT else c for c in lines)


def row_number(text: str) -> int:
    """A number in an address or a form, for Werkzeug's `type=`. Raises ValueError, too when no row can have it."""
    found = int(text)
    if abs(found) > LARGEST_NUMBER:
        raise ValueError("no row has such a number")
    return found


def row_numbers(texts: Iterable[str]) -> list[int]:
    """Those of these texts that are numbers of rows, for where an address or a form names several."""
    return [int(one) for one in texts if one.isascii() and one.isdecimal() and len(one) < 10]


def _one_line(text: str | None) -> str:
    return " ".join(legible(text).split())


def _many_lines(text: str | None) -> str:
    return "\n".join(line.rstrip() for line in legible(text).split("\n")).strip("\n")


def _no_broken_characters(form: Form, field: Field) -> None:
    if REPLACEMENT in (field.data or ""):
        raise StopValidation(_("The characters shown as � cannot be kept. Please type them again or remove them."))


def _visible(form: Form, field: Field) -> None:
    # A text of spaces, or of characters that print nothing, is empty.
    if not any(unicodedata.category(c)[0] not in "ZC" for c in field.data or ""):
        raise StopValidation(_("Please fill this in."))


class OneLine(StringField):
    """One line of text; after validation `data` is a string, perhaps an empty one."""

    data: str


class ManyLines(TextAreaField):
    """A text of any number of lines; after validation `data` is a string, perhaps an empty one."""

    data: str


class PictureFile(FileField):
    """A file that becomes a picture of the column; `object_data` is the address of the one that stands."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        # One that is empty, or that came without its bytes, says nothing.
        sent = [one for one in valuelist if isinstance(one, FileStorage) and one.filename]
        self.data = sent[0] if sent else None

    def process_data(self, value: Any) -> None:
        self.data = None


class Password(PasswordField):
    """A password, as typed."""

    data: str


def choices(pairs: Iterable[tuple[Any, Any]]) -> list[SelectChoice]:
    """What may be chosen in a field: (what it sends, what it says)."""
    return [SelectChoice(value, says) for value, says in pairs]


def picture_file(label: Any) -> PictureFile:
    """A field for a picture of the column or of an adviser, which may stay empty."""
    return PictureFile(label, render_kw={"accept": PICTURES})


def _rules(longest: int, required: bool) -> list[Any]:
    length = Length(max=longest, message=_("Too long: at most %(max)d characters."))
    first = [_visible] if required else [Optional()]
    return [_no_broken_characters, *first, length]


def one_line(label: Any, longest: int, *, required: bool = True, **more: Any) -> OneLine:
    """A field for one line of text: white space is folded."""
    more["validators"] = _rules(longest, required) + more.get("validators", [])
    return OneLine(label, filters=[_one_line], **more)


def many_lines(label: Any, longest: int, *, required: bool = True, **more: Any) -> ManyLines:
    """A field for a text of any number of lines."""
    more["validators"] = _rules(longest, required) + more.get("validators", [])
    return ManyLines(label, filters=[_many_lines], **more)


def email_address(label: Any, *, required: bool = True, any_script: bool = False) -> OneLine:
    """A field for one mail address (RFC 5321); a domain in any script becomes punycode.

    any_script: before the @ too (RFC 6531), where the mail server that we send through decides whether it can.
    """
    return one_line(
        label, 254, required=required, validators=[_deliverable_in_any_script if any_script else _deliverable]
    )


def _deliverable(form: Form, field: Field) -> None:
    field.data = checked_address(field.data, any_script=False)


def _deliverable_in_any_script(form: Form, field: Field) -> None:
    field.data = checked_address(field.data, any_script=True)


def checked_address(text: str, *, any_script: bool) -> str:
    """The address in its usual form. Raises ValidationError, which says what one looks like."""
    found = usual(text, any_script=any_script)
    if found is None:
        raise ValidationError(_("This is not a mail address. It should look like name@example.org."))
    return found


def status_of(form: Form) -> int:
    """The HTTP status of a page that shows this form's errors: 400 for bytes that are no text, 422 for the rest."""
    return 400 if any(isinstance(v, str) and REPLACEMENT in v for v in form.data.values()) else 422
