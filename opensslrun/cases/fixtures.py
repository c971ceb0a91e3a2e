"""Certificates that no ``openssl`` made: built by ``cryptography`` from published keys, the same bytes every time.

An ``openssl`` under test never judges its own work, and no time goes into making keys. Signatures are
deterministic (RSA PKCS #1 v1.5, RFC 6979 for EC, Ed25519), serials and dates are data. What ``cryptography``
refuses to sign (version 1, SHA-1, MD5), or signs with randomness, is put together by ``asn1crypto`` in
:mod:`opensslrun.cases.resign`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from opensslrun.cases.fixturekeys import fixture_key
from opensslrun.cases.parts import Made, content
from opensslrun.cases.resign import resign
from opensslrun.cases.specs import NAME_TYPES, PURPOSES, CertificateSpec, CrlSpec, Names, RequestSpec, Specs, moment
from opensslrun.errors import UsageError

Ready = dict[tuple[str, str], x509.Certificate]
"""Certificates that are made already, by their table and their issuer's: cases that share them make them once."""


def build(
    specs: Specs, files: Mapping[str, Sequence[str]], folder: Path = Path(), ready: Ready | None = None
) -> dict[str, bytes]:
    """The content of a case's fixture files. Raises UsageError with one sentence for a mistake in the data.

    ``folder`` is where the case stands: parts may be files beside it. What is made is added to ``ready``.
    """
    certificates = build_certificates(specs.certificates, {} if ready is None else ready)
    _refuse_twice("requests", specs.requests)
    _refuse_twice("crls", specs.crls)
    said = {part for parts in files.values() for part in parts}
    made = Made(
        certificates=certificates,
        requests={spec.name: _request(spec) for spec in specs.requests if _is_named(f"request:{spec.name}", said)},
        crls={
            spec.name: _crl(spec, specs.certificates, certificates)
            for spec in specs.crls
            if _is_named(f"crl:{spec.name}", said)
        },
        folder=folder,
    )
    return {name: content(parts, name, made) for name, parts in files.items()}


def build_certificates(specs: Sequence[CertificateSpec], ready: Ready | None = None) -> dict[str, x509.Certificate]:
    """All certificates by name. Raises UsageError for an unknown issuer or key, or a name that is there twice."""
    by_name: dict[str, CertificateSpec] = {}
    for spec in specs:
        if spec.name in by_name:
            raise UsageError(f"two certificates of the case are named {spec.name!r}; give each its own name")
        by_name[spec.name] = spec
    known: Ready = {} if ready is None else ready
    said = {spec.name: spec.said for spec in specs}
    made: dict[str, x509.Certificate] = {}
    for spec in specs:
        key = said[spec.name], said.get(spec.issuer or spec.name, "")
        if key not in known:
            known[key] = _certificate(spec, by_name)
        made[spec.name] = known[key]
    return made


def _is_named(thing: str, parts: Iterable[str]) -> bool:
    """Whether a part is, or ends in, this one: what no file holds is not made."""
    return any(part == thing or part.endswith(":" + thing) for part in parts)


def _refuse_twice(kind: str, specs: Sequence[RequestSpec | CrlSpec]) -> None:
    names = [spec.name for spec in specs]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"two {kind} of the case are named {name!r}; give each its own name")


def _request(spec: RequestSpec) -> x509.CertificateSigningRequest:
    key = fixture_key(spec.key)
    builder = x509.CertificateSigningRequestBuilder().subject_name(_name(spec.subject))
    if spec.ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(spec.ca, None), critical=True)
    if spec.dns:
        names = x509.SubjectAlternativeName([x509.DNSName(name) for name in spec.dns])
        builder = builder.add_extension(names, critical=False)
    match key:
        case ec.EllipticCurvePrivateKey():
            return builder.sign(key, hashes.SHA256(), ecdsa_deterministic=True)
        case ed25519.Ed25519PrivateKey():
            return builder.sign(key, None)
        case _:
            return builder.sign(key, hashes.SHA256())


def _crl(
    spec: CrlSpec, specs: Sequence[CertificateSpec], certificates: Mapping[str, x509.Certificate]
) -> x509.CertificateRevocationList:
    unknown = [name for name in (spec.issuer, *spec.revoked) if name not in certificates]
    if unknown:
        raise UsageError(
            f"the crl {spec.name!r} names {unknown[0]!r}, but the certificates of the case are: "
            + (", ".join(certificates) or "none")
        )
    key = fixture_key(next(one.key for one in specs if one.name == spec.issuer))
    if not isinstance(key, rsa.RSAPrivateKey):
        raise UsageError(f"the crl {spec.name!r} is of an issuer without an RSA key; give {spec.issuer!r} one")
    begin = moment(spec.this_update)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(certificates[spec.issuer].subject)
        .last_update(begin)
        .next_update(moment(spec.next_update))
        .add_extension(x509.CRLNumber(1), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    )
    for name in spec.revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(certificates[name].serial_number)
        builder = builder.add_revoked_certificate(entry.revocation_date(begin - timedelta(days=1)).build())
    return builder.sign(key, hashes.SHA256())


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
            .not_valid_before(moment(spec.not_before))
            .not_valid_after(moment(spec.not_after))
        )
        for extension, critical in _extensions(spec, own, fixture_key(issuer.key).public_key()):
            builder = builder.add_extension(extension, critical)
        digest = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
        certificate = builder.sign(signer, digest)
    except ValueError as error:
        raise UsageError(f"the certificate {spec.name!r} cannot be made: {error}; correct its table") from error
    return resign(certificate, signer, spec.digest, spec.version, pss=spec.padding == "pss")


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
        extensions.append((x509.ExtendedKeyUsage(PURPOSES[name] for name in spec.purposes), False))
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
        x509.NameAttribute(NAME_TYPES[kind], value)
        for kind, values in parts.items()
        for value in ([values] if isinstance(values, str) else values)
    )


def _serial(name: str) -> int:
    """A positive serial of at most 8 octets that stays the same as long as the name does."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:7], "big") | 1
