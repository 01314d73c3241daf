"""How far a mailbox on a server has been read. The edge commits, after the mail was dealt with."""

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from .models import MailboxPlace


def last_read(session: Session, mailbox: str, validity: int) -> int:
    """The number of the last mail that was read; 0 when none was, or when the server numbers its mails anew."""
    place = select(MailboxPlace.last_uid).where(MailboxPlace.mailbox == mailbox, MailboxPlace.validity == validity)
    return session.scalar(place) or 0


def keep(session: Session, mailbox: str, validity: int, uid: int) -> None:
    """This mail was read. Of two workers at once the one behind changes nothing."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    place = insert(MailboxPlace).values(mailbox=mailbox, validity=validity, last_uid=uid)
    session.execute(
        place.on_conflict_do_update(
            index_elements=["mailbox"],
            set_={"validity": validity, "last_uid": uid},
            where=(MailboxPlace.validity != validity) | (MailboxPlace.last_uid < uid),
        )
    )
