"""A root CA by the guide's two commands: a key and a certificate that appear together or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from opensslrun.driver.inputs import check_bits, check_days
from opensslrun.driver.newfiles import NewFiles
from opensslrun.driver.openssl import OpenSSL
from opensslrun.driver.passphrase import PassPhrase
from opensslrun.driver.results import Certificate, Key
from opensslrun.driver.rootconf import check_root_conf
from opensslrun.errors import CommandFailedError

KEY_NAME: Final = "rootCA.key"
CERTIFICATE_NAME: Final = "rootCA.crt"


@dataclass(frozen=True, slots=True)
class RootCA:
    """A root CA's two files."""

    key: Key
    certificate: Certificate


def make_root_ca(
    openssl: OpenSSL,
    *,
    config: Path,
    out_dir: Path,
    pass_phrase: Callable[[], PassPhrase],
    bits: int = 4096,
    days: int = 1024,
    force: bool = False,
) -> RootCA:
    """Make ``rootCA.key`` and ``rootCA.crt`` in ``out_dir``.

    Everything that can be refused is refused first; then ``pass_phrase`` is asked for, and the two commands run.
    The key is moved into place before the certificate, so a certificate is never there without its key; only a
    sudden end of this process between the two moves can leave the key alone. Raises UsageError for a bad config
    file or directory, WouldOverwriteError when one of the two is there and not ``force``, and what the commands
    raise.
    """
    out_dir = out_dir.absolute()
    check_bits(bits)
    check_days(days)
    check_root_conf(config)
    with NewFiles(out_dir, [KEY_NAME, CERTIFICATE_NAME], force=force) as new:
        _ = openssl.version
        secret = pass_phrase()
        key = openssl.genrsa(new.private / KEY_NAME, bits, pass_phrase=secret)
        certificate = openssl.req_x509(config, key.path, new.private / CERTIFICATE_NAME, days, pass_phrase=secret)
        if not certificate.ca:
            raise CommandFailedError(
                f"the certificate made from {config} is not a CA certificate, so nothing was kept; "
                "write 'basicConstraints = CA:true' in the section that x509_extensions names"
            )
        new.publish()
    return RootCA(replace(key, path=out_dir / KEY_NAME), replace(certificate, path=out_dir / CERTIFICATE_NAME))
