"""All rules, by family: one file each.

| what it is told by | file |
|---|---|
| BEGIN and END, `message=` | `encoded.py` |
| a name before or behind it: "the password is" | `named.py` |
| an option or a command before it | `commands.py` |
| a header, a parameter or an address around it | `http.py` |
| its own looks | `bare.py` |
| it is somebody's name | `people.py` |

A new rule is one line in its family with the reason, and a wording in the tests that needs it.
"""

from bot.redaction.rules import bare, commands, encoded, http, named, people

RULES = (*encoded.RULES, *named.RULES, *commands.RULES, *http.RULES, *bare.RULES, *people.RULES)
