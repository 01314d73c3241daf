"""What may come in about people."""

from flask_babel import lazy_gettext as _
from wtforms import HiddenField, SelectField
from wtforms.validators import EqualTo, InputRequired, Length

from ..forms import DeskForm, Password, email_address, one_line
from .passwords import LONGEST, SHORTEST

ROLE_NAMES = {"writer": _("Writer"), "moderator": _("Moderator"), "editor": _("Editor")}

_filled = InputRequired(_("Please fill this in."))
_long_enough = Length(min=SHORTEST, max=LONGEST, message=_("Between %(min)d and %(max)d characters."))


class SignInForm(DeskForm):
    """The way in. Its fields tell nothing about which of them was wrong."""

    email = one_line(_("Mail address"), 254, render_kw={"autocomplete": "username"})
    password = Password(
        _("Password"),
        validators=[_filled, Length(max=LONGEST, message=_("Too long: at most %(max)d characters."))],
        render_kw={"autocomplete": "current-password"},
    )
    goal = HiddenField()


class PersonForm(DeskForm):
    """A new person of the desk."""

    name = one_line(_("Name"), 120)
    email = email_address(_("Mail address"))
    role = SelectField(_("Role"), choices=list(ROLE_NAMES.items()))
    password = Password(
        _("First password"), validators=[_filled, _long_enough], render_kw={"autocomplete": "new-password"}
    )


class RoleForm(DeskForm):
    """Another role for a person."""

    role = SelectField(_("Role"), choices=list(ROLE_NAMES.items()))


class PasswordForm(DeskForm):
    """A new password of one's own."""

    old = Password(_("Present password"), validators=[_filled], render_kw={"autocomplete": "current-password"})
    new = Password(_("New password"), validators=[_filled, _long_enough], render_kw={"autocomplete": "new-password"})
    again = Password(
        _("New password once more"),
        validators=[EqualTo("new", message=_("The two are not the same."))],
        render_kw={"autocomplete": "new-password"},
    )


class ButtonForm(DeskForm):
    """A button of the desk."""
