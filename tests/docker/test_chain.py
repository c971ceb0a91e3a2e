"""``opensslrun chain`` by real binaries of other versions: the same answer everywhere, false OKs included."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensslrun.cases.load import load_case
from opensslrun.cli.main import main
from opensslrun.data import shipped

TARGETS = ("libressl-3.0.2", "openssl-1.1.1g", "debian-12")


def chain(tmp_path: Path, case: str) -> str:
    files = load_case(shipped("cases") / f"{case}.toml").files
    path = tmp_path / "chain.pem"
    path.write_bytes(files["client.crt"] + files["chain.pem"] + files["root.crt"])
    return str(path)


@pytest.mark.parametrize("target", TARGETS)
def test_a_good_chain_is_good_on_every_version(tmp_path: Path, target: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chain", "-t", target, chain(tmp_path, "chain-good")]) == 0
    shown = capsys.readouterr().out
    assert shown.count("ok ") == 3
    assert "BAD" not in shown


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("case", ["chain-expired-client", "chain-expired-intermediate", "chain-wrong-issuer-key"])
def test_a_bad_one_is_refused_on_every_version(tmp_path: Path, target: str, case: str) -> None:
    assert main(["chain", "-t", target, chain(tmp_path, case)]) == 1
