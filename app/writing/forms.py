"""What an editor may say of a version."""

from flask_babel import lazy_gettext as _

from ..forms import DeskForm, one_line


class NameForm(DeskForm):
    """A version's name; an empty one takes it off."""

    name = one_line(_("Name of the version"), 120, required=False)
