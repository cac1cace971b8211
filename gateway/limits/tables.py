"""The rows of guesses at passwords."""

from datetime import datetime

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from gateway.identity.tables import Moment, Row


class Guess(Row):
    """A bucket of attempts at one password; `who` is a blind index, and the brand is every brand."""

    __tablename__ = "guess"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    who: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    tokens: Mapped[float]
    counted_at: Mapped[datetime] = mapped_column(Moment)
