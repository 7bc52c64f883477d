"""An answer, a form and a home page in Slack's language, Block Kit: pure, so that any surface may show the payload."""

from connectors.render.slack.blocks import ACTION
from connectors.render.slack.fallback import POSTING, UPDATING
from connectors.render.slack.home import SERVERS, Asked, Standing, home, worst_first
from connectors.render.slack.message import SlackMessage, render
from connectors.render.slack.modal import filled_in, modal, refused
from connectors.render.slack.unfurl import unfurl

__all__ = [
    "ACTION",
    "POSTING",
    "SERVERS",
    "UPDATING",
    "Asked",
    "SlackMessage",
    "Standing",
    "filled_in",
    "home",
    "modal",
    "refused",
    "render",
    "unfurl",
    "worst_first",
]
