"""Claim and answer of ``openssl verify``: what the tool says, and what is true."""

from __future__ import annotations

import pytest

from opensslrun.driver.outcome import Ending, Outcome
from opensslrun.facts import commandline
from opensslrun.facts.verification import verification_values


def drawn(
    stdout: str, stderr: str = "", status: int = 0, ending: Ending = Ending.EXITED, files: str = "leaf.crt"
) -> dict[str, object]:
    outcome = Outcome(ending, status, (), "", stdout.encode(), stderr.encode(), 0.0)
    return dict(verification_values(tuple(files.split()), outcome))


def answer(**said: object) -> tuple[object, object, object]:
    values = drawn(**said)  # type: ignore[arg-type]
    return values["verify.claim@leaf.crt"], values["verify.answer@leaf.crt"], values["verify.errors"]


EXPIRED = "error 10 at 0 depth lookup:certificate has expired\n"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"stdout": "leaf.crt: OK\n"}, ("ok", "ok", [])),
        ({"stdout": "leaf.crt: OK\r\n"}, ("ok", "ok", [])),
        ({"stdout": f"leaf.crt: CN = leaf\n{EXPIRED}OK\n"}, ("ok", "refused", ["10 at 0"])),
        ({"stdout": "leaf.crt: OK\n", "stderr": EXPIRED}, ("ok", "refused", ["10 at 0"])),
        ({"stdout": "error leaf.crt: verification failed\n", "stderr": f"CN = leaf\n{EXPIRED}", "status": 2},
         ("refused", "refused", ["10 at 0"])),
        ({"stdout": "", "status": 0}, ("unclear", "refused", [])),
        ({"stdout": "", "stderr": EXPIRED, "status": 0}, ("unclear", "refused", ["10 at 0"])),
        ({"stdout": "leaf.crt: OK\n", "status": 1}, ("unclear", "refused", [])),
        ({"stdout": "OK\n"}, ("unclear", "refused", [])),
        ({"stdout": "other.crt: OK\n"}, ("unclear", "refused", [])),
        ({"stdout": "leaf.crt: OK \n"}, ("unclear", "refused", [])),
        ({"stdout": " leaf.crt: OK\n"}, ("unclear", "refused", [])),
        ({"stdout": "leaf.crt: OK\n", "status": 25, "ending": Ending.SIGNALLED}, ("unclear", "refused", [])),
        ({"stdout": "leaf.crt: OK\n", "status": -1, "ending": Ending.HUNG}, ("unclear", "refused", [])),
        ({"stdout": "", "stderr": "CN = a\u2028leaf.crt: OK\n" + EXPIRED, "status": 2},
         ("refused", "refused", ["10 at 0"])),
    ],
)  # fmt: skip
def test_what_is_said_and_what_is_true(said: dict[str, object], expected: tuple[object, ...]) -> None:
    assert answer(**said) == expected


def test_each_of_several_files_has_its_own_answer() -> None:
    old = drawn(f"root.crt: OK\nleaf.crt: CN = leaf\n{EXPIRED}OK\n", files="root.crt leaf.crt")
    assert (old["verify.claim@root.crt"], old["verify.answer@root.crt"]) == ("ok", "ok")
    assert (old["verify.claim@leaf.crt"], old["verify.answer@leaf.crt"]) == ("ok", "refused")
    new = drawn("root.crt: OK\n", "error leaf.crt: verification failed\n" + EXPIRED, 2, files="root.crt leaf.crt")
    assert (new["verify.claim@root.crt"], new["verify.answer@root.crt"]) == ("ok", "ok")
    assert (new["verify.claim@leaf.crt"], new["verify.answer@leaf.crt"]) == ("refused", "refused")


def test_errors_are_told_once_and_in_order() -> None:
    text = "error 20 at 0 depth lookup: a\nerror 10 at 1 depth lookup: b\nerror 20 at 0 depth lookup: a\n"
    assert drawn("", text, 2)["verify.errors"] == ["10 at 1", "20 at 0"]


@pytest.mark.parametrize(
    ("line", "files"),
    [
        ("openssl verify -CAfile root.crt leaf.crt", ("leaf.crt",)),
        ("openssl verify -CAfile root.crt -untrusted int.crt -purpose sslclient a.crt b.crt", ("a.crt", "b.crt")),
        ("openssl verify -x509_strict -partial_chain 'my leaf.crt'", ("my leaf.crt",)),
        ("LC_ALL=C /usr/bin/openssl verify leaf.crt 2>&1 | cat", ("leaf.crt",)),
        ("openssl verify --CAfile root.crt leaf.crt && echo done", ("leaf.crt",)),
        ("openssl verify -nameopt utf8,sep_comma_plus a:b@c.crt;ls", ("a:b@c.crt",)),
        ("openssl verify '' leaf.crt", ("", "leaf.crt")),
        ("openssl x509 -in verify", ()),
        ("openssl verify", ()),
        ("openssl 'unfinished", ()),
        ("", ()),
        ("# openssl", ()),
    ],
)
def test_the_files_a_command_line_verifies(line: str, files: tuple[str, ...]) -> None:
    assert commandline.parse(line).verified == files
