"""The edition: a number that every change of published state raises, in its own transaction."""

from sqlalchemy import BigInteger, CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base


class Edition(Base):
    """One row. Triggers of the database raise it (migrations/), so that no code can forget to."""

    __tablename__ = "editions"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(BigInteger)
    raised_in: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    """PostgreSQL: the transaction that raised it last, so that a long import raises it once."""
