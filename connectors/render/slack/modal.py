"""A form as a modal of Slack, and what comes back from one."""

from collections.abc import Mapping
from typing import Any, Final

from connectors.render.forms import Field, Form
from connectors.render.slack import elements as slack
from connectors.render.slack.elements import Element
from connectors.render.text import one_line, printable

CARRIED: Final = 3000
"""Characters that a modal may carry along unseen."""

_TITLE = 24
_LABEL = 2000
_LONGEST = 3000  # characters that Slack lets somebody type
_ACTION = "said"


def modal(form: Form, *, carries: str = "", filled: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The view to open. `filled` replaces what stands in the fields at first; `carries` comes back with the answers.

    Raises `ValueError` where `carries` is too long: cut, it would mean something else.
    """
    if len(carries) > CARRIED:
        raise ValueError(f"a modal carries at most {CARRIED} characters, these are {len(carries)}")
    intro = [slack.rich([slack.line([slack.words(form.intro)])])] if form.intro else []
    starts = filled or {}
    view: dict[str, Any] = {
        "type": "modal",
        "callback_id": form.id,
        "title": slack.plain(slack.shortened(form.title, _TITLE)),
        "submit": slack.plain(slack.shortened(form.submit, _TITLE)),
        "close": slack.plain("Cancel"),
        "blocks": [*intro, *(_input(field, starts.get(field.name, field.start)) for field in form.fields)],
    }
    return view | ({"private_metadata": carries} if carries else {})


def filled_in(view: Mapping[str, Any]) -> dict[str, str]:
    """What was said, by the name of the field; a field left alone is not there."""
    said: dict[str, str] = {}
    for name, actions in view.get("state", {}).get("values", {}).items():
        answer = actions.get(_ACTION, {})
        chosen = answer.get("selected_option") or next(iter(answer.get("selected_options") or ()), None)
        value = chosen["value"] if chosen else answer.get("value")
        if value:
            said[name] = str(value)
    return said


def refused(form: Form, reason: str) -> dict[str, Any]:
    """What to answer where a form is refused: the reason beneath the field it begins with, else beneath the first."""
    name, colon, why = reason.partition(": ")
    known = bool(colon) and name in {field.name for field in form.fields}
    field, told = (name, why) if known else (form.fields[0].name, reason)
    return {
        "response_action": "errors",
        "errors": {field: slack.shortened(one_line(told), _LABEL) or "Not understood."},
    }


def _input(field: Field, start: str) -> Element:
    block: Element = {
        "type": "input",
        "block_id": field.name,
        "label": slack.plain(slack.shortened(field.label, _LABEL)),
        "element": _element(field, printable(start)) | {"action_id": _ACTION},
        "optional": not field.required,
    }
    return block | ({"hint": slack.plain(slack.shortened(field.hint, _LABEL))} if field.hint else {})


def _element(field: Field, start: str) -> Element:
    if field.kind == "choice":
        options = [slack.option(slack.shortened(label, slack.OPTION), value) for value, label in field.options]
        chosen = [option for option in options if option["value"] == start]
        return {"type": "static_select", "options": options} | ({"initial_option": chosen[0]} if chosen else {})
    if field.kind == "yes":
        box = slack.option(slack.shortened(field.label, slack.OPTION), "yes")
        return {"type": "checkboxes", "options": [box]} | ({"initial_options": [box]} if start == "yes" else {})
    longest = min(field.longest, _LONGEST)
    text: Element = {"type": "plain_text_input", "multiline": field.kind == "lines", "max_length": longest}
    if field.example:
        text["placeholder"] = slack.plain(slack.shortened(field.example, slack.PLACEHOLDER))
    return text | ({"initial_value": start[:longest]} if start else {})
