"""What may come in about people."""

from flask_babel import lazy_gettext as _
from wtforms import BooleanField, HiddenField, SelectField
from wtforms.validators import EqualTo, InputRequired, Length

from ..forms import DeskForm, Password, choices, email_address, one_line
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
    role = SelectField(_("Role"), choices=choices(ROLE_NAMES.items()))


class RoleForm(DeskForm):
    """Another role for a person."""

    role = SelectField(_("Role"), choices=choices(ROLE_NAMES.items()))


class CodeForm(DeskForm):
    """The second factor's code."""

    code = one_line(
        _("Code"), 40, render_kw={"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false"}
    )


class ForgottenForm(DeskForm):
    """Who forgot the password."""

    email = one_line(_("Mail address"), 254, render_kw={"autocomplete": "username"})


class NewPasswordForm(DeskForm):
    """The password that is chosen with a mailed key."""

    new = Password(_("New password"), validators=[_filled, _long_enough], render_kw={"autocomplete": "new-password"})
    again = Password(
        _("New password once more"),
        validators=[EqualTo("new", message=_("The two are not the same."))],
        render_kw={"autocomplete": "new-password"},
    )


class OwnPasswordForm(DeskForm):
    """Is it really you."""

    old = Password(_("Present password"), validators=[_filled], render_kw={"autocomplete": "current-password"})


class PasswordForm(OwnPasswordForm, NewPasswordForm):
    """A new password of one's own."""


class MailsForm(DeskForm):
    """Which mails of the desk somebody wants."""

    hears_of_queue = BooleanField(_("Every morning, how many comments wait, the oldest, the share published"))
    hears_of_empty_slots = BooleanField(_("A mail some days before a slot that no letter has"))


class ButtonForm(DeskForm):
    """A button of the desk."""
