"""Reads bytes as the readers do, for tests."""

import io

from bot.timeline import Line
from connectors.logs import reader_of
from connectors.streams import Stream


def kind_of(data: bytes) -> str:
    return reader_of(Stream(io.BytesIO(data), "a file")).kind


def lines_of(data: bytes) -> list[Line]:
    stream = Stream(io.BytesIO(data), "a file")
    return list(reader_of(stream).lines(stream))
