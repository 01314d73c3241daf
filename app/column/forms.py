"""What an editor may set."""

from flask_babel import lazy_gettext as _
from wtforms import BooleanField, FloatField, IntegerField, SelectField
from wtforms.validators import InputRequired, NumberRange

from ..forms import DeskForm, ReadersForm, choices, email_address, many_lines, one_line, picture_file
from ..letters.forms import LANGUAGE_NAMES
from .models import LANGUAGES


def _number(label: str, least: int, most: int) -> IntegerField:
    between = NumberRange(least, most, message=_("A whole number from %(min)s to %(max)s."))
    return IntegerField(label, validators=[InputRequired(_("Please fill this in.")), between])


class ErasureForm(ReadersForm):
    """The address of which everything is to be erased."""

    email = email_address(_("Mail address"), any_script=True)


class _Rate(FloatField):
    """A number that stands in the form as one writes it: 14, not 14.0."""

    def _value(self) -> str:
        typed = (self.raw_data or [""])[0]
        return typed or (f"{self.data:g}" if isinstance(self.data, float) else "")


class SettingsForm(DeskForm):
    """The column's settings."""

    title = one_line(_("The column’s title"), 120)
    tagline = one_line(_("What it is, in one sentence"), 300, required=False)
    picture = picture_file(_("The column’s picture"))
    picture_gone = BooleanField(_("Take the picture away"))
    language = SelectField(_("Language"), choices=choices((code, LANGUAGE_NAMES[code]) for code in LANGUAGES))
    target_percent = _number(_("Target: the share of comments that is published, in per cent"), 0, 100)
    hide_names = BooleanField(_("Hide who wrote a comment until it is decided"))
    rules = many_lines(_("Rules of publication"), 20_000, required=False, render_kw={"rows": 10})
    mail_from = email_address(_("Mails come from"))
    mail_reply_to = email_address(_("Replies go to"), required=False)
    mails_per_second = _Rate(
        _("Mails in a second at most"),
        validators=[
            InputRequired(_("Please fill this in.")),
            NumberRange(0, 1000, message=_("A number from 0 to 1000, such as 14 or 0.5.")),
        ],
        default=0,
    )
    dkim_selector = SelectField(_("The key that signs mails (DKIM)"), default="")
    pruned_days = _number(_("Days until the text of a pruned comment is erased"), 0, 3650)
    declined_days = _number(_("Days until the text of a declined comment is erased"), 0, 3650)
    pruning_after_days = _number(_("Days until a published comment comes into the list of pruning"), 0, 36500)
    history_days = _number(_("Days for which the desk can tell which comments came from one address"), 0, 3650)
    questions_days = _number(_("Days until a question that became no letter is deleted"), 1, 3650)
    empty_days = _number(_("Days before an empty slot that the desk is told of it"), 0, 60)
    unconfirmed_days = _number(_("Days until an address that was never confirmed, or has left, is deleted"), 1, 365)
