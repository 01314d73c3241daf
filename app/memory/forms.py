"""What may be asked of the memory."""

from flask_babel import lazy_gettext as _
from wtforms import DateField, Field, Form, SelectField
from wtforms.validators import Optional, ValidationError

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


def _not_before_the_first(form: Form, field: Field) -> None:
    if form["first"].data and field.data < form["first"].data:
        raise ValidationError(_("The dates are the wrong way round: this one is before the other."))


class SearchForm(Form):
    """What is looked for. It changes nothing, so it needs no token."""

    words = one_line(_("Editor, letter or course"), 200, required=False)
    deed = SelectField(_("What was done"), choices=choices([("", _("Anything")), *DEED_NAMES.items()]), default="")
    first = DateField(_("Since"), validators=[Optional()])
    last = DateField(_("Until"), validators=[Optional(), _not_before_the_first])
