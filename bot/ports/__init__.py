"""The sockets: what the bot needs from the outside, in its own words. A file for each thing it needs."""

from bot.ports.cases import Casebook, Filed, Heard
from bot.ports.chats import ChatSurface, Handler, Press, Receive, Show
from bot.ports.diary import Diary
from bot.ports.errands import Errand, Errands
from bot.ports.mail import Mail, Offer, Question, Waiting
from bot.ports.runs import Clock, Engine, Said, Work
from bot.ports.servers import Check, NameLook, Reply, TlsLook, Trust, Wire
from bot.ports.store import Store, Use

__all__ = [
    "Casebook",
    "ChatSurface",
    "Check",
    "Clock",
    "Diary",
    "Engine",
    "Errand",
    "Errands",
    "Filed",
    "Handler",
    "Heard",
    "Mail",
    "NameLook",
    "Offer",
    "Press",
    "Question",
    "Receive",
    "Reply",
    "Said",
    "Show",
    "Store",
    "TlsLook",
    "Trust",
    "Use",
    "Waiting",
    "Wire",
    "Work",
]
