"""Slack: Socket Mode and HTTP mode, messages, commands, shortcuts, forms, the home page and a workflow step."""

from connectors.chat.slack.events import EVENTS
from connectors.chat.slack.interactions import COMMANDS, GLOBAL_SHORTCUT, MESSAGE_SHORTCUT
from connectors.chat.slack.pages import pages
from connectors.chat.slack.steps import CALLBACK
from connectors.chat.slack.surface import Slack

__all__ = ["CALLBACK", "COMMANDS", "EVENTS", "GLOBAL_SHORTCUT", "MESSAGE_SHORTCUT", "Slack", "pages"]
