"""Windows builds under wine: asked and answered as on the others, and what wine is stays out of sight."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from opensslrun.bench.base import Bench, Command
from opensslrun.driver.outcome import Ending, Input
from opensslrun.targets.model import Target
from opensslrun.targets.obtain import obtain, open_bench
from opensslrun.targets.prove import prove

PHRASE = "correct horse battery"
GENRSA = "openssl genrsa -des3 -out k.key 2048"
LIVING = "for each in /proc/[0-9]*; do cat $each/comm; done"


@pytest.fixture(params=["windows-openssl-1.1.1g", "windows-openssl-3.5.5"])
def target(request: pytest.FixtureRequest, shipped: dict[str, Target]) -> Target:
    return shipped[request.param]


@pytest.fixture
def bench(target: Target) -> Iterator[Bench]:
    with open_bench(obtain(target, lambda *_: None)) as bench:
        yield bench


def test_prompts_are_answered_and_told_apart_from_standard_error(bench: Bench, target: Target) -> None:
    with bench.workspace({}) as workspace:
        seen = workspace.run(Command(GENRSA, Input.TERMINAL, (PHRASE, PHRASE), 120))
        wrong = workspace.run(Command("openssl rsa -in k.key -noout -check", Input.TERMINAL, ("a wrong one",)))
        right = workspace.run(Command("openssl rsa -in k.key -noout -check", Input.TERMINAL, (PHRASE,)))
    name = "PEM pass phrase" if target.version == "3.5.5" else "pass phrase for k.key"
    assert seen.outcome.prompts == (f"Enter {name}:", f"Verifying - Enter {name}:")
    assert b"phrase" not in seen.outcome.stderr
    assert (wrong.outcome.status, wrong.outcome.prompts) == (1, ("Enter pass phrase for k.key:",))
    assert right.outcome.stdout == b"RSA key ok\r\n"
    made = seen.files["k.key"]
    assert made.content is not None
    assert made.content.count(b"\r\n") == made.content.count(b"\n") > 10
    assert made.mode is None, "Windows has no permission bits"
    assert isinstance(load_pem_private_key(made.content, PHRASE.encode()), rsa.RSAPrivateKey)
    shown = b"".join(step.outcome.stdout + step.outcome.stderr for step in (seen, wrong, right))
    assert not any(byte < 32 and byte not in b"\r\n" for byte in shown), "no control character reaches the user"


def test_what_a_step_leaves_running_ends_and_wine_goes_on(bench: Bench) -> None:
    with bench.workspace({}) as workspace:
        workspace.run(Command("sleep 300 & sleep 301 & openssl version", Input.NONE))
        living = workspace.run(Command(LIVING, Input.NONE)).outcome.stdout.split()
        assert b"sleep" not in living
        assert b"wineserver64" in living
        workspace.run(Command("touch /tmp/left", Input.NONE))
    with bench.workspace({}) as workspace:
        listed = workspace.run(Command("ls /tmp", Input.NONE)).outcome.stdout.split()
    assert listed, "wine's own socket stays"
    assert all(name.startswith(b"wine-") for name in listed)


def test_after_a_step_that_hung_the_next_ones_work(bench: Bench) -> None:
    with bench.workspace({}) as workspace:
        assert workspace.run(Command("sleep 60", Input.TERMINAL, timeout_s=1)).outcome.ending is Ending.HUNG
        assert workspace.run(Command("kill -9 -1", Input.TERMINAL)).outcome.ending is Ending.SIGNALLED
        after = workspace.run(Command("openssl version", Input.TERMINAL)).outcome
    assert (after.ending, after.status) == (Ending.EXITED, 0)


def test_the_proof_is_of_the_program_and_not_of_what_starts_it(bench: Bench, target: Target) -> None:
    proof = prove(bench, target)
    program = "'/opt/wine/drive_c/Program Files/OpenSSL/bin/openssl.exe'"
    with bench.workspace({}) as workspace:
        seen = workspace.run(Command(f"sha256sum {program}; head -c 2 {program}", Input.NONE)).outcome.stdout
    assert seen.startswith(proof.binary_sha256.encode())
    assert seen.endswith(b"MZ"), "a Windows program"
    assert any(name.endswith("/wine64") for name, _ in proof.libraries)
    # The crate of 3.5.5 carries no openssl.cnf, its tarball does.
    assert (proof.config_sha256 is not None) or target.version == "3.5.5"
