"""Of which steps and platforms an entry of the catalogue speaks."""

from __future__ import annotations

import pytest

from opensslrun.driver.version import Implementation, Version
from opensslrun.judge.schema import Shown, Where

VERSION = Version.parse(Implementation.OPENSSL, "1.1.1g")


@pytest.mark.parametrize(
    ("run", "meant"),
    [
        ("openssl x509 -subject", True),
        ("openssl x509 -subject | tr -d '\\r' | cat", False),
        ("umask 077; openssl x509", False),
    ],
)
def test_a_place_leaves_out_what_follows_the_advice(run: str, meant: bool) -> None:
    assert Where(run="openssl *", unless="* | tr -d '\\r' *").is_at("1", run) is meant


@pytest.mark.parametrize(
    ("platform", "on", "meant"),
    [
        ("*", "windows", True),
        ("windows", "windows", True),
        ("windows", "linux", False),
        (["linux", "*bsd"], "openbsd", True),
        (["linux", "*bsd"], "windows", False),
    ],
)
def test_a_value_is_shown_on_its_platforms_only(platform: str | list[str], on: str, meant: bool) -> None:
    shown = Shown(fact="exit_status", on="OpenSSL", platform=platform, value=1)
    assert shown.is_on("t", VERSION, on) is meant
