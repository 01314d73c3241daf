"""What a comment may be."""

from flask_babel import lazy_gettext as _
from wtforms import HiddenField

from ..forms import DeskForm, ReadersForm, email_address, many_lines, one_line
from .submission import LONGEST_NAME, LONGEST_TEXT


class CommentForm(ReadersForm):
    """The form under a letter."""

    name = one_line(_("Name"), LONGEST_NAME, render_kw={"autocomplete": "name"})
    email = email_address(_("Mail address"), required=False)
    text = many_lines(_("Comment"), LONGEST_TEXT, render_kw={"rows": 7})


class DecisionForm(DeskForm):
    """The one decision: two buttons and what was shown."""

    seen = HiddenField()


class PruningForm(DeskForm):
    """Remove a published comment for good: the editor says so twice."""
