from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from opensslrun.driver.openssl import OpenSSL
from opensslrun.driver.outcome import Outcome
from opensslrun.driver.passphrase import PassPhrase
from opensslrun.driver.process import run_line
from opensslrun.driver.rootca import make_root_ca
from opensslrun.driver.runner import CarryingRunner, Errand, Product, Source, Task, spelled
from opensslrun.errors import UsageError


class OtherPlace:
    """A directory of its own to which files are carried, as a bench has one."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.errands: list[Errand] = []

    def __call__(self, errand: Errand) -> tuple[Outcome, Mapping[str, bytes]]:
        work = self.root / str(len(self.errands))
        work.mkdir(parents=True)
        self.errands.append(errand)
        for name, content in errand.files.items():
            (work / name).write_bytes(content)
        outcome = run_line(
            errand.line, cwd=work, input=errand.input, answers=errand.answers, timeout_s=errand.timeout_s
        )
        return outcome, {path.name: path.read_bytes() for path in work.iterdir()}


def test_a_name_is_written_as_in_the_document_where_that_is_safe(tmp_path: Path) -> None:
    task = Task((), tmp_path)
    assert spelled(task, Source(tmp_path / "root.conf")) == "root.conf"
    assert spelled(task, Product(tmp_path / "-out.key")) == f"{tmp_path}/-out.key"
    assert spelled(task, Source(Path("/etc/root.conf"))) == "/etc/root.conf"
    assert spelled(task, "-out") == "-out"


def test_a_root_ca_is_made_in_another_place_by_the_guides_lines(tmp_path: Path, root_conf: Path) -> None:
    place = OtherPlace(tmp_path / "place")
    (tmp_path / "out").mkdir()
    openssl = OpenSSL(runner=CarryingRunner("openssl of elsewhere", place))
    made = make_root_ca(
        openssl, config=root_conf, out_dir=tmp_path / "out", pass_phrase=lambda: PassPhrase("correct horse"), bits=2048
    )
    lines = [errand.line for errand in place.errands]
    assert "umask 077; openssl genrsa -des3 -out rootCA.key 2048" in lines
    assert (
        "umask 077; openssl req -x509 -config root.conf -new -nodes -key rootCA.key -sha256 -days 1024 -out rootCA.crt"
        in lines
    )
    assert made.certificate.ca
    assert openssl.path is None
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["rootCA.crt", "rootCA.key"]
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "out").iterdir()} == {0o600}
    assert openssl.verify(made.certificate.path, made.certificate.path).ok
    assert not any("correct horse" in repr(errand) for errand in place.errands)


def test_odd_names_travel_under_plain_ones(tmp_path: Path) -> None:
    place = OtherPlace(tmp_path / "place")
    odd = [tmp_path / name for name in ("-in\n$(touch gone).pem", "a b.pem", "a_b.pem", "ä.pem")]
    for path in odd:
        path.write_bytes(b"x")
    words = tuple(Source(path) for path in odd)
    CarryingRunner("elsewhere", place).run(Task(("version", *words), tmp_path))
    (errand,) = place.errands
    assert len(errand.files) == 4
    assert all(name.isascii() and " " not in name and "\n" not in name for name in errand.files)
    assert "touch gone)" not in errand.line
    assert not any(name.startswith("-") for name in errand.files)


def test_a_file_that_cannot_be_carried_is_a_sentence(tmp_path: Path) -> None:
    place = OtherPlace(tmp_path / "place")
    with pytest.raises(UsageError, match=r"none\.pem could not be read"):
        CarryingRunner("elsewhere", place).run(Task(("version", Source(tmp_path / "none.pem")), tmp_path))
    assert place.errands == []


def test_what_was_not_made_there_is_not_made_here(tmp_path: Path) -> None:
    place = OtherPlace(tmp_path / "place")
    CarryingRunner("elsewhere", place).run(Task(("version", "-x", Product(tmp_path / "made")), tmp_path))
    assert not (tmp_path / "made").exists()
