"""A wrong pass phrase on every built version: one class, although one key in 256 fails with other words."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensslrun.bench.base import Command
from opensslrun.cases.load import load_case
from opensslrun.data import shipped
from opensslrun.driver.outcome import Input
from opensslrun.facts.extract import extract
from opensslrun.targets.load import load_targets
from opensslrun.targets.obtain import obtain, open_bench

KEY = Path(__file__).parents[2] / "unit" / "facts" / "wrong_pass_phrase.key"
LINE = "openssl rsa -in k.key -out plain.key"
PHRASES = ("just wrong", "wrong phrase 198", "wrong phrase 757", "wrong phrase 96937")
"""The key, decrypted with the numbered ones, has a valid padding by chance (the last also begins like DER)."""


@pytest.mark.parametrize("name", ["debian-12", "openssl-1.1.1g", "libressl-3.0.2"])
@pytest.mark.parametrize("kind", [Input.TERMINAL, Input.LINES])
def test_a_wrong_pass_phrase_has_one_class_whatever_the_padding(name: str, kind: Input) -> None:
    (target,) = [target for target in load_targets() if target.id == name]
    gating: set[str] = set()
    wordings: set[str] = set()
    with open_bench(obtain(target, lambda *_: None)) as bench:
        for phrase in PHRASES:
            with bench.workspace({"k.key": KEY.read_bytes()}) as workspace:
                seen = workspace.run(Command(LINE, kind, (phrase,)))
            facts = extract(LINE, frozenset(), {"k.key": seen.files["k.key"]}, seen, ())
            gating.add(str({name: fact.value for name, fact in facts.items() if fact.gates}))
            wordings.add(str(facts["stderr"].value))
            assert "wrong pass phrase" in str(facts["stderr.classes"].value)
    assert len(gating) == 1
    assert len(wordings) > 1


@pytest.mark.parametrize(
    ("name", "claim"), [("debian-12", "refused"), ("openssl-1.1.1g", "refused"), ("libressl-3.0.2", "ok")]
)
def test_an_expired_certificate_is_refused_whatever_is_claimed(name: str, claim: str) -> None:
    (target,) = [target for target in load_targets() if target.id == name]
    files = load_case(shipped("cases") / "verify-expired.toml").files
    line = "openssl verify -CAfile root.crt root.crt leaf.crt"
    with open_bench(obtain(target, lambda *_: None)) as bench, bench.workspace(files) as workspace:
        facts = extract(line, frozenset(), {}, workspace.run(Command(line)), ())
    assert facts["verify.errors"].value == ["10 at 0"]
    assert facts["verify.claim@leaf.crt"].value == claim
    assert facts["verify.answer@leaf.crt"].value == "refused"
    assert (facts["verify.claim@root.crt"].value, facts["verify.answer@root.crt"].value) == ("ok", "ok")
