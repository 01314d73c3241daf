"""What may be asked of the memory."""

from flask_babel import lazy_gettext as _
from wtforms import DateField, Form, SelectField
from wtforms.validators import Optional

from ..forms import choices, one_line

DEED_NAMES = {
    "published": _("Published"),
    "declined": _("Declined"),
    "pruned": _("Pruned"),
    "signed_in": _("Signed in"),
    "exported": _("Exported this list"),
    "imported": _("Imported addresses"),
    "took_along": _("Took addresses along"),
}


class SearchForm(Form):
    """What is looked for. It changes nothing, so it needs no token."""

    words = one_line(_("Editor, letter or course"), 200, required=False)
    deed = SelectField(_("What was done"), choices=choices([("", _("Anything")), *DEED_NAMES.items()]), default="")
    first = DateField(_("From"), validators=[Optional()])
    last = DateField(_("Until"), validators=[Optional()])
