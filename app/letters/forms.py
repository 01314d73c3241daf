"""What a letter may be, and when it may go out."""

from typing import Any
from zoneinfo import available_timezones

from flask_babel import lazy_gettext as _
from wtforms import (
    BooleanField,
    DateField,
    Form,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
    TimeField,
)
from wtforms.fields import Field
from wtforms.validators import InputRequired, Optional, Regexp, ValidationError

from ..column.models import LANGUAGES
from ..forms import DeskForm, choices, many_lines, one_line, picture_file

LONGEST_PART = 200_000
SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"
LANGUAGE_NAMES = {"en": "English", "ru": "Русский"}
WEEKDAYS = (_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday"))


def _id(value: str | int | None) -> int | None:
    return int(value) if value not in (None, "", "None") else None


class LetterForm(DeskForm):
    """A letter's texts and what it belongs to. Everything but title and name may wait until its Friday is set."""

    title = one_line(_("Title"), 300)
    asker = one_line(_("Asker’s name"), 120)
    question = many_lines(_("Question"), LONGEST_PART, required=False, render_kw={"rows": 16})
    answer = many_lines(_("Answer"), LONGEST_PART, required=False, render_kw={"rows": 16})
    postscript = many_lines(_("P. S."), LONGEST_PART, required=False, render_kw={"rows": 3})
    course_id = SelectField(_("Course"), coerce=_id)
    course_note = many_lines(_("P. P. S."), LONGEST_PART, required=False, render_kw={"rows": 3})
    adviser_id = SelectField(_("Adviser"), coerce=_id)
    rubric_id = SelectField(_("Rubric"), coerce=_id)
    topic_ids = SelectMultipleField(_("Topics"), coerce=int)
    related_ids = SelectMultipleField(_("Related letters"), coerce=int)
    language = SelectField(_("Language"), choices=choices((code, LANGUAGE_NAMES[code]) for code in LANGUAGES))
    takes_comments = BooleanField(_("Takes comments"), default=True)
    # The window, and what it knows of the letter (writing.keeping.Window).
    sitting = HiddenField()
    seq = HiddenField()
    base = HiddenField()
    count = HiddenField()


class PictureForm(DeskForm):
    """A picture that goes into a letter, where no script puts it where the cursor is."""

    picture = picture_file(_("Picture"))
    picture_words = one_line(_("What does it show?"), 300, required=False)
    picture_part = SelectField(
        _("At the end of"),
        choices=choices(
            [
                ("question", _("Question")),
                ("answer", _("Answer")),
                ("postscript", _("P. S.")),
                ("course_note", _("P. P. S.")),
            ]
        ),
        default="answer",
    )


class SlotForm(DeskForm):
    """The letter's Friday: one of the free slots, another moment, or now."""

    when = RadioField(_("When"))
    date = DateField(_("Date"), validators=[Optional()])
    time = TimeField(_("Time"), validators=[Optional()])

    def validate(self, extra_validators: Any = None) -> bool:
        """Another moment needs its date and its hour."""
        is_valid = bool(super().validate(extra_validators))
        if self.when.data == "other" and (self.date.data is None or self.time.data is None):
            self.date.errors = [*self.date.errors, _("Say the date and the hour.")]
            return False
        return is_valid


class PlaceForm(DeskForm):
    """Which letter goes out at a slot."""

    letter_id = RadioField(_("Letter"), coerce=int)


class ButtonForm(DeskForm):
    """A button of the desk."""


def _known_zone(form: Form, field: Field) -> None:
    if field.data not in available_timezones():
        raise ValidationError(_("No such time zone. It should look like Europe/London."))


_slug = Regexp(SLUG, message=_("Small Latin letters, digits and hyphens, as in “hard-talks”."))


class RubricForm(DeskForm):
    """A weekday's theme."""

    title = one_line(_("Name"), 120)
    name = one_line(_("Name as in “This was a Friday letter on …”"), 120)
    slug = one_line(_("Address"), 80, validators=[_slug])
    weekday = SelectField(_("Weekday"), coerce=int, choices=choices(enumerate(WEEKDAYS)))
    time = TimeField(_("Time"), validators=[InputRequired(_("Please fill this in."))])
    zone = one_line(_("Time zone"), 64, validators=[_known_zone])


class TopicForm(DeskForm):
    """What letters are about."""

    name = one_line(_("Name"), 120)
    slug = one_line(_("Address"), 80, validators=[_slug])


class AdviserForm(DeskForm):
    """Who answers."""

    name = one_line(_("Name"), 120)
    slug = one_line(_("Address"), 80, validators=[_slug])
    about = many_lines(_("About"), 5_000, required=False, render_kw={"rows": 5})
    picture = picture_file(_("Portrait"))
    picture_gone = BooleanField(_("Take the portrait away"))


class SelectionForm(DeskForm):
    """Letters put together."""

    title = one_line(_("Title"), 200)
    slug = one_line(_("Address"), 80, validators=[_slug])
    about = many_lines(_("About"), 5_000, required=False, render_kw={"rows": 4})
    adviser_id = SelectField(_("Adviser"), coerce=_id)
    topic_id = SelectField(_("Topic"), coerce=_id)
    letters = many_lines(_("Letters"), 20_000, required=False, render_kw={"rows": 10})
    more = SelectMultipleField(_("Put in as well"))

    def names(self) -> list[str]:
        """The names of the letters: the first word of each line, then those that were ticked."""
        lines = (line.split(maxsplit=1) for line in self.letters.data.splitlines())
        return [*(words[0] for words in lines if words), *(self.more.data or ())]
