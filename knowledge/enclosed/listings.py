"""What `certutil -v`, `-dump` and `-store` print of certificates, in English and German."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from knowledge.enclosed.moments import moment
from knowledge.enclosed.types import ShownCertificate
from knowledge.patterns import Span, pattern

_MOST = 20  # certificates
_MOST_LINES = 20_000
_LONGEST = 400  # characters of a line
_MOST_NAMES = 50

_BEGINS = pattern(r"^\s*(?:=+ (?:Certificate|Zertifikat) \d+ =+|X\.?509[ -](?:Certificate|Zertifikat)\s*:)")
_ROW = pattern(r"^\s*([a-z][a-z\xc0-\xff? ().-]{1,50}?(?:\(sha1\))?)\s*[:=]\s*(.*?)\s*$")
_EXTENSION = pattern(r"^\s*(\d+(?:\.\d+){3,}): Flags = ")
_COUNT = pattern(r"^\s*(?:Certificate Extensions|Zertifikaterweiterungen)\s*:\s*(\d+)")
_OID = pattern(r"(\d+(?:\.\d+){4,})")
_IN_BRACKETS = pattern(r"\((\d+(?:\.\d+){4,})\)")
_BITS = pattern(r"\(([0-9a-f]{2})(?: [0-9a-f]{2})?\)")
_DNS = pattern(r"DNS[- ]Name=\s*(\S{1,253})")
_AUTHORITY = pattern(r"(?:Subject Type|Typ des Antragstellers)\s*=\s*(CA\b|Zertifizierungsstelle)?")
_TEMPLATE = pattern(r"(?:Template|Vorlage)=\s*([^\n(]{1,80})")
_SELF = pattern(r"^\s*(?:Root Certificate: Subject matches Issuer|Stammzertifikat: Antragsteller)")
_NOT_SELF = pattern(r"^\s*(?:Non-root Certificate|Kein Stammzertifikat|Nicht-Stammzertifikat)")
_TROUBLE = pattern(
    r"Missing stored keyset|Gespeicherter Schl.{1,3}sselsatz fehlt|Private key is NOT available|Keyset does not exist"
    r"|Cannot find the certificate and private key for decryption|Encryption test FAILED"
)
_DISTINGUISHED = pattern(r"^\s*(?:[a-z]{1,12}|\d+(?:\.\d+)+)\s*=")
_ENDS = pattern(r"^\s*CertUtil:")
_COMMA = pattern(r",\s+([a-z]{1,12}=|\d+(?:\.\d+)+=)")

_LABELS = {
    "serial number": "serial",
    "seriennummer": "serial",
    "issuer": "issuer",
    "aussteller": "issuer",
    "subject": "subject",
    "antragsteller": "subject",
    "notbefore": "not_before",
    "nicht vor": "not_before",
    "notafter": "not_after",
    "nicht nach": "not_after",
    "cert hash(sha1)": "thumbprint",
    "zertifikathash(sha1)": "thumbprint",
    "template": "template",
    "vorlage": "template",
    "provider": "provider",
    "anbieter": "provider",
    "public key length": "length",
    "algorithm objectid": "algorithm",
    "algorithmus-objekt-id": "algorithm",
    "algorithmus objekt-id": "algorithm",
}
_USAGES = (
    (0x80, "digitalSignature"),
    (0x40, "nonRepudiation"),
    (0x20, "keyEncipherment"),
    (0x10, "dataEncipherment"),
    (0x08, "keyAgreement"),
    (0x04, "keyCertSign"),
    (0x02, "cRLSign"),
)
_SIGNATURES = {
    "1.2.840.113549.1.1.4": "md5",
    "1.2.840.113549.1.1.5": "sha1",
    "1.3.14.3.2.29": "sha1",
    "1.2.840.113549.1.1.10": "rsassa-pss",
    "1.2.840.113549.1.1.11": "sha256",
    "1.2.840.113549.1.1.12": "sha384",
    "1.2.840.113549.1.1.13": "sha512",
    "1.2.840.10045.4.3.2": "sha256",
    "1.2.840.10045.4.3.3": "sha384",
}
_KEYS = {"1.2.840.113549.1.1.1": "RSA", "1.2.840.10045.2.1": "EC"}
_KEY_USAGE, _SAN, _CONSTRAINTS, _PURPOSES = "2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.37"
_TEMPLATES = ("1.3.6.1.4.1.311.20.2", "1.3.6.1.4.1.311.21.7")


def listed(text: bytes) -> tuple[tuple[ShownCertificate, ...], Span] | None:
    """The certificates of a listing and where it stands; None where there is none."""
    lines = list(_lines(text))
    found: list[_Sheet] = []
    first = last = 0
    for start, end, line in lines:
        if _ENDS.match(line):
            last = end if found else last
            continue
        sheet = found[-1] if found else None
        begins = bool(_BEGINS.match(line))
        if (begins and (sheet is None or sheet.serial)) or (sheet and sheet.is_next(line)):
            if len(found) == _MOST:
                break
            first = first if found else start
            found.append(_Sheet())
        elif sheet is None and _names_certificate(line):
            first = start
            found.append(_Sheet())
        if found and (found[-1].take(line) or begins):
            last = end
    certificates = tuple(sheet.certificate() for sheet in found if sheet.serial or sheet.thumbprint)
    return (certificates, Span(first, last)) if certificates else None


def _lines(text: bytes) -> Iterator[tuple[int, int, bytes]]:
    at = 0
    for _ in range(_MOST_LINES):
        if at >= len(text):
            return
        end = text.find(b"\n", at)
        end = len(text) if end < 0 else end
        yield at, end, text[at : min(end, at + _LONGEST)].rstrip(b"\r")
        at = end + 1


def _names_certificate(line: bytes) -> bool:
    label, _ = _row(line)
    return label in ("serial", "thumbprint")


def _row(line: bytes) -> tuple[str | None, str]:
    found = _ROW.match(line)
    if not found:
        return None, ""
    return _LABELS.get(found[1].decode("latin-1").lower().strip()), found[2].decode("latin-1")


@dataclass(slots=True)
class _Sheet:
    """One certificate while its lines come in."""

    serial: str | None = None
    thumbprint: str | None = None
    texts: dict[str, str] = field(default_factory=dict)
    names: dict[str, list[str]] = field(default_factory=dict)
    algorithms: list[str] = field(default_factory=list)
    extensions: dict[str, list[bytes]] = field(default_factory=dict)
    count: int | None = None
    self_signed: bool | None = None
    trouble: str | None = None
    open_name: str | None = None
    open_extension: str | None = None

    def is_next(self, line: bytes) -> bool:
        """Whether a line begins another certificate."""
        return bool(self.serial and self.thumbprint) and _row(line)[0] == "serial"

    def take(self, line: bytes) -> bool:
        """Take in a line; whether it says something."""
        if extension := _EXTENSION.match(line):
            self.open_extension, self.open_name = extension[1].decode(), None
            self.extensions.setdefault(self.open_extension, [])
            return True
        label, value = _row(line)
        if label and self._labelled(label, value):
            self.open_extension = None if label not in ("template",) else self.open_extension
            return True
        if self.open_name and _DISTINGUISHED.match(line):
            if len(self.names[self.open_name]) < _MOST_NAMES:
                self.names[self.open_name].append(line.decode("latin-1").strip())
            return True
        if count := _COUNT.match(line):
            self.count, self.open_name = int(count[1][:4]), None
            return True
        if trouble := _TROUBLE.search(line):
            self.trouble = trouble[0].decode("latin-1")
            return True
        if _SELF.match(line) or _NOT_SELF.match(line):
            self.self_signed = bool(_SELF.match(line))
            self.open_extension = None
            return True
        if self.open_extension and len(self.extensions[self.open_extension]) < _MOST_NAMES:
            self.extensions[self.open_extension].append(line)
        return bool(self.open_extension and line.strip())

    def _labelled(self, label: str, value: str) -> bool:
        match label:
            case "serial":
                self.serial = self.serial or _hex(value)
            case "thumbprint":
                self.thumbprint = self.thumbprint or _hex(value)
            case "issuer" | "subject":
                self.open_name = label if label not in self.names else None
                if label not in self.names:
                    self.names[label] = [value] if value else []
                return True
            case "algorithm":
                self.algorithms += [found[1].decode() for found in _OID.finditer(value.encode("latin-1"))][:1]
            case _ if self.open_extension:
                return False
            case _:
                self.texts.setdefault(label, value)
        self.open_name = None
        return True

    def certificate(self) -> ShownCertificate:
        """What came in."""
        usage = self._extension(_KEY_USAGE)
        return ShownCertificate(
            subject=self._name("subject"),
            issuer=self._name("issuer"),
            serial=self.serial and (self.serial.lstrip("0") or "0"),
            thumbprint=self.thumbprint,
            not_before=moment(self.texts.get("not_before", "")),
            not_after=moment(self.texts.get("not_after", "")),
            ekus=_purposes(self._extension(_PURPOSES)),
            key_usage=None if usage is None else _usages(usage),
            signature=_SIGNATURES.get(self.algorithms[0], self.algorithms[0]) if self.algorithms else None,
            key=self._key(),
            self_signed=self._is_self_signed(),
            is_ca=self._is_ca(),
            names=_dns(self._extension(_SAN)),
            template=self._template(),
            provider=self.texts.get("provider"),
            key_trouble=self.trouble,
        )

    def _name(self, which: str) -> str | None:
        parts = self.names.get(which)
        return _COMMA.sub(rb",\1", ",".join(parts).encode("latin-1")).decode("latin-1") if parts else None

    def _extension(self, number: str) -> bytes | None:
        """The lines of an extension; empty where it is certainly not there, None where that cannot be told."""
        if number in self.extensions:
            return b"\n".join(self.extensions[number]) or b" "
        return b"" if self.count is not None and self.count == len(self.extensions) else None

    def _key(self) -> str | None:
        kind = next((_KEYS[number] for number in self.algorithms if number in _KEYS), None)
        bits = self.texts.get("length", "").split()
        return f"{kind} {bits[0]}" if kind and bits and bits[0].isdigit() else kind

    def _is_self_signed(self) -> bool | None:
        if self.self_signed is not None:
            return self.self_signed
        subject, issuer = self._name("subject"), self._name("issuer")
        return subject == issuer if subject and issuer else None

    def _is_ca(self) -> bool | None:
        constraints = self._extension(_CONSTRAINTS)
        if constraints is None:
            return None
        found = _AUTHORITY.search(constraints)
        return bool(found and found[1])

    def _template(self) -> str | None:
        for number in _TEMPLATES:
            told = self._extension(number) or b""
            named = _TEMPLATE.search(told)
            lines = [line.strip() for line in told.split(b"\n") if line.strip()]
            words = named[1] if named else lines[1] if len(lines) > 1 else b""
            if words.strip():
                return str(words.strip()[:80].decode("latin-1"))
        return self.texts.get("template", "").partition(",")[0].strip()[:80] or None


def _hex(value: str) -> str | None:
    digits = "".join(value.split()).upper()
    return digits if digits and len(digits) <= 128 and all(one in "0123456789ABCDEF" for one in digits) else None


def _purposes(told: bytes | None) -> frozenset[str] | None:
    return None if told is None else frozenset(found[1].decode() for found in _IN_BRACKETS.finditer(told))


def _usages(told: bytes) -> frozenset[str]:
    found = _BITS.search(told)
    bits = int(found[1], 16) if found else 0
    return frozenset(name for bit, name in _USAGES if bits & bit)


def _dns(told: bytes | None) -> tuple[str, ...] | None:
    names: Sequence[bytes] = [] if told is None else [found[1] for found in _DNS.finditer(told)]
    return None if told is None else tuple(name.decode("latin-1") for name in names[:_MOST_NAMES])
