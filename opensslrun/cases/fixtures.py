"""Certificates that no ``openssl`` made: built by ``cryptography`` from published keys, the same bytes every time.

An ``openssl`` under test never judges its own work, and no time goes into making keys. Signatures are
deterministic (RSA PKCS #1 v1.5, RFC 6979 for EC, Ed25519), serials and dates are data. What ``cryptography``
refuses to sign (version 1, SHA-1, MD5) is put together by ``asn1crypto`` in :mod:`opensslrun.cases.resign`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Literal, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pydantic import Field, model_validator

from opensslrun.cases.resign import Digest, resign
from opensslrun.data import shipped
from opensslrun.errors import UsageError
from opensslrun.tomlfile import Table, validated

FixtureKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

Text = Annotated[str, Field(min_length=1)]
Names = dict[Text, Text | list[Text]]
KeyUsage = Literal[
    "digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement",
    "keyCertSign", "cRLSign",
]  # fmt: skip
Purpose = Literal["serverAuth", "clientAuth", "codeSigning", "emailProtection"]

_NAME_TYPES = {
    "C": NameOID.COUNTRY_NAME,
    "ST": NameOID.STATE_OR_PROVINCE_NAME,
    "L": NameOID.LOCALITY_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "CN": NameOID.COMMON_NAME,
    "DC": NameOID.DOMAIN_COMPONENT,
    "serialNumber": NameOID.SERIAL_NUMBER,
    "emailAddress": NameOID.EMAIL_ADDRESS,
}
_PURPOSES = {
    "serverAuth": ExtendedKeyUsageOID.SERVER_AUTH,
    "clientAuth": ExtendedKeyUsageOID.CLIENT_AUTH,
    "codeSigning": ExtendedKeyUsageOID.CODE_SIGNING,
    "emailProtection": ExtendedKeyUsageOID.EMAIL_PROTECTION,
}


class CertificateSpec(Table):
    """One ``[[certificate]]`` of a case file. ``issuer`` names another certificate of the case, else it is its own.

    ``key`` names a file of ``matrix/fixtures/keys``. ``issuer_name`` and ``signed_with`` make a certificate that
    lies about its issuer: another name than the issuer's, another key's signature. A date without a time is
    midnight UTC. ``serial`` is by default drawn from ``name``.
    """

    name: Text
    subject: Names
    key: Text
    not_before: date | datetime
    not_after: date | datetime
    issuer: Text | None = None
    issuer_name: Names | None = None
    signed_with: Text | None = None
    serial: Annotated[int, Field(ge=1, lt=2**159)] | None = None
    ca: bool | None = None
    path_length: Annotated[int, Field(ge=0)] | None = None
    key_usage: list[KeyUsage] = Field(default_factory=list)
    purposes: list[Purpose] = Field(default_factory=list)
    dns: list[Text] = Field(default_factory=list)
    identifiers: bool = True
    version: Literal[1, 3] = 3
    digest: Digest = "sha256"

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if _moment(self.not_after) <= _moment(self.not_before):
            raise ValueError(f"not_after ({self.not_after}) must be later than not_before ({self.not_before})")
        if self.path_length is not None and not self.ca:
            raise ValueError("path_length is for a CA only; add ca = true")
        if self.version == 1 and (self.ca is not None or self.key_usage or self.purposes or self.dns):
            raise ValueError("a certificate of version 1 has no extensions; leave out ca, key_usage, purposes and dns")
        unknown = [name for name in (*self.subject, *(self.issuer_name or ())) if name not in _NAME_TYPES]
        if unknown:
            raise ValueError(f"{unknown[0]!r} is no part of a name; use one of {', '.join(_NAME_TYPES)}")
        return self

    @classmethod
    def from_table(cls, table: Mapping[str, object], where: str) -> Self:
        """Check one table of a case file; ``where`` begins every message. Raises UsageError."""
        return validated(cls, dict(table), Path(where))


@dataclass(frozen=True, slots=True)
class FixtureSet:
    """The certificates of a case by name, and the names of the keys they were made for."""

    certificates: Mapping[str, x509.Certificate]

    def content(self, parts: Sequence[str], file: str) -> bytes:
        """One file of these parts in order: ``leaf`` (PEM), ``der:leaf``, ``key:rsa-1`` (PKCS #8 PEM).

        Raises UsageError for a part that is not there.
        """
        return b"".join(self._part(part, file) for part in parts)

    def _part(self, part: str, file: str) -> bytes:
        kind, _, name = part.rpartition(":")
        if kind == "key":
            return fixture_key(name).private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        if kind not in {"", "der"} or name not in self.certificates:
            known = ", ".join(self.certificates) or "none"
            raise UsageError(
                f"the fixture {file!r} holds {part!r}, which is not there; use the name of a certificate ({known}), "
                "der:NAME of one, or key:NAME of a fixture key"
            )
        encoding = serialization.Encoding.DER if kind == "der" else serialization.Encoding.PEM
        return self.certificates[name].public_bytes(encoding)


def build(specs: Sequence[CertificateSpec], files: Mapping[str, Sequence[str]]) -> dict[str, bytes]:
    """The content of a case's fixture files. Raises UsageError with one sentence for a mistake in the data."""
    fixtures = build_certificates(specs)
    return {name: fixtures.content(parts, name) for name, parts in files.items()}


def build_certificates(specs: Sequence[CertificateSpec]) -> FixtureSet:
    """All certificates. Raises UsageError for an unknown issuer or key, or a name that is there twice."""
    by_name: dict[str, CertificateSpec] = {}
    for spec in specs:
        if spec.name in by_name:
            raise UsageError(f"two certificates of the case are named {spec.name!r}; give each its own name")
        by_name[spec.name] = spec
    return FixtureSet({spec.name: _certificate(spec, by_name) for spec in specs})


def fixture_key(name: str) -> FixtureKey:
    """A published key of ``matrix/fixtures/keys``. Raises UsageError naming those that are there."""
    folder = shipped("fixtures") / "keys"
    known = {path.stem: path for path in sorted(folder.glob("*.pem"))}
    if name not in known:
        raise UsageError(f"there is no fixture key {name!r}; use one of {', '.join(known)}")
    # The published keys are known to be consistent (a test checks), and checking each time is most of the time spent.
    key = serialization.load_pem_private_key(known[name].read_bytes(), None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, FixtureKey):
        raise UsageError(f"the fixture key {known[name]} is neither RSA, EC nor Ed25519; replace it")
    return key


def _certificate(spec: CertificateSpec, specs: Mapping[str, CertificateSpec]) -> x509.Certificate:
    issuer = specs.get(spec.issuer or spec.name)
    if issuer is None:
        raise UsageError(
            f"the certificate {spec.name!r} names the issuer {spec.issuer!r}, but the certificates of the case are: "
            + ", ".join(specs)
        )
    signer = fixture_key(spec.signed_with or issuer.key)
    own = fixture_key(spec.key).public_key()
    try:
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(spec.subject))
            .issuer_name(_name(spec.issuer_name or issuer.subject))
            .public_key(own)
            .serial_number(spec.serial or _serial(spec.name))
            .not_valid_before(_moment(spec.not_before))
            .not_valid_after(_moment(spec.not_after))
        )
        for extension, critical in _extensions(spec, own, fixture_key(issuer.key).public_key()):
            builder = builder.add_extension(extension, critical)
        digest = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
        certificate = builder.sign(signer, digest)
    except ValueError as error:
        raise UsageError(f"the certificate {spec.name!r} cannot be made: {error}; correct its table") from error
    return resign(certificate, signer, spec.digest, spec.version)


Extensions = list[tuple[x509.ExtensionType, bool]]
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey


def _extensions(spec: CertificateSpec, own: PublicKey, issuers: PublicKey) -> Extensions:
    if spec.version == 1:
        return []
    extensions: Extensions = []
    if spec.ca is not None:
        extensions.append((x509.BasicConstraints(spec.ca, spec.path_length), True))
    if spec.key_usage:
        extensions.append((_key_usage(spec.key_usage), True))
    if spec.purposes:
        extensions.append((x509.ExtendedKeyUsage(_PURPOSES[name] for name in spec.purposes), False))
    if spec.dns:
        extensions.append((x509.SubjectAlternativeName([x509.DNSName(name) for name in spec.dns]), False))
    if spec.identifiers:
        extensions.append((x509.SubjectKeyIdentifier.from_public_key(own), False))
        extensions.append((x509.AuthorityKeyIdentifier.from_issuer_public_key(issuers), False))
    return extensions


def _key_usage(names: Sequence[str]) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature="digitalSignature" in names,
        content_commitment="nonRepudiation" in names,
        key_encipherment="keyEncipherment" in names,
        data_encipherment="dataEncipherment" in names,
        key_agreement="keyAgreement" in names,
        key_cert_sign="keyCertSign" in names,
        crl_sign="cRLSign" in names,
        encipher_only=False,
        decipher_only=False,
    )


def _name(parts: Names) -> x509.Name:
    return x509.Name(
        x509.NameAttribute(_NAME_TYPES[kind], value)
        for kind, values in parts.items()
        for value in ([values] if isinstance(values, str) else values)
    )


def _moment(when: date | datetime) -> datetime:
    if not isinstance(when, datetime):
        return datetime(when.year, when.month, when.day, tzinfo=UTC)
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)


def _serial(name: str) -> int:
    """A positive serial of at most 8 octets that stays the same as long as the name does."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:7], "big") | 1
