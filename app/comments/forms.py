"""What a comment may be."""

from flask_babel import lazy_gettext as _
from wtforms import RadioField

from ..forms import DeskForm, ReadersForm, choices, email_address, many_lines, one_line
from .submission import LONGEST_NAME, LONGEST_TEXT


class CommentForm(ReadersForm):
    """The form under a letter."""

    name = one_line(_("Name"), LONGEST_NAME, render_kw={"autocomplete": "name"})
    email = email_address(_("Mail address"), required=False)
    text = many_lines(_("Comment"), LONGEST_TEXT, render_kw={"rows": 7})


class SetAsideForm(DeskForm):
    """An address or a phrase whose comments wait at the end of the queue."""

    kind = RadioField(
        choices=choices([("phrase", _("A phrase")), ("address", _("A commenter’s mail address"))]), default="phrase"
    )
    words = one_line(_("Phrase or address"), 254)
