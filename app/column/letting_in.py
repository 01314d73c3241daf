"""The two mails that let people of the desk in: the invitation, and the link for a forgotten password."""

from sqlalchemy.orm import Session

from ..accounts import mailed_keys
from ..accounts.models import MailedKey, Person
from ..mail.messages import Letterhead, Mail
from ..mail.models import Delivery


def key_by_mail(session: Session, claimed: Delivery, letterhead: Letterhead) -> Mail | None:
    """The mail with a key (kinds `invitation` and `reset`); None when the key works no more, or its owner has left."""
    key = session.get(MailedKey, claimed.about_id)
    moment = claimed.claimed_at or claimed.due_at
    if key is None or key.used_at is not None or key.ends_at <= moment:
        return None
    person = session.get_one(Person, key.person_id)
    if not person.is_active:
        return None
    address = f"{letterhead.base_url}/desk/key/{mailed_keys.token(session, key)}"
    return Mail(to=person.email, values={"person": person, "address": address})
