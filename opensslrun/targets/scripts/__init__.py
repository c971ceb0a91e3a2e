"""Shell scripts that run in containers while images are made. Their text is part of every recipe that uses them."""

from __future__ import annotations

from pathlib import Path

from opensslrun.driver.version import Implementation
from opensslrun.errors import EnvironmentLacksError

UNPACK_SCRIPT = """\
set -eu
mkdir -p /build/unpacked /build/out/usr/bin
cd /build/unpacked
case $(od -An -N2 -tx1 /build/archive | tr -d ' ') in
    1f8b) gzip -dc /build/archive | tar -xof - ;;
    *) tar -xof /build/archive ;;
esac
mv /build/unpacked/* /build/source
cp /bin/busybox /build/out/usr/bin/busybox
"""
"""Whatever the archive's top folder is called, the source is built in one place, which the binary may record."""

INSTALL_SCRIPT = """\
set -eu
if command -v apt-get; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update
    apt-get install --yes --no-install-recommends "$@"
    rm -rf /var/lib/apt/lists /var/cache/apt/archives/*.deb
elif command -v apk; then apk add --no-cache "$@"
elif command -v dnf; then dnf install --assumeyes --setopt=install_weak_deps=False "$@" && dnf clean all
elif command -v microdnf; then microdnf install --assumeyes "$@" && microdnf clean all
elif command -v yum; then yum install --assumeyes "$@" && yum clean all
elif command -v zypper; then zypper --non-interactive install --no-recommends "$@" && zypper clean --all
else
    echo "the image has none of apt-get, apk, dnf, microdnf, yum, zypper" >&2
    exit 1
fi
"""
"""Installs the packages named as arguments with whichever package manager the image has."""

LIBRARIES_PACKAGE = "libc-bin"
"""Debian's and Ubuntu's package with ``ldconfig`` and its settings; installing it, or any library, runs that."""

LIBRARIES_COMMAND = ("ldconfig", "-X")
"""Writes the cache of libraries. Links stay as the packages have them."""


_BUILD_SCRIPTS = {
    (Implementation.OPENSSL, "linux"): "openssl.sh",
    (Implementation.OPENSSL, "windows"): "openssl-windows.sh",
    (Implementation.LIBRESSL, "linux"): "libressl.sh",
}


def build_script(implementation: Implementation, platform: str) -> str:
    """The script that builds this implementation for this platform in a builder container.

    Raises EnvironmentLacksError when there is none.
    """
    name = _BUILD_SCRIPTS.get((implementation, platform))
    if name is None:
        known = ", ".join(f"{each} for {system}" for each, system in _BUILD_SCRIPTS)
        raise EnvironmentLacksError(f"no script builds {implementation} for {platform}; there are scripts for {known}")
    return _text(name)


def prepare_script(name: str) -> str:
    """The script that prepares a builder of this kind (:attr:`~opensslrun.targets.model.Builder.prepare`)."""
    return _text(f"prepare-{name}.sh")


def _text(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
