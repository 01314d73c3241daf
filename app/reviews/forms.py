"""What may be said in a review."""

from flask_babel import lazy_gettext as _
from flask_babel import ngettext
from wtforms import HiddenField, SelectField

from ..forms import DeskForm, choices, many_lines
from . import draft_links
from .reviewing import LONGEST_WORD


class MarkForm(DeskForm):
    """A remark on one passage."""

    passage = HiddenField()
    text = many_lines(_("A remark on this passage"), LONGEST_WORD, render_kw={"rows": 2})


class VerdictForm(DeskForm):
    """What the editor says with the answer."""

    word = many_lines(_("A word to who asked"), LONGEST_WORD, required=False, render_kw={"rows": 3})


class LinkForm(DeskForm):
    """How long an outsider may read the draft."""

    days = SelectField(_("The link works for"), coerce=int)

    def __init__(self) -> None:
        super().__init__()
        self.days.choices = choices((n, ngettext("%(num)d day long", "%(num)d days long", n)) for n in draft_links.DAYS)
