from __future__ import annotations

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from opensslrun.data import shipped
from opensslrun.driver.openssl import OpenSSL
from opensslrun.errors import UsageError
from opensslrun.issuing.subject import Subject, parse_subject


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("/CN=device-0001", [("CN", "device-0001")]),
        ("/C=US/O=Org/CN=x", [("C", "US"), ("O", "Org"), ("CN", "x")]),
        (r"/O=a\/b\+c\=d\\e/CN=x=y", [("O", r"a/b+c=d\e"), ("CN", "x=y")]),
        ("/OU=a/OU=b/CN=Zürich 東京", [("OU", "a"), ("OU", "b"), ("CN", "Zürich 東京")]),
        ("/CN=x/emailAddress=a@b.c", [("CN", "x"), ("emailAddress", "a@b.c")]),
    ],
)
def test_a_subject_is_read_as_it_is_written(text: str, parts: list[tuple[str, str]]) -> None:
    assert list(parse_subject(text).parts) == parts


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "does not begin with a slash"),
        ("CN=x", "does not begin with a slash"),
        ("/", "an empty part"),
        ("/CN=x/", "an empty part"),
        ("//CN=x", "an empty part"),
        ("/CN", "the part 'CN' without an equals sign"),
        ("/CN=", "CN is empty"),
        ("/CN= ", "CN is empty"),
        ("/O=/CN=x", "O is empty"),
        ("/CN= x", "begins or ends with a blank"),
        ("/O=x", "has no CN part"),
        ("/CN=x/CN=y", "has 2 CN parts"),
        ("/cn=x", "the type 'cn'"),
        ("/=x", "the type ''"),
        ("/2.5.4.3=x", "the type '2.5.4.3'"),
        ("/CN=x+OU=y", r"write \+ for a plus sign"),
        ("/CN=x\\", "ends in a single backslash"),
        (r"/CN=a\b", "a backslash before a letter"),
        ("/C=USA/CN=x", "two capital letters"),
        ("/C=us/CN=x", "two capital letters"),
        ("/CN=" + "x" * 65, "65 bytes, and readers refuse more than 64"),
        ("/CN=" + "ü" * 33, "66 bytes"),
        ("/CN=a\nb", "control character"),
        ("/CN=a\0b", "control character"),
        ("/CN=a\udcff", "not UTF-8"),
        ("/CN=x/emailAddress=ü@b.c", "outside ASCII"),
        ("/CN=x/serialNumber=a_b", "this type cannot hold"),
    ],
)
def test_a_subject_that_some_version_would_change_is_refused(text: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_subject(text)
    assert says in str(caught.value)
    assert str(caught.value).isprintable()


def escaped(value: str) -> str:
    return "".join(f"\\{letter}" if letter in "\\/+=" else letter for letter in value)


VALUES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=64).filter(
    lambda text: text.isprintable() and text == text.strip() and len(text.encode()) <= 64
)


@given(VALUES, VALUES)
def test_every_value_can_be_written(one: str, other: str) -> None:
    subject = parse_subject(f"/O={escaped(one)}/CN={escaped(other)}")
    assert subject == Subject((("O", one), ("CN", other)))


@settings(max_examples=40, deadline=None)
@given(VALUES)
def test_openssl_makes_the_same_name_of_it_byte_for_byte(value: str) -> None:
    """Whatever means something in a config file: quotes, dollars, hashes, backslashes, semicolons."""
    made = request(Subject((("C", "US"), ("O", value), ("serialNumber", "1-2"), ("CN", value))))
    assert (
        made.subject.public_bytes() == Subject((("C", "US"), ("O", value), ("serialNumber", "1-2"), ("CN", value))).der
    )


def test_every_type_has_the_encoding_that_openssl_gives_it() -> None:
    kinds = ("C", "ST", "L", "O", "OU", "CN", "emailAddress", "serialNumber", "DC", "UID")
    subject = Subject(tuple((kind, "US") for kind in kinds))
    assert request(subject).subject.public_bytes() == subject.der


def request(subject: Subject) -> x509.CertificateSigningRequest:
    with TemporaryDirectory() as name:
        config = Path(name) / "request.conf"
        config.write_bytes(subject.request_config())
        key = shipped("fixtures") / "keys" / "ec-1.pem"
        argv = [str(OpenSSL().path), "req", "-new", "-config", str(config), "-key", str(key), "-sha256"]
        done = subprocess.run(argv, capture_output=True, check=True)
    return x509.load_pem_x509_csr(done.stdout)
