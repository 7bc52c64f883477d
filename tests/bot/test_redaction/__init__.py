"""Secrets and names go, what a diagnosis needs stays: kinds, wordings, whole pastes, and any text at all."""

from tests.bot.test_redaction.wordings import WORDINGS, telling

__all__ = ["WORDINGS", "telling"]
