"""Secrets and names out, before anything is kept, logged or shown again.

Runs on RE2 over Latin-1 bytes: a paste is hostile, this must stay linear in its length, and one
character is one byte. A secret is looked for in the text as it stands, as a chat would show it
(entities, tags and characters that nobody sees resolved), and with its escapes undone.
"""

import html
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import chain, pairwise
from typing import Any, NamedTuple

import re2

from knowledge.cleaning import Cleaned, clean

_Put = str | Callable[[Any], str]
_Rules = tuple[tuple[str, _Put], ...]

_SECRET = "[secret removed]"  # noqa: S105
_WHOLE = 64_000  # characters of a text that is always looked at whole
_NEAR = 2_000  # characters around a place in which the word that makes a secret of another stands
_LONGEST_KEY = 200_000  # characters of a key or a message that is searched for its beginning and its end
_ROUNDS = 8  # what is removed may bring to light what was no secret before; seldom more than once
_LONG_VALUE = 200  # a longer word, or more words than a sentence has, is not looked at closely: it goes
_SENTENCE = 40
_MEMORY = 8 << 20  # bytes that one rule may take for its automaton; it uses what it meets

# --- words of the rules ----------------------------------------------------------------------

_NAMES = (
    r"(?:challenge|pass[ _+-]?w(?:ord|.rt|d)|pass[ _+-]?(?:phrase|code|key)\b|kennw.{1,2}rt|mots?[ _+-]de[ _+-]passe|"
    r"secret|geheimnis|geheimer schl.ssel|phrase secr.te|token|jeton|credential|zugangsdaten|identifiants|"
    r"one[ -]time code|verification code|einmalcode|zugangscode|code d.acc.s|cl. (?:secr.te|d.acc.s|api)|"
    r"(?:api|access|account|shared|subscription|encryption|recovery|master|client|license|storage)[ _+-]?key|"
    r"(?:\b|_)(?:pwd|mdp|psk)\b|(?-i:[a-z]Pwd)\b)"
)
"""What a secret is called, also inside longer words (`scepChallenge`, `Abfragekennwort`)."""
_SHORT = r"(?:\b|_)(?:pass|pin|pat|pw|otc|t?otp)\b(?: ?code\b)?"
"""The same, but so short that only what looks like a secret behind it is one."""
_CALLED = rf"{_NAMES}\w{{0,20}}(?:[ _+-](?:value|wert|valeur|string|phrase|code|text|key)\b)?"
_ASIDE = r"(?:\s?[(\[][^()\[\]\n\x00]+[)\]])?"
"""A name with what may follow it: `challengePassword`, `token value`, ` (good for an hour)`."""
_OF = (
    r"(?:\s(?:(?:i|we) )?(?:used|sent|given|typed|issued|entered|received|copied|now|new|old|again|verwendet|eingegeben|"
    r"dazu|daf.r|neu|alt|jetzt|utilis.|saisi|actuel|incorrecte?)"
    r"|\s(?:for|of|from|f.rs?|von|vom|der|des|zur|zum|pour|de|du|d.\w+)(?:\s[^\s:=\x00]*[^\s:=.!?,;\x00]){1,6}?)?"
)
"""Whose it is, or what was done with it: `for the iPad`, `of the pool`, `I used`."""

_TAG = (
    r"</?(?:b|i|u|p|dd|dt|em|li|td|th|tr|br|pre|key|div|code|span|font|data|name|label|value|string|strong)\b[^<>\n]*>"
)
_INNER = r"[\"'\\]*(?:value|wert|valeur|text|string|data|plaintext)[\"'\\]*[ \t]*[:=]"
_SIGN = (
    rf"[\s\"'`*_.)\]\\]*(?:[:=|]+>?|[-=]>|{_TAG}(?:<input[^<>\n]*value=)?|[\"'\\][ \t,;]*{_INNER})"
    rf"(?:[\s*_`|(\[]|{_TAG})*(?:\{{?\s*{_INNER}[\s(\[]*)?"
)
"""What stands between a name and its value: `: `, `" = "`, ` | `, `:** `, `</td><td>`, `":{"value":`."""
_IS = (
    r"[\s+]+(?:is|are|was|were|has|ist|war|wurde|lautet|lautete|hei(?:\xdf|ss)t|est|.tait|equals|set to|reset to|changed to|gesetzt auf)"
    rf"(?:\s(?:now|been|set|reset|changed|currently|jetzt|nun|aktuell|to|auf)){{0,3}}[\s+:=*_`]+(?:{_TAG}\s*)*"
)
"""The same in a sentence."""

_GROUPS = (
    r"[0-9A-F]{2}(?:[\s-][0-9A-F]{2}){5,}\b|[0-9A-F]{4}(?:[\s-]{1,2}[0-9A-F]{4})+\b|"
    r"[0-9A-F]{8}(?:[\s-]{1,2}[0-9A-F]{8})+\b"
)
_AFTER = r"[^\s\"',;:<>{}()&\[\]\\\x00]+"
_VALUE = rf"({_GROUPS}|\\*\"+[^\"\n\x00]+(?:\"{_AFTER})*|\\*'+[^'\n\x00]+(?:'{_AFTER})*|[^\s\"'\x00][^\s\x00]*)"
"""A value with all of its pieces: in groups, in quotation marks with blanks in it, or up to the next blank."""
_WORD = r"([^\s\x00]{4,})"
_ELEMENT = r"([^<\s\x00][^<\n\x00]*)"

_DASHED = r"[A-Z0-9][\w +]{1,60}?"
_BEGIN = rf"(?:-*(?:--|-- )BEGIN[ +]{_DASHED}\s?-{{2,}}|\bBEGIN\s(?:\w+\s){{0,3}}PRIVATE\sKEY\b[^\w\n]*)"
_END = rf"-*(?:--|-- )END[ +]{_DASHED}\s?-{{2,}}"
_BREAK = r"(?:[\s>|\"'`]|\\[nr])"
_LINE = r"(?:[A-Z0-9+/=]+[ \t\r]*$|[A-Z0-9+/=_-]{8,})"
_ENCODED = r"(?:[A-Za-z0-9+/=_*-]|%[0-9A-Fa-f]{2}|<wbr ?/?>|\.\.\.)"
_CHANGING = rf"[A-Za-z0-9+/%]*(?-i:[a-z][A-Z]|[A-Z]{{2}}[a-z]|[0-9][a-z]|[+/%=]){_ENCODED}*"
_WRAPPED = rf"(?:\s+(?:[A-Za-z0-9+/]{{20,}}|{_CHANGING}))*"
"""The rest of a message that a chat or a mail has cut into lines."""
_BASE64 = r"[A-Za-z0-9+/]{20,}"

_FLAG = r"pass|passin|passout|password|passwd|passphrase|pwd|secret|token|challenge|-key|storepass|keypass"
_PROGRAM = r"certutil|certreq|sscep|openssl|psexec\w*|curl|keytool|mysql"
_SCHEME = r"Basic|Bearer|Negotiate|NTLM|Digest|Kerberos|Token|SharedAccessSignature|ApiKey"
_HOST = r"[A-Za-z0-9\xc0-\xff-]{1,63}(?:\.[A-Za-z0-9\xc0-\xff-]{1,63})+"

_KEPT = (
    r"\b(?:NT AUTHORITY|NT SERVICE|APPPOOL|BUILTIN|HKLM|HKCU|HKEY_[A-Z_]+)\\\S*"  # the system's own names
    r"|[\w.$:-]*\\[\w.$-]+\\[\w.$\\-]*|\\\\[\w.$-]+\\[\w.$\\-]*|\b[A-Z]:\\[\w.$-]*"  # paths
    r"|\b(?:certsrv|inetpub|system32|windows|bin|logs?|temp|certificates|mscep|software|files|intune|ca|policy|exit|chain|localmachine|currentuser)\\[\w.$-]*"
    r"|\b[\w-]+\\[\w-]+\.(?:dll|exe|log|svclog|ps1|msi|config|cer|crt|crl|inf|txt|aspx|evtx|etl)\b"
    r"|\b[\w-]+\\(?:[nrt]\b|(?-i:[nrt][A-Z0-9<]\S*))"  # escapes of a text that was pasted as code
)
"""What has a backslash in it and is no account."""

# --- what is spared --------------------------------------------------------------------------

_ORDINARY = frozenset(
    # English
    "a about accepted access after again all already also always an and any are as at auth authentication bad be because "
    "been before being blocked but by can cannot cert certificate check client complex complexity contains correct could default "
    "denied detected did different different do does done down empty enabled error errors even event every expired expires "
    "fail failed failing fails failure false fine for compliant found from fully gone good had has have if ignored in incorrect info "
    "information input invalid is it its just lengthy locked long longer may mismatch missing more must my n/a ndes never new no "
    "none not nothing now null of off ok okay old on once one only onto or other our out over page pending permanent processing policy prompt "
    "provider random reason refused rejected request required reset response result reused right same scep sent server set "
    "shared short should shown single so some somehow static status still stored strong than that the their then there they "
    "this to token too true type under unknown unset until up us usage used user valid validation value verified via wait warning was "
    "weak were what yesterday today recently when where which while will with within without working wrong yes yet you your "
    # German
    "ab abgelaufen aber abgelehnt aktuell alle alt als am an anders auch auf aus bei beim bereits bis da dann das dass dem "
    "den der des deshalb die dies diese dieses doch durch ein eine einen einer einmal entweder er erforderlich es etwas "
    "falsch fehler fehlerhaft fehlgeschlagen fehlt gar ganz gestern heute gesperrt gespeichert gleich gut hat ich ihr im immer in inkorrekt "
    "ist ja jetzt kann kein keine korrekt kurz lang leer man mehr mein mit muss nach nein neu nicht nichts noch nur ob oder "
    "ohne prima richtig schon schwach sehr sein seit sich sie sind so stark um unbekannt und ung\xfcltig unser unterschiedlich "
    "unver\xe4ndert vom von vor war was weg wegen weil wenn wieder wird wohl wurde zu zum zur zwar "
    # French
    "absent alors au aucun aussi avec bon bonne car ce ces cette dans de depuis des du elle en encore erron\xe9 est et expir\xe9 "
    "expir\xe9e faux hier il inconnu incorrecte invalide je la le les leur mais mauvais ne ni non notre nul oui ou par pas plus pour "
    "que qui refus\xe9 refus\xe9e requis sa sans ses si son sont sur toujours trop un une valable valide vide vrai "
    # schemes of HTTP, and what programs print for nothing
    "anonymous basic bearer digest kerberos negotiate ntlm realm redacted removed hidden masked undefined nil unable "
    "description header headers name field length max column".split()
)
"""Words that stand behind "the password is" or "challenge:" and are no secret."""
_ENDING = re.compile(
    r"[a-z]+(?:ed|ing|ly|able|ible|less)|(?:ge|ver|ab|un|be|zur.ck|ein|aus)[a-z\xe4\xf6\xfc\xdf]+(?:t|lt|en)|[a-z]+(?:lich|bar|ig)"
)
"""What ordinary words end with that tell how a password fares: accepted, missing, gesperrt, abgelaufen."""
_NUMBER = re.compile(
    r"0x[0-9a-f]{1,8}|-\d{9,10}|8(?:007|009|00[a-f]|018|024|027)[0-9a-f]{4}|214[5-9]\d{6}|12[01]\d\d|[2-5]\d\d(?:\.\d{1,5})*|\d{1,2}%?|100%"
    r"|\d+(?:[.,]\d+)+(?::\d+)?|(?:dword|hex):[0-9a-f,]+|\d{4}-\d\d-\d\d.*|\d\d?[./-]\d\d?[./-]\d{4}.*|\d\d:\d\d.*"
)
"""Codes, statuses, counts, versions, addresses and dates."""
_KNOWN = re.compile(
    r"w3svc\d+|(?:sha|aes|rsa|tls|pkcs|rfc|kb|event|iis|windows|server|ios|http|x)[-_ /#v]?[\d.]+\w?"
    r"|[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}(?::\d+)?|[\d.]+ ?(?:ms|s|sec|min|h|kb|mb|bytes?|bits?|x|st|nd|rd|th)|certificate.*|.*\.(?:exe|dll|log)\b.*"
)
"""What has letters and digits and is no secret beside a name: products, hosts, files, amounts."""
_NUMBERED = re.compile(
    r"[a-z_.-]+\d+|[a-z]{2,4}-?\d+\w*(?:-\d+)?|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|.*[/\\].*"
)
"""What has a number of its own: hosts, devices, accounts; paths."""
_PLACEHOLDER = re.compile(
    r"[<{(\[%$]+[a-z_ :.-]*(?:pass|pw|secret|challenge|token|key|value|your|env|kennw|none|null|removed|redacted|hidden)[a-z_ :.-]*[>})\]%]*"
    rf"|[^a-z0-9\x7f-\xff]*|x+|{_TAG}"
)
"""What stands where a secret would be."""
_ABOUT = re.compile(rb"(?:max|min|length|validity|policy|count|type|state|status|age|expir\w*)\W*$")
"""Names of settings around a secret, not of a secret."""
_ASSEMBLY = re.compile(rb"publickeytoken\W*$")
"""What is called a token in the name of a .NET assembly."""
_EDGES = " \t\r\n.,;:!?()[]{}<>|*`\"'\\"
_NO_WORD = re.compile(rb"[0-9+]")
_PORT = re.compile(rb"\d{1,5}(?:[/?#]|$)")


def _text(found: Any) -> str:
    """What a rule would remove, as text."""
    return str(found[1].decode("latin-1"))


def _is_ordinary(word: str) -> bool:
    whole, word = word.lower().strip("\"'.,;"), word.strip(_EDGES).lower()
    return word in _ORDINARY or bool(_PLACEHOLDER.fullmatch(whole) or _NUMBER.fullmatch(word))


def _is_odd(word: str) -> bool:
    """Whether a word looks made up: letters with digits or signs in it, or a number that is no code."""
    if len(word) > _LONG_VALUE:
        return True
    word = word.strip(_EDGES).lower()
    if len(word) < 4 or _NUMBER.fullmatch(word) or _KNOWN.fullmatch(word) or _PLACEHOLDER.fullmatch(word):
        return False
    if re.match(r"[a-z]:\\|/|\\\\|\w+://|hk[a-z_]+\\|-", word):
        return False
    if re.fullmatch(r"\d{5,}(?:-\d{5,})+", word):
        return True
    digits, letters = re.search(r"\d", word), re.search(r"[a-z\xc0-\xff]", word)
    if word.isdigit() or len(word) < 6:
        return len(word) >= 6
    return bool(letters and (digits or re.search(r"[\w.-][!$#@%^&*~?+=][\w.-]", word)))


def _is_about(found: Any) -> bool:
    name = found.string[max(0, found.start() - 20) : found.start(1)].lower()
    return bool(_ASSEMBLY.search(name) or (_ABOUT.search(name) and not _is_odd(_text(found))))


def _is_plain(words: Sequence[str]) -> bool:
    """Whether words are a sentence and no secret: most are ordinary, and none looks made up."""
    words = [word for word in words if word.strip(_EDGES)]
    return len(words) < _SENTENCE and 2 * sum(map(_is_ordinary, words)) >= len(words) and not any(map(_is_odd, words))


def _value(found: Any) -> str:
    """The value behind a name goes, unless it is an ordinary word, a code or a placeholder."""
    return "" if _is_about(found) or _is_plain(_text(found).split()) else _SECRET


def _told(found: Any) -> str:
    """The same behind "is", where a word may also tell how the secret fares."""
    word = _text(found).strip(_EDGES).lower()
    return "" if len(word) < _LONG_VALUE and _ENDING.fullmatch(word) else _value(found)


def _odd(found: Any) -> str:
    """A word beside a name goes only where it looks made up."""
    return _SECRET if _is_odd(_text(found)) and not _is_about(found) else ""


def _far(found: Any) -> str:
    """The same some words away, where hosts, devices and accounts with a number stand as well."""
    word = _text(found).strip(_EDGES)
    return "" if len(word) < _LONG_VALUE and _NUMBERED.fullmatch(word.lower()) else _odd(found)


def _digits(found: Any) -> str:
    """The same, where digits alone are enough."""
    word = _text(found).strip(_EDGES)
    return _SECRET if _is_odd(word) or (word.isdigit() and 4 <= len(word) <= 12) else ""


def _argument(found: Any) -> str:
    """An argument of a command goes, unless it is the next option, a variable or a path."""
    word = _text(found).strip("\"'")
    return "" if re.match(r"-{1,2}[A-Za-z]|[/|&<>;%$]|\d{1,5}(?:$|:)", word) or _is_plain(word.split()) else _SECRET


def _strong(found: Any) -> str:
    """A word of capitals, small letters, digits and signs is a password wherever it stands."""
    word = _text(found).strip(" .,;:()[]{}<>|*`_~\"'\\")
    if len(word) < 8 or re.search(r"[/\\=\]]|\+0x|^\w+@[0-9a-f]{5,8}(?:\W|$)|^\$[A-Za-z_][\w:.]*$", word):
        return ""
    return _SECRET if _is_mixed(word) and re.search(r"[!$#*~^@\xa7]", word) else ""


def _blob(found: Any) -> str:
    """Base64: one very long word, long ones in a row, or one whose letters and digits change like nothing written."""
    if not _NO_WORD.search(found[1]):
        return ""
    words = [word for word in re.split(r"(?:\s|\\[nr]|>)+", _text(found)) if len(word) >= 20]
    row = len(words) > 1 and _is_mixed("".join(words)) and not re.search(r"[-_]", "".join(words))
    long = re.search(r"[A-Za-z0-9+/]{60}", _text(found))
    pieces = [piece for word in words for piece in re.split(r"[-_/]", word) if len(piece) >= 12]
    return "[base64 removed]" if long or row or any(map(_is_random, pieces)) else ""


def _is_mixed(word: str) -> bool:
    return all(re.search(kind, word) for kind in (r"[a-z]", r"[A-Z]", r"\d"))


def _is_random(word: str) -> bool:
    word = re.sub(r"\+0x[0-9a-f]+$", "", word)  # a place in a program
    kinds = "".join("a" if c.islower() else "A" if c.isupper() else "0" for c in word if c.isalnum())
    changes = sum(one != other for one, other in pairwise(kinds))
    return min(kinds.count(kind) for kind in "aA0") >= 2 and changes > 0.35 * len(kinds)


def _hex(found: Any) -> str:
    """Letters and digits mixed: a challenge of NDES; the key in the name of a .NET assembly is none."""
    word = _text(found)
    return _SECRET if re.search(r"[A-Fa-f]", word) and re.search(r"\d", word) else ""


def _login(found: Any) -> str:
    """The name and password of a URL go; a port is neither."""
    return "" if len(found[1]) < _LONG_VALUE and _PORT.match(found[1].partition(b":")[2]) else _SECRET


def _person(found: Any) -> str:
    """The name of an authority is nobody's."""
    return "" if re.search(r"(?:CA|\b(?:RA|Root|NDES|MSCEP|PKI))\b", _text(found)) else "[name removed]"


# --- the rules -------------------------------------------------------------------------------

_KEYS: _Rules = (
    (rf"(?i){_BEGIN}(?:[^-]|-{{1,3}}[^-])*?{_END}", "[PEM removed]"),  # whole
    (  # cut off
        rf"(?im){_BEGIN}{_BREAK}*(?:[\w-]{{3,20}}: [^\n\x00]*\s+)*[A-Z0-9+/=_%-]*"
        rf"(?:{_BREAK}+[A-Z0-9+/=]{{20,}}|(?:\r?\n|\\n)[ \t>|]*{_LINE})*",
        "[PEM removed]",
    ),
    (
        rf"(?im)(?:^[ \t>|]*[A-Z0-9+/=]+[ \t\r]*\n)*(?:[A-Z0-9+/=]+{_BREAK}*)?{_BREAK}*{_END}",
        "[PEM removed]",
    ),  # its end
)
_MESSAGES: _Rules = (
    (
        rf"(?i)message[\"']?\s?(?:=|%(?:25)?3D|:)\s?[\"']?((?:(?-i:MI[A-Z]){_ENCODED}*|{_ENCODED}{{24,}}){_WRAPPED})",
        "[SCEP message removed]",
    ),
    (rf"\b(?:MII|MIAGC){_ENCODED}{{4,}}{_WRAPPED}", "[base64 removed]"),
)
_NAMED: _Rules = (
    (rf"(?i){_CALLED}{_ASIDE}{_OF}{_SIGN}{_VALUE}", _value),
    (rf"(?i){_CALLED}{_ASIDE}{_OF}{_SIGN}\\*[\"']+([^\s\"'\x00]+)", _value),
    (rf"(?i){_CALLED}{_ASIDE}{_OF}{_IS}{_VALUE}", _told),
    (rf"(?i){_CALLED}(?:[\s\"'`*_+()\[\],;:=|?-]|\.\.+)+(?:\d )?{_WORD}", _odd),
    (rf"(?i){_CALLED}\s+([\"'][^\"'\n\x00]{{3,80}}[\"'])", _value),
    (rf"(?i){_CALLED}(?:\s[^\s\x00]*[^\s.!?,;\x00]){{0,3}}?[\s:=\"'`(]+([^\s\"<>\x00]*\d[^\s\"<>\x00]*)", _far),
    (rf"(?i){_CALLED}(?:\s[^\s\x00]+){{0,2}}?\s(?:from|to|auf|von|zu|en)[\s:\"'`]+{_WORD}", _odd),
    (rf"(?i)\b(?:set|reset|change|changed|setting)\s(?:[^\s\x00]+\s){{0,3}}?[\w-]*{_CALLED}\s+to\s+{_VALUE}", _told),
    (
        rf"(?i)(?:^|[\s\"'`(]){_WORD}[\"'`*]*\s+(?:is|was|ist|war|est|as|als|for|comme)(?:\s[^\s\x00]+){{0,3}}?(?:\s[\w-]*{_NAMES}|\spw\b)",
        _far,
    ),
    (rf"(?i)<[\w:.-]*{_NAMES}\w*(?:\s[^<>]*)?>\s*(?:<!\[CDATA\[)?{_ELEMENT}", _value),
    (rf"(?i)=[\"']?[\w.-]*{_NAMES}\w*[\"'][^<>]*>\s*(?:{_TAG}\s*|<!\[CDATA\[)*{_ELEMENT}", _value),
    (rf"(?i)<(?:pw|pin|otp|pass)>\s*{_ELEMENT}", _value),
    (rf"(?i)(?:\b|_)\w{{0,12}}pw\b{_OF}(?:{_SIGN}|{_IS}){_VALUE}", _value),
    (rf"(?i)(?:\b|_)(?:pass|pin|otp)[\"']?\s?(?:=\s?|:\s?[\"']){_VALUE}", _value),
    (rf"(?i){_SHORT}{_ASIDE}(?:{_SIGN}|{_IS}|[\s\"'`*_(,;-]{{1,4}}){_VALUE}", _digits),
    (r"(?im)^\s*(?:enable |username \S+ )?(?:password|secret)(?: \d)? ([^\s\x00]+)[ \t\r]*$", _value),  # of a router
    (rf"(?i)\b(?:account|konto|compte|user|benutzer|utilisateur)[\s\"'(:=]{{1,3}}{_WORD}", _odd),
    (
        rf"(?i)\b(?:credentials?|zugangsdaten|identifiants|log[io]n|account|user)\b[\s:=]+[^\s:/\x00]+\s?[/:]\s?{_WORD}",
        _odd,
    ),
)
_ARGUMENTS: _Rules = (
    (rf"(?i)(?:^|[\s\"'(`])(?:--?|/)[\w-]*(?:{_FLAG})[ \t:=]+(?:pass:)?{_VALUE}", _argument),
    (rf"(?i)(?:^|\s)[-/](?:pw?|rp|pd)[ \t:=]+{_WORD}", _odd),
    (rf"(?i)\b(?:{_PROGRAM})\b[^\n\x00]{{0,200}}?\s[-/]p[ \t:=]+{_VALUE}", _argument),
    (rf"(?i)\s(?:-u|--user|--proxy-user)[ =]+[\"']?[^\s:\"'\x00]+:{_VALUE}", _argument),
    (rf"(?i)\bnet(?: use|1 use|\.exe use)\b[^\n\x00]{{0,200}}?/u(?:ser)?:[^\s\x00]+\s+{_VALUE}", _argument),
    (rf"(?i)\bnet(?: use|1 use|\.exe use)\s+[^\s\x00]+(?:\s+\\\\[^\s\x00]+)?\s+{_VALUE}\s+/u", _argument),
    (rf"(?i)\bnet(?: user|1 user|\.exe user)\s+[^\s\x00]+\s+{_VALUE}", _argument),
    (rf"(?i)ConvertTo-SecureString\s+(?:-\w+\s+)*{_VALUE}", _argument),
    (r"(?i)([\"'][^\"'\n\x00]+[\"'])\s*\|\s*ConvertTo-SecureString", _SECRET),
    (r"(?i)(?:NetworkCredential|PSCredential)\s*\(([^)\n\x00]+)", _SECRET),
)
_HEADERS: _Rules = (
    (rf"(?i)authori[sz]ation[\"'\\]*\s*[:=]\s*[\"'\\]*(?:(?:{_SCHEME})\s+)?{_VALUE}", _value),
    (
        r"(?i)\b(?:Basic|Bearer|Negotiate|NTLM)[\s:]+([A-Z0-9._~+/=-]*[0-9][A-Z0-9._~+/=-]{7,}|[A-Z0-9._~+/=-]{20,})",
        _value,
    ),
    (r"(?i)bearer: ?([^\s\x00]{6,})", _odd),
    (
        r"(?i)cookie2?[\"'\\]*\s*[:=]\s*[\"'\\]*([^\s=;\"\x00]+=[^\s;\"\x00]+(?:;\s*[^\s=;\"\x00]+(?:=[^\s;\"\x00]*)?)*)",
        _SECRET,
    ),
    (r"(?i)\b(?:sig|signature|code|assertion|state|ticket|\w*session\w*|sid|key)=([A-Z0-9._~+/%=*-]{16,})", _odd),
    (r"\b(?:(?:xox[abposr]-|xapp-|eyJ)[A-Za-z0-9._-]{10,}|AKIA[A-Z0-9]{16}\b)", "[token removed]"),
    (r"\b(?:gh[opsur]_|github_pat_|glpat-|sk-|AIza)[A-Za-z0-9_-]{16,}", "[token removed]"),
    (r"\b[A-Za-z0-9_.~-]{3}\dQ~[A-Za-z0-9_.~-]{31,}", "[token removed]"),  # a client secret of Entra ID
    (r"://([^\s:/@?#\x00]*:[^\s\x00]+|[^\s/?#@\x00]+)@", _login),
    (r"[\w.-]:([^\s@:/\x00]{4,})@\w", _odd),
)
_BARE: _Rules = (
    (r"\b(?:[0-9A-Fa-f]{40,}|(?:[0-9A-Fa-f]{2}[ :]){19,}[0-9A-Fa-f]{2})\b", "[hex removed]"),
    (r"(?i)(?:publickeytoken\s?=\s?\w+|\b([0-9A-F]{16}|[0-9A-F]{32})\b)", _hex),
    (
        rf"(?m)(\b[A-Za-z0-9_-]*{_BASE64}[A-Za-z0-9+/_-]*={{0,2}}(?:(?:[\s>]|\\[nr])+{_BASE64}={{0,2}})*"
        r"(?:[ \t\r]*\n(?:[>|] ?)?[A-Za-z0-9+/]+={0,2}[ \t\r]*$)?)",
        _blob,
    ),
    (r"([^\s\x00\"'<>()]{0,64}[!$#*~^@\xa7][^\s\x00\"'<>()]{0,64})", _strong),
)
_PERSONAL: _Rules = (
    (rf"[A-Za-z0-9\xc0-\xff._%+-]+@{_HOST}", "[address removed]"),
    (rf"[A-Za-z0-9\xc0-\xff_-]+\.[A-Za-z0-9\xc0-\xff._-]+(?: @|\s?[(\[]at[)\]]) ?{_HOST}", "[address removed]"),
    (r"\bS-1-\d{1,3}(?:-\d{1,12}){3,}", "[SID removed]"),
    (rf"(?i)(?:{_KEPT})|(\b[A-Z][A-Z0-9-]{{1,14}}\\{{1,2}}[A-Z][A-Z0-9._-]{{1,40}}\$?)", "[account removed]"),
    (r"(?i)\bCN=([A-Za-z\xc0-\xff]+(?:[ .][A-Za-z\xc0-\xff]+)+)", _person),
)
_RULES: _Rules = (*_KEYS, *_MESSAGES, *_NAMED, *_ARGUMENTS, *_HEADERS, *_BARE, *_PERSONAL)
"""(what to look for, what to put there). Only the group goes where a rule has one; "" puts nothing: no secret."""


@cache
def _rules() -> tuple[Any, tuple[tuple[Any, int, _Put], ...]]:
    """The filter that names the rules which may find something in a text, and the rules."""
    options = re2.Options()
    options.log_errors = False
    options.encoding = re2.Options.Encoding.LATIN1
    options.max_mem = _MEMORY
    likely = re2.Filter()
    for pattern, _ in _RULES:
        likely.Add(pattern.encode("latin-1"), options)
    likely.Compile()
    return likely, tuple(
        (likely.re(number), min(1, likely.re(number).groups), put) for number, (_, put) in enumerate(_RULES)
    )


# --- a text as it is looked at ---------------------------------------------------------------

_NOTE = re.compile(rb"\[(?:(?:secret|PEM|SCEP message|base64|token|hex|address|SID|account|name|text) )?removed\]")
_UNSEEN = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f"
_FOREIGN = re.compile(f"[{_UNSEEN}\u0100-\U0010ffff]")
_ESCAPE = re.compile(
    rf"[%\\&{_UNSEEN}\u0100-\U0010ffff](?:(?<=%)(?:25){{0,3}}(?P<percent>[2-7][0-9A-Fa-f])|(?<=\\)(?:u00|x)(?P<code>[2-7][0-9A-Fa-f])"
    rf"|(?<=&)(?P<entity>[A-Za-z]{{2,12}};)|(?<=\x1b)\[[0-9;]{{0,20}}[A-Za-z]|(?<=[{_UNSEEN}])|(?<=(?P<other>[\u0100-\U0010ffff])))"
)
"""Percent signs, escapes of JSON, entities, colours of a terminal, characters that are not seen, letters of other shapes."""
_HIDDEN = re2.compile(rb"(?i)%[2-7][0-9A-F]|\\u00|\\x|&[A-Z]{2,12};")
"""What there is to undo in the bytes of a text, beside characters that are no bytes."""
_GAP = re.compile(r"[ .-](?<=\b[A-Za-z][ .-])(?=[A-Za-z]\b)")
_SPACED = re2.compile(rb"(?i)(?:\b[A-Z][ .-]){3}[A-Z]\b")
"""Letters written a p a r t."""

_ALIKE = str.maketrans("аеорсухіјѕԁАВЕКМНОРСТХІ", "aeopcyxijsdABEKMHOPCTXI")
"""Cyrillic letters that look like Latin ones."""

_Place = Callable[[int, int], tuple[int, int]]
Span = tuple[int, int]
"""Where something stands in a text: first character, and the one behind the last."""


class _Found(NamedTuple):
    start: int
    end: int
    note: str


def _views(text: str) -> Iterator[tuple[bytes, _Place]]:
    """The text as it stands, and as a chat shows it with its escapes undone; and the way back from each."""
    raw = _masked(text)
    yield raw, lambda start, end: (start, end)
    escapes = [_ESCAPE] if _HIDDEN.search(raw) or _FOREIGN.search(text) else []
    for pattern in [*escapes, _GAP] if _SPACED.search(raw) else escapes:
        plain = _without_escapes(text, pattern)
        shown = clean(plain.text)
        yield _masked(shown.text), _way_back(plain, shown)
    if not escapes and (shown := clean(text)).text != text:
        yield _masked(shown.text), shown.original


def _way_back(plain: Cleaned, shown: Cleaned) -> _Place:
    return lambda start, end: plain.original(*shown.original(start, end))


def _masked(text: str) -> bytes:
    """One byte a character; what was removed before is nothing to a rule."""
    data = text if text.isascii() and text.isprintable() else _FOREIGN.sub(lambda found: _near(found[0]), text)
    masked = data.encode("latin-1")
    return _NOTE.sub(lambda found: b"\0" * len(found[0]), masked) if b"removed]" in masked else masked


@lru_cache(4096)
def _near(character: str) -> str:
    """The nearest Latin-1 character: a letter for a letter."""
    if character < "\xa0":
        return "\x7f"
    if len(plain := _plain(character)) == 1 and plain < "\u0100":
        return plain
    return "\xff" if character.isalpha() else " " if character.isspace() else "?"


def _without_escapes(text: str, pattern: re.Pattern[str]) -> Cleaned:
    parts: list[str] = []
    starts: list[int] = []
    origins: list[Span] = []
    verbatim: list[bool] = []
    length = at = 0
    for found in chain(pattern.finditer(text), (None,)):
        first, end = found.span() if found else (len(text), len(text))
        for piece, place, same in ((text[at:first], (at, first), True), (_meant(found), (first, end), False)):
            if piece:
                parts.append(piece)
                starts.append(length)
                origins.append(place)
                verbatim.append(same)
                length += len(piece)
        at = end
    if not starts:
        return Cleaned("", [0], [(0, len(text))], [False])
    return Cleaned("".join(parts), starts, origins, verbatim)


def _meant(found: re.Match[str] | None) -> str:
    """What an escape stands for; nothing for what nobody sees."""
    if found is None or found.re is _GAP:
        return ""
    if code := found["percent"] or found["code"]:
        return "+" if code == "20" else chr(int(code, 16))  # a blank would cut a value in two
    if found["entity"]:
        return html.unescape("&" + found["entity"])
    return _plain(found["other"]) if found["other"] else ""


@lru_cache(4096)
def _plain(character: str) -> str:
    """The Latin-1 letter that a character is or looks like, nothing for what is not seen, else itself."""
    if unicodedata.category(character) in ("Cf", "Mn", "Me", "Cn", "Co"):
        return ""
    plain = unicodedata.normalize("NFKC", character).translate(_ALIKE)
    return plain if len(plain) == 1 and plain < "\u0100" else character


# --- what goes -------------------------------------------------------------------------------


def redact(text: str) -> str:
    """The text without secrets (challenges, keys, messages, tokens) and personal names."""
    text = text.encode("utf-8", "replace").decode("utf-8")  # half characters cannot be kept anywhere
    for _ in range(_ROUNDS):
        found = _found(text)
        if not found:
            return text
        text = _without(text, found)
    return "[text removed]"


def _without(text: str, found: Iterable[_Found]) -> str:
    parts: list[str] = []
    at = 0
    for start, end, note in found:
        parts += [text[at:start], note]
        at = end
    return "".join(parts) + text[at:]


def is_clean(text: str) -> bool:
    """Whether nothing in the text would be removed or replaced."""
    return not _found(text) and text == text.encode("utf-8", "replace").decode("utf-8")


def secrets(text: str) -> list[Span]:
    """Where in the text (start, end) something must go, in order; none overlap."""
    return [(start, end) for start, end, _ in _found(text)]


def secrets_near(text: str, places: Iterable[Span]) -> list[Span]:
    """The same, but in a long text only around some places: time is bounded by their number."""
    if len(text) <= _WHOLE:
        return secrets(text)
    return [
        (base + start, base + end) for base, last in _windows(text, places) for start, end in secrets(text[base:last])
    ]


def _windows(text: str, places: Iterable[Span]) -> list[Span]:
    """What is looked at around some places; a key, a message and a long word are in it whole."""
    kept: list[Span] = []
    for start, end in sorted(places):
        first, last = _beginning(text, max(0, start - _NEAR)), _ending(text, min(len(text), end + _NEAR))
        if kept and first <= kept[-1][1]:
            kept[-1] = kept[-1][0], max(last, kept[-1][1])
        else:
            kept.append((first, last))
    return kept


def _beginning(text: str, at: int) -> int:
    """A place before `at` where no secret is open, as far as can be seen."""
    low = max(0, at - _LONGEST_KEY)
    begin = _last_of(text, ("BEGIN ", "begin "), low, at)
    if begin > _last_of(text, ("END ", "end "), low, at):
        at = max(low, begin - 10)
    return max(low, _last_of(text, (" ", "\n"), low, at))


def _ending(text: str, at: int) -> int:
    """A place behind `at` where no secret is open."""
    high = min(len(text), at + _LONGEST_KEY)
    begin = _last_of(text, ("BEGIN ", "begin "), at - 2 * _NEAR, at)
    if begin > _last_of(text, ("END ", "end "), at - 2 * _NEAR, at):
        ends = [found + 100 for word in ("END ", "end ") if (found := text.find(word, at, high)) >= 0]
        at = min(high, *ends) if ends else at
    blanks = [found for blank in (" ", "\n") if (found := text.find(blank, at, high)) >= 0]
    return min(blanks, default=high)


def _last_of(text: str, words: Iterable[str], start: int, end: int) -> int:
    return max(text.rfind(word, max(0, start), end) for word in words)


def _found(text: str) -> list[_Found]:
    """What goes, by its place in the text, in order; what overlaps is one."""
    found: list[_Found] = []
    for data, place in _views(text):
        found += (_Found(*place(start, end), note) for start, end, note in _hits(data))
    kept: list[_Found] = []
    for one in sorted(found, key=lambda one: (one.start, -one.end)):
        if kept and one.start < kept[-1].end:
            kept[-1] = kept[-1]._replace(end=max(one.end, kept[-1].end))
        else:
            kept.append(one)
    return kept


def _hits(data: bytes) -> Iterator[_Found]:
    likely, rules = _rules()
    for number in likely.Match(data, True) or ():
        pattern, group, put = rules[number]
        at = 0
        while found := pattern.search(data, at):
            start, end = found.span(group)
            note = put if isinstance(put, str) else put(found) if start >= 0 else ""
            if note and start >= 0:
                yield _trimmed(data, start, end, note)
            # What was spared may hold a name behind the first one; what is one word with its name does not.
            at = found.end() if note or start <= found.start() else found.start() + 1


def _trimmed(data: bytes, start: int, end: int, note: str) -> _Found:
    """Without the quotation marks around it."""
    edges = b"\"'`\\"
    while end - start > 1 and data[start] in edges:
        start += 1
    while end - start > 1 and data[end - 1] in edges:
        end -= 1
    return _Found(start, end, note)
