"""What may come in about courses."""

from flask_babel import lazy_gettext as _
from wtforms import DateField, FileField, Form, HiddenField, IntegerField, SubmitField
from wtforms.fields import Field
from wtforms.validators import InputRequired, Optional, Regexp, ValidationError
from wtforms.widgets import HiddenInput

from ..column.models import LANGUAGES
from ..forms import DeskForm, ReadersForm, email_address, many_lines, one_line
from ..text.web_address import leads_to_the_web
from . import describing

SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"


class WaitlistForm(ReadersForm):
    """An address for one course."""

    email = email_address(_("Mail address"), any_script=True)


class CourseForm(DeskForm):
    """A course."""

    slug = one_line(
        _("Address"),
        80,
        validators=[Regexp(SLUG, message=_("Small Latin letters, digits and hyphens, as in “hard-talks”."))],
    )
    starts_on = DateField(_("Begins on"), validators=[Optional()])
    name_en = one_line(_("The course’s name"), 120, required=False)
    about_en = many_lines(_("About"), 20_000, required=False, render_kw={"rows": 10})
    name_ru = one_line(_("The course’s name"), 120, required=False)
    about_ru = many_lines(_("About"), 20_000, required=False, render_kw={"rows": 10})

    def texts(self) -> dict[str, describing.Text]:
        """What was typed, in each language."""
        return {code: describing.Text(self[f"name_{code}"].data, self[f"about_{code}"].data) for code in LANGUAGES}

    def validate_on_submit(self) -> bool:
        """A text is only kept with its name."""
        sound = bool(super().validate_on_submit())
        for code, text in self.texts().items() if sound else ():
            if text.about and not text.name:
                self[f"name_{code}"].errors = [_("Without its name this text cannot be kept.")]
        return sound and not self.errors


def _leads_to_the_web(form: Form, field: Field) -> None:
    if not leads_to_the_web(field.data):
        raise ValidationError(
            _("The whole address of the enrolment page, without spaces, as in https://example.org/enrol.")
        )


class ImportForm(DeskForm):
    """A table of addresses, to be looked at first or taken at once."""

    table = FileField(_("Table (CSV)"))
    seal = HiddenField()
    look = SubmitField(_("Look what it would do"))
    take = SubmitField(_("Import"))


class NoticeForm(DeskForm):
    """What the one notice says, before enrolment opens."""

    subject = one_line(_("Subject"), 150)
    text = many_lines(_("Text"), 20_000, render_kw={"rows": 12})
    link = one_line(_("Where people enrol"), 500, validators=[_leads_to_the_web])
    look = SubmitField(_("Save and look at it"))
    trial = SubmitField(_("Save and send it to me"))


class OpeningForm(DeskForm):
    """Open enrolment with the notice as it was seen."""

    seen = HiddenField()
    """When the notice was saved that the editor saw."""
    number = IntegerField(widget=HiddenInput(), validators=[InputRequired()])
    """Which opening of its course this is to be."""


class ConfirmForm(DeskForm):
    """A button of the desk."""
