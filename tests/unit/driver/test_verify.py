from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from opensslrun.driver.openssl import OpenSSL
from opensslrun.driver.outcome import Input
from opensslrun.errors import CommandHungError, UsageError

Pki = Callable[[str], Path]
FakeMaker = Callable[[str], Path]


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    """A root, an intermediate, a leaf, an expired leaf and a stranger, made by the host's openssl."""
    work = tmp_path_factory.mktemp("pki")
    openssl = OpenSSL()

    def run(line: str) -> None:
        outcome = openssl.run(line.split(), input=Input.NONE, cwd=work)
        assert outcome.status == 0, outcome.stderr_text

    (work / "ca.ext").write_text("basicConstraints = critical,CA:true\n")
    (work / "leaf.ext").write_text("basicConstraints = CA:false\n")
    begin = "[req]\ndistinguished_name = dn\nx509_extensions = ca\n[dn]\n[ca]\n"
    (work / "empty.cnf").write_text(begin + "basicConstraints = CA:true\n")
    for name in ("root", "stranger"):
        run(f"req -config empty.cnf -x509 -newkey rsa:2048 -nodes -keyout {name}.key -subj /CN={name} -out {name}.pem")
    for name, issuer, kind in (("middle", "root", "ca"), ("leaf", "middle", "leaf"), ("expired", "middle", "leaf")):
        run(f"req -config empty.cnf -new -newkey rsa:2048 -nodes -keyout {name}.key -subj /CN={name} -out {name}.csr")
        days = "-1" if name == "expired" else "30"
        serial = f"-set_serial {len(name)}"
        run(
            f"x509 -req -in {name}.csr -CA {issuer}.pem -CAkey {issuer}.key {serial} -extfile {kind}.ext -days {days} "
            f"-out {name}.pem"
        )
    return lambda name: work / f"{name}.pem"


def test_a_whole_chain_is_ok(pki: Pki) -> None:
    result = OpenSSL().verify(pki("leaf"), pki("root"), [pki("middle")])
    assert (result.ok, result.claimed_ok, result.errors) == (True, True, ())


@pytest.mark.parametrize(("leaf", "untrusted", "number"), [("leaf", [], 20), ("expired", ["middle"], 10)])
def test_a_chain_that_does_not_hold_is_refused_with_its_number(
    pki: Pki, leaf: str, untrusted: list[str], number: int
) -> None:
    result = OpenSSL().verify(pki(leaf), pki("root"), [pki(name) for name in untrusted])
    assert not result.ok
    assert number in {error.number for error in result.errors}
    assert f"error {number} at depth 0" in result.sentence


def test_a_stranger_is_refused_and_several_untrusted_files_are_all_used(pki: Pki) -> None:
    openssl = OpenSSL()
    assert not openssl.verify(pki("leaf"), pki("stranger"), [pki("middle")]).ok
    assert openssl.verify(pki("leaf"), pki("root"), [pki("middle"), pki("stranger")]).ok
    assert openssl.verify(pki("leaf"), pki("root"), [pki("stranger"), pki("middle")]).ok


def test_only_the_given_roots_are_trusted_and_not_the_systems(
    pki: Pki, tmp_path: Path, fake: FakeMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`openssl verify -CAfile` by itself also trusts what lies in the system's directory."""
    real = OpenSSL()
    digest = real.run(["x509", "-in", str(pki("stranger")), "-noout", "-hash"], input=Input.NONE).stdout_text.strip()
    shutil.copy(pki("stranger"), tmp_path / f"{digest}.0")
    monkeypatch.setenv("VERSION", str(real.version.version))
    openssl = OpenSSL(fake(f'export SSL_CERT_DIR={tmp_path}; exec "$REAL" "$@"'))
    by_itself = openssl.run(["verify", "-CAfile", str(pki("root")), str(pki("stranger"))], input=Input.NONE)
    assert (by_itself.status, by_itself.stdout_text) == (0, f"{pki('stranger')}: OK\n")
    result = openssl.verify(pki("stranger"), pki("root"))
    assert not result.ok
    assert [error.number for error in result.errors] == [18]


def test_a_name_that_lies_is_believed_nothing(pki: Pki, tmp_path: Path) -> None:
    for name in ("x\ncertificate.pem: OK\n.pem", "-help", "a: OK", "error 10 at 0 depth lookup: x"):
        bad, good = tmp_path / name, tmp_path / f"{name} good"
        shutil.copy(pki("expired"), bad)
        shutil.copy(pki("leaf"), good)
        assert not OpenSSL().verify(bad, pki("root"), [pki("middle")]).ok
        result = OpenSSL().verify(good, pki("root"), [pki("middle")])
        assert result.ok
        assert "\n" not in result.sentence


def test_a_subject_that_lies_is_believed_nothing(pki: Pki, tmp_path: Path) -> None:
    work = pki("leaf").parent
    conf = tmp_path / "lie.cnf"
    begin = "[req]\nprompt = no\ndistinguished_name = dn\nx509_extensions = e\n[e]\n[dn]\n"
    conf.write_text(begin + "CN = x\\ncertificate.pem: OK\\nx\n")
    words = f"req -x509 -config {conf} -newkey rsa:2048 -nodes -keyout lie.key -out lie.pem".split()
    assert OpenSSL().run(words, input=Input.NONE, cwd=work).status == 0
    result = OpenSSL().verify(work / "lie.pem", pki("root"))
    assert (result.ok, result.claimed_ok) == (False, False)
    read = OpenSSL().read_certificate(work / "lie.pem")
    assert read.subject.startswith("CN=x\\0A")


# What LibreSSL 3.0.2 was measured to print, with exit status 0.
FALSE_OK = """\
for last; do :; done
printf '%s: ' "$last"
echo 'C = US, CN = leaf
error 10 at 0 depth lookup:certificate has expired
OK'
"""


def test_the_false_ok_of_old_libressl_is_caught(pki: Pki, fake: FakeMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERSION", "LibreSSL 3.0.2")
    result = OpenSSL(fake(FALSE_OK)).verify(pki("expired"), pki("root"), [pki("middle")])
    assert (result.ok, result.claimed_ok) == (False, True)
    assert [(error.number, error.text) for error in result.errors] == [(10, "certificate has expired")]


@pytest.mark.parametrize(
    "script", ["exit 0", "echo OK", 'echo "$2: OK"', 'for last; do :; done; echo "$last: OK"; exit 1']
)
def test_a_binary_that_says_less_than_it_must_is_not_believed(pki: Pki, fake: FakeMaker, script: str) -> None:
    assert not OpenSSL(fake(script)).verify(pki("leaf"), pki("root")).ok


def test_a_verify_that_hangs_is_an_error_and_no_answer(
    pki: Pki, fake: FakeMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opensslrun.driver.openssl._READ_TIMEOUT_S", 0.5)
    with pytest.raises(CommandHungError, match="did not end"):
        OpenSSL(fake("sleep 60")).verify(pki("leaf"), pki("root"))


@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_file_that_is_no_certificate_is_named(pki: Pki, tmp_path: Path, which: int) -> None:
    (tmp_path / "not.pem").write_text("hello\n")
    paths = [pki("leaf"), pki("root"), pki("middle")]
    paths[which] = tmp_path / "not.pem"
    with pytest.raises(UsageError, match=r"not\.pem holds no certificate in PEM format"):
        OpenSSL().verify(paths[0], paths[1], [paths[2]])
