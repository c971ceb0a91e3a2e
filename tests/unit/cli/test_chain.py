from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from opensslrun.cases.fixtures import build
from opensslrun.cases.specs import CertificateSpec, Specs
from opensslrun.cli.main import main

Write = Callable[..., str]


def spec(name: str, key: str, issuer: str | None = None, **more: object) -> CertificateSpec:
    table: dict[str, object] = {
        "name": name,
        "subject": {"CN": name},
        "key": key,
        "issuer": issuer,
        "not_before": date(2020, 1, 1),
        "not_after": date(2049, 1, 1),
        "ca": name not in {"leaf", "old"},
        **more,
    }
    return CertificateSpec.model_validate(table)


SPECS = [
    spec("root", "rsa-1"),
    spec("between", "rsa-2", "root"),
    spec("leaf", "rsa-3", "between"),
    spec("old", "rsa-3", "between", not_after=date(2021, 1, 1)),
    spec("renewed", "rsa-3", "root", subject={"CN": "between"}),
    spec("md5", "rsa-3", "between", digest="md5", ca=False),
]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def chain(*parts: str) -> str:
        path = tmp_path / ("-".join(parts).replace(":", "") + ".pem")
        path.write_bytes(build(Specs(tuple(SPECS)), {path.name: parts})[path.name])
        return str(path)

    return chain


def test_a_good_chain_ends_in_the_root_of_the_file_or_of_ca_file(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["chain", write("leaf", "between", "root")]) == 0
    assert "The root is certificate 3 (CN=root), in the file." in capsys.readouterr().out
    assert main(["chain", write("leaf", "between"), "--ca-file", write("root")]) == 0
    assert "The root is the CA file's certificate 1 (CN=root), from --ca-file." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("parts", "problem", "says", "openssl_ok"),
    [
        (("leaf", "root", "between"), "wrong order", "put that one directly after it", True),
        (("root", "between", "leaf"), "wrong order", "move it to the end", True),
        (("leaf", "root"), "missing issuer", "CN=between is missing", False),
        (("leaf", "between", "between", "root"), "duplicate", "remove one", True),
        (("leaf", "renewed", "root"), "other key", "another key made the signature", False),
        (("leaf", "between"), "missing issuer", "--ca-file", None),
    ],
)
def test_a_broken_link_says_what_to_do(
    write: Write,
    capsys: pytest.CaptureFixture[str],
    parts: tuple[str, ...],
    problem: str,
    says: str,
    openssl_ok: bool | None,
) -> None:
    assert main(["chain", "--format", "json", write(*parts)]) == 1
    document = json.loads(capsys.readouterr().out)
    broken = [link for link in document["links"] if link["problem"]]
    assert broken[0]["problem"] == problem
    assert says in broken[0]["sentence"]
    assert (document["verify"] and document["verify"]["ok"]) == openssl_ok
    assert bool(document["disagreement"]) == bool(openssl_ok)


def test_a_link_signed_with_md5_or_pss_or_ed25519_is_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for more in ({"digest": "md5"}, {"padding": "pss"}, {"signed_with": "rsa-1"}):
        specs = Specs((spec("root", "rsa-1"), spec("leaf", "rsa-3", "root", ca=False, **more)))
        path = tmp_path / "chain.pem"
        path.write_bytes(build(specs, {"f": ["leaf", "root"]})["f"])
        main(["chain", "--format", "json", str(path)])
        assert json.loads(capsys.readouterr().out)["links"][0]["signature"] is True, more
    specs = Specs((spec("root", "ed25519-1"), spec("leaf", "ec-1", "root", ca=False)))
    path.write_bytes(build(specs, {"f": ["damaged:leaf", "root"]})["f"])
    assert main(["chain", "--format", "json", str(path)]) == 1
    assert json.loads(capsys.readouterr().out)["links"][0]["problem"] == "other key"


def test_an_expired_certificate_is_refused_in_openssls_words(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chain", write("old", "between", "root")]) == 1
    shown = capsys.readouterr().out
    assert "BAD" not in shown
    assert "certificate has expired (error 10 at depth 0)" in shown
    assert "The two disagree: every link holds" in shown


@pytest.mark.parametrize(
    ("content", "says"), [(b"", "is empty"), (b"\x30\x03\x02\x01\x01", "is DER"), (b"hello", "holds no certificate")]
)
def test_a_file_that_is_no_chain_is_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, says: str
) -> None:
    (tmp_path / "chain.pem").write_bytes(content)
    assert main(["chain", str(tmp_path / "chain.pem")]) == 2
    assert says in capsys.readouterr().err


def test_a_private_key_in_the_file_is_refused(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chain", write("leaf", "key:rsa-3")]) == 2
    assert "holds a private key" in capsys.readouterr().err
