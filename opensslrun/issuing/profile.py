"""What a certificate is for, and the extensions that say so."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, assert_never

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from opensslrun.driver.results import printable
from opensslrun.errors import UsageError
from opensslrun.issuing.subject import Subject

SECTION: Final = "issued"
"""Of the extension file."""

_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST: Final = re.compile(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})*")


class Profile(StrEnum):
    """What a certificate is for."""

    CLIENT = "client"
    SERVER = "server"
    INTERMEDIATE = "intermediate"

    @property
    def days(self) -> int:
        """Default validity. An intermediate CA outlives what it signs."""
        return 730 if self is Profile.INTERMEDIATE else 365

    @property
    def bits(self) -> int:
        """Default size of the RSA key."""
        return 4096 if self is Profile.INTERMEDIATE else 2048

    @property
    def usage(self) -> x509.ObjectIdentifier | None:
        """The extended key usage; None for a CA."""
        match self:
            case Profile.CLIENT:
                return ExtendedKeyUsageOID.CLIENT_AUTH
            case Profile.SERVER:
                return ExtendedKeyUsageOID.SERVER_AUTH
            case Profile.INTERMEDIATE:
                return None
        assert_never(self)


@dataclass(frozen=True, slots=True)
class Extensions:
    """The extensions of one certificate. ``keyed`` is whether its issuer has a key identifier to refer to."""

    profile: Profile
    path_length: int
    dns: tuple[str, ...]
    addresses: tuple[IPv4Address | IPv6Address, ...]
    keyed: bool

    def config(self) -> bytes:
        """The file for ``x509 -req -extfile``."""
        lines = [f"[{SECTION}]", *self._constraints(), "subjectKeyIdentifier = hash"]
        if self.keyed:
            lines.append("authorityKeyIdentifier = keyid:always")
        if self.dns or self.addresses:
            lines += ["subjectAltName = @names", "[names]"]
            lines += [f"DNS.{number} = {name}" for number, name in enumerate(self.dns, 1)]
            lines += [f"IP.{number} = {address}" for number, address in enumerate(self.addresses, 1)]
        return "\n".join([*lines, ""]).encode()

    def _constraints(self) -> tuple[str, ...]:
        match self.profile:
            case Profile.CLIENT:
                usage = ("keyUsage = critical,digitalSignature", "extendedKeyUsage = clientAuth")
            case Profile.SERVER:
                usage = ("keyUsage = critical,digitalSignature,keyEncipherment", "extendedKeyUsage = serverAuth")
            case Profile.INTERMEDIATE:
                constraints = f"basicConstraints = critical,CA:TRUE,pathlen:{self.path_length}"
                return (constraints, "keyUsage = critical,keyCertSign,cRLSign")
            case _:
                assert_never(self.profile)
        return ("basicConstraints = critical,CA:FALSE", *usage)

    def expected(self) -> list[tuple[bool, x509.ExtensionType]]:
        """What must stand in the certificate, each with whether it is critical; without the two key identifiers."""
        ca = self.profile is Profile.INTERMEDIATE
        found: list[tuple[bool, x509.ExtensionType]] = [
            (True, x509.BasicConstraints(ca=ca, path_length=self.path_length if ca else None)),
            (
                True,
                x509.KeyUsage(
                    digital_signature=not ca,
                    content_commitment=False,
                    key_encipherment=self.profile is Profile.SERVER,
                    data_encipherment=False,
                    key_agreement=False,
                    key_cert_sign=ca,
                    crl_sign=ca,
                    encipher_only=False,
                    decipher_only=False,
                ),
            ),
        ]
        if self.profile.usage is not None:
            found.append((False, x509.ExtendedKeyUsage([self.profile.usage])))
        names = [*map(x509.DNSName, self.dns), *map(x509.IPAddress, self.addresses)]
        if names:
            found.append((False, x509.SubjectAlternativeName(names)))
        return found


def extensions_for(
    profile: Profile, subject: Subject, *, dns: tuple[str, ...], ips: tuple[str, ...], path_length: int, keyed: bool
) -> Extensions:
    """The extensions of a certificate of ``profile``. Raises UsageError for names that it cannot have.

    A server is called by its subject alternative names alone, so its CN becomes one of them where it is a host's
    name or address, and there must be one.
    """
    if profile is Profile.INTERMEDIATE and (dns or ips):
        raise UsageError("an intermediate CA has no --dns and --ip names; leave them out, or choose another profile")
    if path_length < 0 or (path_length and profile is not Profile.INTERMEDIATE):
        raise UsageError("--path-length is a number from 0 on, for --profile intermediate only")
    for name in dns:
        if not _is_host(name):
            raise UsageError(
                f"--dns {printable(name)} is no host name; write letters, digits, hyphens and dots "
                "(xn-- for others), and a star only as the first label"
            )
    addresses = [_address(text) for text in ips]
    names = list(dns)
    if profile is Profile.SERVER:
        own = subject.common_name
        try:
            addresses.insert(0, ip_address(own))
        except ValueError:
            if _is_host(own):
                names.insert(0, own)
        if not names and not addresses:
            raise UsageError(
                f"a server's certificate needs a host name, and the CN '{printable(own)}' is none; "
                "give one with --dns or --ip"
            )
    return Extensions(profile, path_length, tuple(dict.fromkeys(names)), tuple(dict.fromkeys(addresses)), keyed)


def _is_host(name: str) -> bool:
    """Digits and dots alone are an address that is wrong, and no name."""
    return len(name) <= 253 and _HOST.fullmatch(name) is not None and re.fullmatch(r"[0-9.]+", name) is None


def _address(text: str) -> IPv4Address | IPv6Address:
    try:
        address = ip_address(text)
    except ValueError as error:
        raise UsageError(f"--ip {printable(text)} is no IP address; write it like 192.0.2.1 or 2001:db8::1") from error
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        raise UsageError(f"--ip {printable(text)} has a zone, which a certificate cannot hold; write it without")
    return address
