"""What came from elsewhere: the key by which a second run of an import knows its rows."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base


class Imported(Base):
    """One thing of another site and the row that it became here."""

    __tablename__ = "imported"

    source: Mapped[str] = mapped_column(String(200), primary_key=True)
    """The kind of export and the site's own name, as "wordpress https://blog.example"."""
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    """The kind of thing and its id there, as "comment 17"."""
    row_id: Mapped[int]
