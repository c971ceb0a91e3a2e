"""The environment in which ``openssl`` runs: the caller's, without what would change what it does."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Final

_CHANGES_OPENSSL: Final = re.compile(
    r"OPENSSL(_.*)?|LIBRESSL_.*|SSL_(CERT|CIPHER|DEBUG|CTX|TRACE|MODULES|DIR).*|SSLKEYLOGFILE|RANDFILE|RANDSRC|CTLOG_FILE"
    r"|QLOGDIR|OSSL_.*|SSLEAY_.*"
)
_CHANGES_WORDING: Final = re.compile(r"LANG|LANGUAGE|LC_.*")
_CHANGES_SHELL: Final = re.compile(r"ENV|BASH_ENV|BASH_FUNC_.*|BASHOPTS|SHELLOPTS|POSIXLY_CORRECT|PS4")


def clean_environment(base: Mapping[str, str] | None = None) -> dict[str, str]:
    """A copy of ``base`` (None: this process's environment) for running ``openssl`` in.

    ``OPENSSL_*``, ``SSL_CERT_*``, ``RANDFILE`` and their like are left out: a LibreSSL whose ``OPENSSL_CONF`` it
    cannot parse does nothing and exits 0. So is what would change a shell. ``LC_ALL`` is ``C``. Everything else
    (``PATH``, ``HOME``, ``TMPDIR``, and the variables a config file reads as ``$ENV::NAME``) is kept.
    """
    source = os.environ if base is None else base
    kept = {
        name: value
        for name, value in source.items()
        if not any(kind.fullmatch(name) for kind in (_CHANGES_OPENSSL, _CHANGES_WORDING, _CHANGES_SHELL))
    }
    return {**kept, "LC_ALL": "C"}
