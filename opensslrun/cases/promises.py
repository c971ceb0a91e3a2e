"""From what a case file says is promised to facts and the values they must have."""

from __future__ import annotations

from collections.abc import Iterator

from opensslrun.cases.model import Promise
from opensslrun.cases.schema import CertificatePromise, Expect, KeyPromise


def promises_of(expect: Expect) -> tuple[Promise, ...]:
    """All promises of one step, the exit status first."""
    return tuple(_all(expect))


def _all(expect: Expect) -> Iterator[Promise]:
    yield _exit_status(expect)
    if expect.creates:
        names = ", ".join(expect.creates)
        yield Promise("files.created", {"contains": list(expect.creates)}, f"{names} is made")
        for name in expect.creates:
            yield Promise(f"file.kind@{name}", "file", f"{name} is a file")
        yield Promise("files.empty", {"lacks": list(expect.creates)}, f"{names} is not empty")
    if expect.creates_nothing:
        yield Promise("files.created", [], "no file is made")
    if expect.certificate is not None:
        yield from _certificate(expect.certificate)
    if expect.key is not None:
        yield from _key(expect.key)
    for name, answer in expect.verify.items():
        sentence = f"{name} is accepted" if answer == "ok" else f"{name} is refused"
        yield Promise(f"verify.claim@{name}", answer, sentence)
    for fact, value in expect.facts.items():
        yield Promise(fact, value, f"{fact} is {value!r}")


def _exit_status(expect: Expect) -> Promise:
    if expect.fails:
        return Promise("exit_status", {"between": [1, 255]}, "the command fails")
    status = expect.exit_status or 0
    return Promise("exit_status", status, "the command succeeds" if status == 0 else f"it exits with {status}")


def _certificate(said: CertificatePromise) -> Iterator[Promise]:
    if said.ca is not None:
        kind = "a CA certificate" if said.ca else "no CA certificate"
        yield Promise(f"certificate.ca@{said.file}", said.ca, f"{said.file} is {kind}")
    if said.validity_days is not None:
        fact = f"certificate.validity_days@{said.file}"
        yield Promise(fact, said.validity_days, f"{said.file} is valid for {said.validity_days} days")
    if said.key_bits is not None:
        fact = f"certificate.key_bits@{said.file}"
        yield Promise(fact, said.key_bits, f"{said.file} holds a key of {said.key_bits} bits")
    if said.self_signed is not None:
        fact = f"certificate.self_signed@{said.file}"
        yield Promise(fact, said.self_signed, f"{said.file} is {'' if said.self_signed else 'not '}self-signed")


def _key(said: KeyPromise) -> Iterator[Promise]:
    if said.bits is not None:
        yield Promise(f"key.bits@{said.file}", said.bits, f"{said.file} is a key of {said.bits} bits")
    if said.encrypted is not None:
        word = "is" if said.encrypted else "is not"
        yield Promise(f"key.encrypted@{said.file}", said.encrypted, f"{said.file} {word} encrypted")
