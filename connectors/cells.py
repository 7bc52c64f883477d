"""Tables in text, however a program saved them: the mark between their cells, and the cells of a row."""

import csv

_MARKS = ",;\t"


def mark_of(header: str) -> str:
    """What stands between the cells, as the line with their names shows it."""
    return max(_MARKS, key=header.count)


def cells(row: str, mark: str) -> list[str]:
    """The cells of one row, lines within quotation marks included; none where it cannot be read."""
    try:
        return next(csv.reader([row], delimiter=mark), [])
    except csv.Error:
        return []
