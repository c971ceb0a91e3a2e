"""A subject as people write it, ``/C=US/O=Organization/CN=device-0001``, read strictly.

``openssl`` itself leaves out a part without a value, takes ``+`` for a second attribute of the same part, and guesses
at the encoding. Here each of them is refused, and the name goes into a config file instead of a command line, where
a Windows console would change its letters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from opensslrun.driver.results import printable
from opensslrun.errors import UsageError

_TYPES: Final = {
    "C": NameOID.COUNTRY_NAME,
    "ST": NameOID.STATE_OR_PROVINCE_NAME,
    "L": NameOID.LOCALITY_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "CN": NameOID.COMMON_NAME,
    "emailAddress": NameOID.EMAIL_ADDRESS,
    "serialNumber": NameOID.SERIAL_NUMBER,
    "DC": NameOID.DOMAIN_COMPONENT,
    "UID": NameOID.USER_ID,
}
_LONGEST: Final = {"ST": 128, "L": 128, "emailAddress": 128, "UID": 256}
"""Bytes of UTF-8; 64 for the others. RFC 5280 (appendix A.1) counts characters, and so does openssl, but there are
readers that count bytes and refuse the certificate (``cryptography`` 50.0 when it makes a name)."""
_PRINTABLE: Final = re.compile(r"[A-Za-z0-9 '()+,./:=?-]+")
_SPECIAL: Final = frozenset("\\#$\"'`;")
"""What means something in a value of a config file."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A distinguished name: pairs of a type (``CN``) and a value, in the order written."""

    parts: tuple[tuple[str, str], ...]

    @property
    def common_name(self) -> str:
        """The value of the one CN."""
        return next(value for kind, value in self.parts if kind == "CN")

    @property
    def name(self) -> x509.Name:
        """As it must stand in the certificate: UTF8String, but PrintableString and IA5String where RFC 5280 wants it.

        It is ``cryptography``'s, so that what openssl made can be compared with its encoding.
        """
        return x509.Name([x509.NameAttribute(_TYPES[kind], value) for kind, value in self.parts])

    @property
    def der(self) -> bytes:
        """The name's encoding."""
        return self.name.public_bytes()

    def request_config(self) -> bytes:
        """A config file for ``openssl req`` that asks for this name and nothing else."""
        lines = ["[req]", "prompt = no", "utf8 = yes", "string_mask = utf8only", "distinguished_name = dn", "[dn]"]
        lines += [f"{number}.{kind} = {_escaped(value)}" for number, (kind, value) in enumerate(self.parts)]
        return "\n".join([*lines, ""]).encode()


def parse_subject(text: str) -> Subject:
    """Read a subject. Raises UsageError with the part that is wrong and what to write instead.

    A slash, a plus sign, an equals sign and a backslash inside a value are written with a backslash before them
    (an equals sign may stand alone too).
    """
    shown = printable(text)
    if not text.startswith("/"):
        raise UsageError(f"the subject '{shown}' does not begin with a slash; write it like /O=Organization/CN=device")
    parts = tuple(_part(piece) for piece in _pieces(text[1:]))
    names = [value for kind, value in parts if kind == "CN"]
    if len(names) != 1:
        many = f"has {len(names)} CN parts" if names else "has no CN part"
        raise UsageError(f"the subject '{shown}' {many}; give it one, such as /CN=device-0001")
    return Subject(parts)


def _pieces(text: str) -> list[str]:
    """The parts between slashes, backslashes kept."""
    pieces, escaped = [""], False
    for letter in text:
        if letter == "/" and not escaped:
            pieces.append("")
            continue
        if letter == "+" and not escaped:
            raise UsageError(
                f"the subject's part '{printable(pieces[-1])}+' joins two attributes with a plus sign, which is not "
                "done here; write \\+ for a plus sign, or a slash before the next part"
            )
        pieces[-1] += letter
        escaped = letter == "\\" and not escaped
    if escaped:
        raise UsageError("the subject ends in a single backslash; write \\\\ for a backslash")
    return pieces


def _part(piece: str) -> tuple[str, str]:
    kind, equals, raw = piece.partition("=")
    if not equals:
        what = f"the part '{printable(piece)}'" if piece else "an empty part"
        raise UsageError(f"the subject has {what} without an equals sign; write each part as /TYPE=value")
    if kind not in _TYPES:
        raise UsageError(f"the subject has a part of the type '{printable(kind)}'; there are {', '.join(_TYPES)}")
    value = re.sub(r"\\(.)", r"\1", raw, flags=re.DOTALL)
    if re.search(r"\\[^\\/+=]", re.sub(r"\\\\", "", raw)):
        raise UsageError(f"the subject's {kind} has a backslash before a letter; write \\\\ for a backslash")
    _check_value(kind, value)
    return kind, value


def _check_value(kind: str, value: str) -> None:
    """Raise UsageError for a value that some version refuses, leaves out or makes something else of."""
    wrong = None
    longest = _LONGEST.get(kind, 64)
    if not value.strip():
        wrong = "is empty; leave the part out, or give it a value"
    elif value != value.strip():
        wrong = "begins or ends with a blank; take it away"
    elif not value.isprintable():
        wrong = "holds a control character, or bytes that are not UTF-8; take them away"
    elif kind == "C" and not re.fullmatch(r"[A-Z]{2}", value):
        wrong = "is not a country code; write two capital letters, such as US"
    elif len(value.encode()) > longest:
        wrong = f"has {len(value.encode())} bytes, and readers refuse more than {longest}; shorten it"
    elif kind in {"emailAddress", "DC"} and not value.isascii():
        wrong = "holds letters outside ASCII, which this type cannot hold; write it in ASCII"
    elif kind == "serialNumber" and not _PRINTABLE.fullmatch(value):
        wrong = "holds a character that this type cannot hold; use letters, digits and '()+,-./:=?"
    if wrong:
        raise UsageError(f"the subject's {kind} {wrong}")


def _escaped(value: str) -> str:
    return "".join(f"\\{letter}" if letter in _SPECIAL else letter for letter in value)
