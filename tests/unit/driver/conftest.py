from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT_CONF = """\
[req]
default_bits = 2048
prompt = no
default_md = sha256
req_extensions = req_ext
x509_extensions= v3_ca
# subject distinguished name
distinguished_name = dn

[dn]
C = US
O = Organization
CN = www.organization.test.com

[req_ext]
subjectAltName = @alt_names

[ v3_ca ]
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid:always,issuer:always
basicConstraints = CA:true

[alt_names]
DNS.1 = test.example.com
"""


@pytest.fixture
def root_conf(tmp_path: Path) -> Path:
    path = tmp_path / "root.conf"
    path.write_text(ROOT_CONF)
    return path


FakeMaker = Callable[[str], Path]


@pytest.fixture
def fake(tmp_path: Path) -> FakeMaker:
    """Makes a program that stands in for openssl, for faults that a real one does not show on demand.

    It answers `version` as OpenSSL 3.0.2 does; for everything else the given shell text runs, in which $REAL is
    the real openssl, $1 the command and $OUT what follows -out.
    """

    def make(script: str) -> Path:
        path = tmp_path / "fake" / "openssl"
        path.parent.mkdir(exist_ok=True)
        begin = textwrap.dedent(
            """\
            #!/bin/sh
            REAL=$(command -v openssl)
            [ "$1" = version ] && { echo "${VERSION:-OpenSSL 3.0.2 15 Mar 2022}"; exit 0; }
            take=; for word; do [ "$take" ] && { OUT=$word; take=; }; [ "$word" = -out ] && take=1; done
            """
        )
        path.write_text(begin + textwrap.dedent(script))
        path.chmod(0o755)
        return path

    return make
