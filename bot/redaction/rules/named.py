"""Secrets that somebody names: "the challenge is", `password=`, `<Password>`, "X was our token"."""

from bot.redaction.judges import ordinary, ordinary_or_state, unless_code, unless_odd, unless_odd_here
from bot.redaction.rules.wording import ASIDE, CALLED, ELEMENT, IS, NAMES, OF, SHORT, SIGN, VALUE, WORD
from bot.redaction.types import Rule
from bot.redaction.words import TAG

_BEHIND_A_NAME = (
    Rule("`challengePassword: X`, `password of the pool = X`", rf"(?i){CALLED}{ASIDE}{OF}{SIGN}{VALUE}", ordinary),
    Rule(
        "a quotation mark that is never closed: the value is its first word, not the sentence behind it",
        rf"(?i){CALLED}{ASIDE}{OF}{SIGN}\\*[\"']+([^\s\"'\x00]+)",
        ordinary,
    ),
    Rule("`the challenge for this iPad is X`", rf"(?i){CALLED}{ASIDE}{OF}{IS}{VALUE}", ordinary_or_state),
    Rule(
        "`the password X was refused`, `user,password` over `svc,X`: nothing but punctuation between",
        rf"(?i){CALLED}(?:[\s\"'`*_+()\[\],;:=|?-]|\.\.+)+(?:\d )?{WORD}",
        unless_odd,
    ),
    Rule("`password 'X' rejected`", rf"(?i){CALLED}\s+([\"'][^\"'\n\x00]{{3,80}}[\"'])", ordinary),
    Rule(
        "`challenge copied into jamf X`: some words between",
        rf"(?i){CALLED}(?:\s[^\s\x00]*[^\s.!?,;\x00]){{0,3}}?[\s:=\"'`(]+([^\s\"<>\x00]*\d[^\s\"<>\x00]*)",
        unless_odd_here,
    ),
    Rule(
        "`password changed from X to Y`",
        rf"(?i){CALLED}(?:\s[^\s\x00]+){{0,2}}?\s(?:from|to|auf|von|zu|en|a|naar)[\s:\"'`]+{WORD}",
        unless_odd,
    ),
    Rule(
        "`set the password to X`",
        rf"(?i)\b(?:set|reset|change|changed|setting)\s(?:[^\s\x00]+\s){{0,3}}?[\w-]*{CALLED}\s+to\s+{VALUE}",
        ordinary_or_state,
    ),
    Rule(
        "a router's `snmp-server community X`, `tacacs-server key 7 X`",
        rf"(?i)\b(?:isakmp|tacacs|radius|snmp)\S*\s(?:\S+\s){{0,4}}?(?:key|community)\s(?:\d\s)?{WORD}",
        unless_odd,
    ),
    Rule(
        "a router's `enable secret X`, alone on its line",
        r"(?im)^[^\S\n]*(?:enable |username \S+ )?(?:password|secret)(?: \d)? ([^\s\x00]+)[ \t\r]*$",
        ordinary,
    ),
)
_BEFORE_A_NAME = (
    Rule(
        "`X is the challenge`, `typed X for the password`",
        rf"(?i)(?:^|[\s\"'`(]){WORD}[\"'`*]*\s+(?:is|was|ist|war|est|es|as|als|for|comme|como)(?:\s[^\s\x00]+){{0,3}}?(?:\s[\w-]*{NAMES}|\spw\b)",
        unless_odd_here,
    ),
)
_INSIDE = rf">\s*(?:{TAG}\s*|<!\[CDATA\[)*{ELEMENT}"
_IN_MARKUP = (
    Rule(
        "`<Challenge>X</Challenge>`, `<pin>X</pin>`, `<Password><Value>X`",
        rf"(?i)(?:<[\w:.-]*{NAMES}\w*(?:\s[^<>]*)?|<pw|<pin|<otp|<pass){_INSIDE}",
        ordinary,
    ),
    Rule('`<Data Name="password">X</Data>`', rf"(?i)=[\"']?[\w.-]*{NAMES}\w*[\"'][^<>]*{_INSIDE}", ordinary),
)
_BEHIND_A_SHORT_NAME = (
    Rule("`the pw is X`, `chalpw: X`", rf"(?i)(?:\b|_)\w{{0,12}}pw\b{OF}(?:{SIGN}|{IS}){VALUE}", ordinary),
    Rule(
        '`pass=X`, `"pin":"X"`; but `pass: 12 fail: 3` counts',
        rf"(?i)(?:\b|_)(?:pass|pin|otp)[\"']?\s?(?:=\s?|:\s?[\"']){VALUE}",
        ordinary,
    ),
    Rule(
        "`PIN 4711`, `otp code 839201`", rf"(?i){SHORT}{ASIDE}(?:{SIGN}|{IS}|[\s\"'`*_(,;-]{{1,4}}){VALUE}", unless_code
    ),
)
_BEHIND_A_USER = (
    Rule(
        "a password in the place of the account's name: `ndes konto X ist gesperrt`",
        rf"(?i)\b(?:account|konto|compte|user|benutzer|utilisateur|usuario|gebruiker)[\s\"'(:=]{{1,3}}{WORD}",
        unless_odd,
    ),
    Rule(
        "`login: svc_ndes / X`, `creds svc:X`; but `Account Name: X` is no login",
        rf"(?i)\b(?:credentials?|creds|zugangsdaten|identifiants|log[io]n|account|user)\b[\s:=]+[^\s:/\x00]+(?:\s?/\s?|:){WORD}",
        unless_odd,
    ),
)
RULES = (*_BEHIND_A_NAME, *_BEFORE_A_NAME, *_IN_MARKUP, *_BEHIND_A_SHORT_NAME, *_BEHIND_A_USER)
