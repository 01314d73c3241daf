"""What a question may be."""

from flask_babel import lazy_gettext as _

from ..forms import DeskForm, ReadersForm, email_address, many_lines, one_line
from .inbox import LONGEST_NAME, LONGEST_TEXT


class QuestionForm(ReadersForm):
    """The form at /ask/."""

    name = one_line(_("Name"), LONGEST_NAME, render_kw={"autocomplete": "name"})
    email = email_address(_("Mail address"), required=False)
    text = many_lines(_("Question"), LONGEST_TEXT, render_kw={"rows": 16})


class InboxForm(DeskForm):
    """The buttons beside a question."""
