"""What a question may be, and what the desk may do with one."""

from flask_babel import lazy_gettext as _
from wtforms import BooleanField, IntegerField
from wtforms.validators import InputRequired, NumberRange

from ..db import LARGEST_NUMBER
from ..forms import DeskForm, ReadersForm, email_address, many_lines, one_line
from . import door
from .inbox import LONGEST_NAME, LONGEST_NOTE, LONGEST_TEXT


class QuestionForm(ReadersForm):
    """The form at /ask/."""

    name = one_line(_("Name to print"), LONGEST_NAME, render_kw={"autocomplete": "name"})
    text = many_lines(_("Question"), LONGEST_TEXT, render_kw={"rows": 16})
    email = email_address(_("Mail address"), required=False)
    consent = BooleanField(
        _("My question may be published, perhaps shortened, under the name that I wrote above."),
        validators=[InputRequired(_("Without this the question cannot be answered here."))],
    )


class MergingForm(DeskForm):
    """Which question another one goes with."""

    into = IntegerField(
        _("Number of the other question"),
        validators=[
            InputRequired(_("Please fill this in.")),
            NumberRange(1, LARGEST_NUMBER, message=_("No question has this number.")),
        ],
    )


class NoteForm(DeskForm):
    """A note among editors."""

    text = many_lines(_("A note for the others of the desk"), LONGEST_NOTE, render_kw={"rows": 3})


class ClosingForm(DeskForm):
    """What readers are told while the inbox is closed."""

    text = many_lines(_("What readers see instead of the form"), door.LONGEST_TEXT, render_kw={"rows": 5})
