"""What an advisor may say when a client is handed over: drafts out of what the client knows we know; a person sends."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Kind(StrEnum):
    """Who speaks: the one who goes, or the one who comes."""

    FAREWELL = "farewell"
    INTRODUCTION = "introduction"


@dataclass(frozen=True, slots=True)
class Known:
    """What she knows that we know: how she is called, and when she last bought something."""

    name: str
    language: str
    last_bought_on: date | None


# The advisor's own name is for her to write: profile does not know it.
_TEXTS = {
    ("zh", Kind.FAREWELL): (
        "{name}，您好！感谢您一直以来的信任与陪伴。{bought}因工作安排调整，今后将由我的同事继续为您服务，"
        "您的喜好与预约都已妥善交接。期待您在店里继续度过美好时光。"
    ),
    ("zh", Kind.INTRODUCTION): (
        "{name}，您好！我是您的新任客户顾问〔姓名〕，很荣幸从同事手中接过为您服务的工作。{bought}"
        "今后您有任何需要，保养、预约或挑选心仪之作，都请随时找我。"
    ),
    ("en", Kind.FAREWELL): (
        "Dear {name}, thank you for your trust. {bought}My work is changing, and a colleague of mine will look after"
        " you from now on; your wishes and appointments are in good hands."
    ),
    ("en", Kind.INTRODUCTION): (
        "Dear {name}, I am [name], your new client advisor, and it is my pleasure to look after you from now on."
        " {bought}For care, an appointment or a piece you have in mind, please write to me at any time."
    ),
}
_BOUGHT = {
    ("zh", Kind.FAREWELL): "您{year}年{month}月的选购，我一直记得。",
    ("zh", Kind.INTRODUCTION): "您{year}年{month}月选购的作品如需保养，我也会为您安排。",
    ("en", Kind.FAREWELL): "I remember well what you chose in {when}. ",
    ("en", Kind.INTRODUCTION): "Whenever what you chose in {when} needs care, I will see to it. ",
}


def write(kind: Kind, known: Known) -> str:
    """The draft in her language, English where we have none in hers."""
    language = "zh" if known.language.startswith("zh") else "en"
    bought = ""
    if known.last_bought_on is not None:
        on = known.last_bought_on
        bought = _BOUGHT[language, kind].format(year=on.year, month=on.month, when=f"{on:%B} {on.year}")
    return _TEXTS[language, kind].format(name=known.name, bought=bought)
