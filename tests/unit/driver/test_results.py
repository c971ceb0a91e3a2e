from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from opensslrun.driver.outcome import Ending, Outcome
from opensslrun.driver.results import (
    VerifyError,
    read_bits,
    read_certificate_printed,
    read_verification,
    require_success,
    said,
)
from opensslrun.errors import CommandFailedError, CommandHungError

HERE = Path("/somewhere/leaf.pem")
PUBLIC = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"


def outcome(
    status: int = 0,
    stdout: str = "",
    stderr: str | bytes = "",
    *,
    ending: Ending = Ending.EXITED,
    prompts: tuple[str, ...] = (),
    unanswered: str = "",
) -> Outcome:
    raw = stderr.encode() if isinstance(stderr, str) else stderr
    return Outcome(ending, status, prompts, unanswered, stdout.encode(), raw, 1.0)


def test_a_plain_ok_is_ok() -> None:
    result = read_verification(HERE, "certificate.pem", outcome(stdout="certificate.pem: OK\n"))
    assert (result.ok, result.claimed_ok, result.errors) == (True, True, ())
    assert result.sentence == "/somewhere/leaf.pem: OK"


def test_the_windows_line_end_is_no_difference() -> None:
    assert read_verification(HERE, "certificate.pem", outcome(stdout="certificate.pem: OK\r\n")).ok


# Both shapes of LibreSSL 3.0.2's false OK; which stream has the error lines differs between versions.
SPLIT = "certificate.pem: C = US, CN = leaf\nerror 10 at 0 depth lookup:certificate has expired\nOK\n"


@pytest.mark.parametrize(
    ("stdout", "stderr"),
    [
        (SPLIT, ""),
        ("certificate.pem: OK\n", "C = US, CN = leaf\nerror 10 at 0 depth lookup:certificate has expired\n"),
        ("certificate.pem: C = US, CN = leaf\nOK\n", "error 10 at 0 depth lookup: certificate has expired\n"),
    ],
)
def test_an_ok_beside_an_error_is_claimed_and_not_true(stdout: str, stderr: str) -> None:
    result = read_verification(HERE, "certificate.pem", outcome(0, stdout, stderr))
    assert (result.ok, result.claimed_ok) == (False, True)
    assert result.errors == (VerifyError(10, 0, "certificate has expired"),)
    assert "although openssl says OK" in result.sentence


@pytest.mark.parametrize(
    "told",
    [
        outcome(0),
        outcome(0, stdout="other.pem: OK\n"),
        outcome(0, stdout="certificate.pem: OK, nearly\n"),
        outcome(0, stdout="OK\n"),
        outcome(1, stdout="certificate.pem: OK\n"),
        outcome(9, stdout="certificate.pem: OK\n", ending=Ending.SIGNALLED),
        outcome(-1, stdout="certificate.pem: OK\n", ending=Ending.HUNG),
    ],
)
def test_nothing_short_of_status_0_and_its_own_line_is_ok(told: Outcome) -> None:
    result = read_verification(HERE, "certificate.pem", told)
    assert (result.ok, result.claimed_ok) == (False, False)


def test_every_error_is_kept_in_order() -> None:
    stderr = (
        "CN = leaf\nerror 20 at 0 depth lookup: unable to get local issuer certificate\n"
        "error 21 at 1 depth lookup: unable to verify the first certificate\n"
        "error certificate.pem: verification failed\n"
    )
    result = read_verification(HERE, "certificate.pem", outcome(2, stderr=stderr))
    assert [(error.number, error.depth) for error in result.errors] == [(20, 0), (21, 1)]


@pytest.mark.parametrize(
    ("text", "bits"),
    [
        ("Public-Key: (4096 bit)\nModulus:", 4096),
        ("RSA Public-Key: (2048 bit)\n", 2048),
        ("Public-Key: (2048 bit, 2 primes)\n", 2048),
        ("ED25519 Public-Key:\npub:\n", None),
        ("x Public-Key: (1 bit) y\n Public-Key: (2 bit)\n", 1),
    ],
)
def test_the_size_of_a_key_is_read_in_every_wording(text: str, bits: int | None) -> None:
    assert read_bits(text) == bits


@pytest.mark.parametrize("blank", ["", " "])
def test_a_certificate_is_read_as_both_implementations_print_it(blank: str) -> None:
    stdout = (
        f"subject={blank}CN=a,O=b=c\nissuer={blank}CN=root\nserial=0A\nnotBefore=Nov  4 01:02:03 2026 GMT\n"
        "notAfter=Dec 31 23:59:59 9999 GMT\nCertificate purposes:\nCRL signing CA : No\n" + PUBLIC
    )
    for text in (stdout, stdout.replace("\n", "\r\n")):
        read = read_certificate_printed(HERE, b"der", outcome(stdout=text), "reading")
        assert (read.subject, read.issuer, read.serial, read.ca) == ("CN=a,O=b=c", "CN=root", 10, False)
        assert read.not_before == datetime(2026, 11, 4, 1, 2, 3, tzinfo=UTC)
        assert read.not_after == datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    "missing", ["subject", "issuer", "serial", "notBefore", "notAfter", "CRL signing CA", "-----END"]
)
def test_a_certificate_that_is_not_wholly_told_is_an_error(missing: str) -> None:
    stdout = (
        "subject=CN=a\nissuer=CN=root\nserial=0A\nnotBefore=Nov  4 01:02:03 2026 GMT\n"
        "notAfter=Dec 31 23:59:59 9999 GMT\nCRL signing CA : Yes\n" + PUBLIC
    )
    text = "".join(line for line in stdout.splitlines(keepends=True) if not line.startswith(missing))
    with pytest.raises(CommandFailedError, match="reading exited with 0"):
        read_certificate_printed(HERE, b"der", outcome(stdout=text), "reading")


def test_each_way_of_ending_badly_has_its_sentence() -> None:
    require_success(outcome(0), "openssl genrsa")
    with pytest.raises(CommandFailedError, match="openssl genrsa failed with exit status 1: no room"):
        require_success(outcome(1, stderr="no room\n"), "openssl genrsa")
    with pytest.raises(CommandFailedError, match="ended by signal 25"):
        require_success(outcome(25, ending=Ending.SIGNALLED), "openssl genrsa")
    with pytest.raises(CommandHungError, match="did not end within 1 s; it was ended"):
        require_success(outcome(-1, ending=Ending.HUNG), "openssl genrsa")
    with pytest.raises(CommandHungError, match=r"after 'PIN> '"):
        require_success(outcome(-1, ending=Ending.HUNG, unanswered="PIN> "), "openssl genrsa")
    asked = outcome(-1, ending=Ending.HUNG, prompts=("Enter PIN:",), unanswered="Enter PIN:")
    with pytest.raises(CommandHungError, match="asked once more than expected: Enter PIN:"):
        require_success(asked, "openssl genrsa")


def test_a_failure_is_told_in_openssls_own_words_first() -> None:
    stderr = (
        "Enter pass phrase for a.key:\nCould not read private key from a.key\n"
        "4047E5F93E7F0000:error:1C800064:Provider routines:ossl_cipher_unpadblock:bad decrypt:a/b.c:129:\n"
    )
    assert said(outcome(1, stderr=stderr)) == "Could not read private key from a.key; bad decrypt"
    assert said(outcome(1)) == "it said nothing"


def test_what_would_steer_a_terminal_is_not_passed_on() -> None:
    text = said(outcome(1, stderr=b"bad \x1b[2J\xff name\r\n" + b"x" * 5000))
    assert "\x1b" not in text
    assert text.startswith("bad \\x1b[2J\\xff name")
    assert len(text) <= 300
