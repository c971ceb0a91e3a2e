"""The tables of a case file that say what no ``openssl`` made: certificates, requests and revocation lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pydantic import Field, model_validator

from opensslrun.cases.resign import Digest
from opensslrun.errors import UsageError
from opensslrun.tomlfile import Table, validated

Text = Annotated[str, Field(min_length=1)]
Names = dict[Text, Text | list[Text]]
KeyUsage = Literal[
    "digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement",
    "keyCertSign", "cRLSign",
]  # fmt: skip
Purpose = Literal["serverAuth", "clientAuth", "codeSigning", "emailProtection"]

NAME_TYPES = {
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
PURPOSES = {
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
    padding: Literal["pkcs1", "pss"] = "pkcs1"

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if moment(self.not_after) <= moment(self.not_before):
            raise ValueError(f"not_after ({self.not_after}) must be later than not_before ({self.not_before})")
        if self.path_length is not None and not self.ca:
            raise ValueError("path_length is for a CA only; add ca = true")
        if self.version == 1 and (self.ca is not None or self.key_usage or self.purposes or self.dns):
            raise ValueError("a certificate of version 1 has no extensions; leave out ca, key_usage, purposes and dns")
        refuse_unknown_names(self.subject, self.issuer_name)
        return self

    @cached_property
    def said(self) -> str:
        """All of it in one text. Hundreds of cases share a table, and each asks for it."""
        return self.model_dump_json()

    @classmethod
    def from_table(cls, table: Mapping[str, object], where: str) -> Self:
        """Check one table of a case file; ``where`` begins every message. Raises UsageError."""
        return validated(cls, dict(table), Path(where))


class RequestSpec(Table):
    """One ``[[request]]``: a certificate request, signed with its own key."""

    name: Text
    subject: Names
    key: Text
    dns: list[Text] = Field(default_factory=list)
    ca: bool | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        refuse_unknown_names(self.subject)
        return self


class CrlSpec(Table):
    """One ``[[crl]]``: the revocation list of the certificate ``issuer``; ``revoked`` names certificates."""

    name: Text
    issuer: Text
    revoked: list[Text] = Field(default_factory=list)
    this_update: date | datetime
    next_update: date | datetime

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if moment(self.next_update) <= moment(self.this_update):
            raise ValueError(f"next_update ({self.next_update}) must be later than this_update ({self.this_update})")
        return self


@dataclass(frozen=True, slots=True)
class Specs:
    """All tables of a case that describe what is to be made."""

    certificates: tuple[CertificateSpec, ...] = ()
    requests: tuple[RequestSpec, ...] = ()
    crls: tuple[CrlSpec, ...] = ()


RawTables = Sequence[dict[str, object]]


def specs_from(
    certificates: RawTables, requests: RawTables, crls: RawTables, where: str, shared: Specs | None = None
) -> Specs:
    """Check the tables of one file, after those it shares with others. Raises UsageError that begins with ``where``.

    A certificate with ``like = "NAME"`` has everything of that one but what it says itself.
    """
    known = shared or Specs()
    made: dict[str, dict[str, object]] = {}
    if any("like" in table for table in certificates):
        made = {spec.name: spec.model_dump(exclude_unset=True) for spec in known.certificates}
    fresh: list[CertificateSpec] = []
    for number, table in enumerate(certificates, 1):
        place = f"{where}: certificate[{number}]"
        full = _like(table, made, place)
        fresh.append(CertificateSpec.from_table(full, place))
        made.setdefault(fresh[-1].name, full)
    return Specs(
        (*known.certificates, *fresh),
        (*known.requests, *_each(RequestSpec, "request", requests, where)),
        (*known.crls, *_each(CrlSpec, "crl", crls, where)),
    )


def _like(table: dict[str, object], made: Mapping[str, dict[str, object]], place: str) -> dict[str, object]:
    if "like" not in table:
        return table
    pattern = table["like"]
    if not isinstance(pattern, str) or pattern not in made:
        raise UsageError(
            f"{place}.like names {pattern!r}; use the name of an earlier one ({', '.join(made) or 'none'})"
        )
    return {**made[pattern], **{key: value for key, value in table.items() if key != "like"}}


_Spec = TypeVar("_Spec", bound=Table)


def _each(model: type[_Spec], kind: str, tables: RawTables, where: str) -> tuple[_Spec, ...]:
    return tuple(validated(model, table, Path(f"{where}: {kind}[{number}]")) for number, table in enumerate(tables, 1))


def refuse_unknown_names(*names: Names | None) -> None:
    """Raises ValueError for a part of a name that is not known."""
    unknown = [part for name in names for part in name or () if part not in NAME_TYPES]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no part of a name; use one of {', '.join(NAME_TYPES)}")


def moment(when: date | datetime) -> datetime:
    """The point in time in UTC; a date is its midnight, a time without a zone is UTC."""
    if not isinstance(when, datetime):
        return datetime(when.year, when.month, when.day, tzinfo=UTC)
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
