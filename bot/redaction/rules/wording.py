"""How people write down a secret: the pieces of patterns that several rules are made of."""

from bot.redaction.words import TAG

NAMES = (
    r"(?:challenge|pass[\s_+-]{0,2}(?:w(?:.rd|.rt|d)|ord|(?:phrase|code|key)\b)|\$\$w.rd|kenn[\s-]{0,2}w.{1,2}rt|mots?[ _+-]de[ _+-]passe|"
    r"contrase(?:.|ny)a|wachtwoord|\bsenha|\bparola\b|heslo|l.{1,2}senord|adgangskode|salasana|"
    r"secr.t|geheimnis|\bgeheim\b|geheime[rn]? (?:schl.{1,2}ssel|sleutel)|token|jeton|credential|zugangsdaten|identifiants|"
    r"one[ -]time code|(?:verification|user|device)[ _]code|enter th\w+ code|einmalcode|zugangscode|toegangscode|code d.acc.s|cl. (?:d.acc.s|api)|clave de acceso|"
    r"(?:api|app|access|account|shared|subscription|encryption|recovery|master|client|license|storage|functions)[ _+-]?key|"
    r"(?:\b|_)(?:pwd|mdp|psk|psw|pwrd|pword|p/w|creds)\b|(?-i:[a-z]Pwd)\b)"
)
"""What a secret is called, also inside longer words (`scepChallenge`, `Abfragekennwort`, `phrase secrète`).

No two may begin with the same two letters and go on with a choice: RE2 takes these letters out, and the filter
has nothing left by which to leave the rule out.
"""
SHORT = r"(?:\b|_)(?:pass|pin|pat|[a-z]{0,12}pw|otc|t?otp|clave)\b(?: ?code\b)?"
"""The same, but so short that only what looks like a secret behind it is one."""
CALLED = rf"{NAMES}\w{{0,20}}(?:[ _+-](?:value|wert|valeur|valor|string|phrase|code|text|key)\b)?"
ASIDE = r"(?:\s?[(\[][^()\[\]\n\x00]+[)\]])?"
"""A name with what may follow it: `challengePassword`, `token value`, ` (good for an hour)`."""
OF = (
    r"(?:\s(?:(?:i|we) )?(?:used|sent|given|typed|issued|entered|received|copied|now|new|old|again|verwendet|eingegeben|"
    r"dazu|daf.{1,2}r|neu|alt|jetzt|utilis.|saisi|actuel|incorrecte?|provisoire|usada|nuev[ao]|actual|nieuw|gebruikt)"
    r"|\s(?:for|of|from|f.{1,2}rs?|von|vom|der|des|zur|zum|pour|de|du|del|para|van|voor|d.\w+)(?:\s[^\s:=\x00]*[^\s:=.!?,;\x00]){1,6}?)?"
)
"""Whose it is, or what was done with it: `for the iPad`, `of the pool`, `I used`."""

_INNER = r"[\"'\\]*(?:value|wert|valeur|text|string|data|plaintext)[\"'\\]*[ \t]*[:=]"
SIGN = (
    rf"[\s\"'`*_.)\]\\]*(?:[:=|]+>?|[-=]>|(?:/t )?REG_\w*SZ(?: /d)?|{TAG}(?:<input[^<>\n]*value=)?|[\"'\\][ \t,;]*{_INNER})"
    rf"(?:[\s*_`|(\[]|[|>][+-]?\s|{TAG})*(?:\{{?\s*{_INNER}[\s(\[]*)?"
)
"""What stands between a name and its value: `: `, `" = "`, ` | `, `:** `, `</td><td>`, `":{"value":`, `REG_SZ`."""
_VERB = (
    r"(?:is|are|was|were|has|ist|war|wurde|lautete?|hei(?:\xdf|ss)t|est|.tait|a .t.|es|era|fue|ha sido|luidt|werd|equals|"
    r"(?:re)?set to|changed to|(?:zur.{1,2}ck)?gesetzt auf|ge.{1,2}ndert (?:auf|in|zu)|gewijzigd (?:in|naar))"
)
_FILLED = (
    r"(?:now|been|set|reset|changed|currently|jetzt|nun|aktuell|maintenant|ahora|nu|to|auf|en|a|naar|chang.e?|cambiad[ao]|"
    r"as follows|wie folgt|comme suit|como sigue|als volgt|case[ -]sensitive)"
)
IS = rf"[\s+]+{_VERB}(?:\s{_FILLED}){{0,3}}[\s+:=*_`]+(?:{TAG}\s*)*"
"""The same in a sentence."""

_GROUPS = (
    r"[0-9A-F]{2}(?:[\s-][0-9A-F]{2}){5,}\b|[0-9A-F]{4}(?:[\s-]{1,2}[0-9A-F]{4})+\b|"
    r"[0-9A-F]{8}(?:[\s-]{1,2}[0-9A-F]{8})+\b"
)
_AFTER = r"[^\s\"',;:<>{}()&\[\]\\\x00]+"
VALUE = rf"({_GROUPS}|\\*\"+[^\"\n\x00]+(?:\"{_AFTER})*|\\*'+[^'\n\x00]+(?:'{_AFTER})*|[^\s\"'\x00][^\s\x00]*)"
"""A value with all of its pieces: in groups, in quotation marks with blanks in it, or up to the next blank."""
WORD = r"([^\s\x00]{4,})"
ELEMENT = r"([^<\s\x00][^<\n\x00]*)"
"""What stands between two tags."""
