"""The pictures that the site keeps."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base


class Picture(Base):
    """A picture whose files are in the folder of media (pictures/folder.py)."""

    __tablename__ = "pictures"

    key: Mapped[str] = mapped_column(String(26), primary_key=True)
    """Made of its bytes, so the same picture is kept once; and of our secret, so nobody can guess it (keeping.key)."""
    width: Mapped[int]
    height: Mapped[int]
    """As it is kept, in its largest size."""
    by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    added_at: Mapped[datetime]
    unused_since: Mapped[datetime | None] = mapped_column(index=True)
    """Since when no text has it; nothing: one has (pictures/forgetting.py)."""
