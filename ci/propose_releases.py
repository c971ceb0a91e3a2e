"""Say which releases of OpenSSL and LibreSSL are newer than the targets of their line, as tables to review and add.

Usage: ``python ci/propose_releases.py [--openssl URL] [--libressl URL]``. Everything comes from what the projects
publish themselves: releases and checksums of OpenSSL from its releases on GitHub, those of LibreSSL from the SHA256
file beside its tarballs. Nothing is written; a proposal is added by a person, after a run of it.

Exit status: 0 when there is nothing newer, 1 when something is proposed, 3 when a project could not be read.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from opensslrun.driver.version import Implementation, Version
from opensslrun.targets.load import load_targets

OPENSSL = "https://api.github.com/repos/openssl/openssl/releases?per_page=100"
LIBRESSL = "https://ftp.openbsd.org/pub/OpenBSD/LibreSSL/"
TIMEOUT_S = 20.0

_TAG = re.compile(r"(?:openssl-(?P<new>\d+\.\d+\.\d+)|OpenSSL_(?P<old>1_1_1[a-z]*))\Z")
_SUM = re.compile(r"SHA256 \(libressl-(\d+\.\d+\.\d+)\.tar\.gz\) = ([0-9a-f]{64})\s*\Z")


class UnreadableError(Exception):
    """A project's data could not be had, or is not of the form it had."""


@dataclass(frozen=True, slots=True)
class Release:
    """One published release; ``released`` is its day (ISO 8601), where the project says it."""

    version: Version
    tarball: str
    sha256: str
    released: str | None = None

    @property
    def line(self) -> str:
        """``3.5``; the letters of 1.1.1 are one line."""
        return "1.1.1" if self.version.number == "1.1.1" else self.version.number.rpartition(".")[0]

    def table(self) -> str:
        """The table to review and add."""
        implementation = self.version.implementation.value
        number = self.version.number + self.version.suffix
        lines = [
            "[[target]]",
            f'id = "{implementation.lower()}-{number}"',
            f'implementation = "{implementation}"',
            f'version = "{number}"',
            *([f"released = {self.released}"] if self.released else []),
            f'reader = "{implementation} {number}"',
            'builder = "debian-12"',
            f'routes = [{{ tarball = "{self.tarball}", sha256 = "{self.sha256}" }}]',
        ]
        return "\n".join(lines) + "\n"


def fetched(url: str) -> str:
    """The text behind a URL. Raises UnreadableError."""
    request = urllib.request.Request(url, headers={"User-Agent": "opensslrun"})  # noqa: S310 -- given by the maintainer
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
            return bytes(answer.read()).decode("utf-8")
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise UnreadableError(f"{url} could not be read: {error}") from error


def openssl_releases(url: str) -> list[Release]:
    """The stable releases; a checksum is fetched only for one that is asked for (see :func:`with_sum`)."""
    releases = []
    try:
        for entry in json.loads(fetched(url)):
            match = _TAG.fullmatch(entry["tag_name"])
            if match is None or entry["draft"] or entry["prerelease"]:
                continue
            number = match["new"] or match["old"].replace("_", ".")
            assets = {asset["name"]: asset["browser_download_url"] for asset in entry["assets"]}
            tarball = assets.get(f"openssl-{number}.tar.gz")
            if tarball and f"openssl-{number}.tar.gz.sha256" in assets:
                version = Version.parse(Implementation.OPENSSL, number)
                address = assets[f"openssl-{number}.tar.gz.sha256"]
                releases.append(Release(version, tarball, address, entry["published_at"][:10]))
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableError(f"{url} is not a list of releases as GitHub gave it: {error!r}") from error
    if not releases:
        raise UnreadableError(f"{url} lists no release of OpenSSL")
    return releases


def with_sum(release: Release) -> Release:
    """The release with its checksum in place of the address of that."""
    if not release.sha256.startswith("http"):
        return release
    match = re.match(r"[0-9a-f]{64}\b", fetched(release.sha256))
    if match is None:
        raise UnreadableError(f"{release.sha256} holds no sha256")
    return Release(release.version, release.tarball, match[0], release.released)


def libressl_releases(url: str) -> Iterator[Release]:
    """The releases in the SHA256 file of a directory of tarballs."""
    matches = [match for line in fetched(f"{url}SHA256").splitlines() if (match := _SUM.match(line))]
    if not matches:
        raise UnreadableError(f"{url}SHA256 lists no release of LibreSSL")
    for match in matches:
        version = Version.parse(Implementation.LIBRESSL, match[1])
        yield Release(version, f"{url}libressl-{match[1]}.tar.gz", match[2])


def newer(releases: Iterable[Release], known: Iterable[Version]) -> list[Release]:
    """The newest release of each line that is newer than the newest target of that line, or of a line without one.

    Lines older than the oldest that there is a target of are left out.
    """
    lines: dict[str, Version] = {}
    for version in known:
        line = Release(version, "", "").line
        lines[line] = max(version, lines.get(line, version))
    newest: dict[str, Release] = {}
    for release in releases:
        if release.version < min(lines.values()):
            continue
        if release.line not in newest or newest[release.line].version < release.version:
            newest[release.line] = release
    found = [each for line, each in newest.items() if line not in lines or lines[line] < each.version]
    return sorted(found, key=lambda release: release.version)


def declared(implementation: Implementation) -> list[Version]:
    """The exact versions of the shipped targets that are built from source."""
    return [
        Version.parse(implementation, target.version)
        for target in load_targets(folder=Path("/"))
        if target.implementation is implementation and target.builder is not None and target.version is not None
    ]


def main(argv: list[str]) -> int:
    """Print the proposals."""
    parser = argparse.ArgumentParser(description="Releases that are newer than the shipped targets of their line.")
    parser.add_argument("--openssl", default=OPENSSL, metavar="URL", help="releases as GitHub lists them")
    parser.add_argument("--libressl", default=LIBRESSL, metavar="URL", help="a directory of tarballs with its SHA256")
    options = parser.parse_args(argv)
    status = 0
    for read, url, implementation in (
        (openssl_releases, options.openssl, Implementation.OPENSSL),
        (libressl_releases, options.libressl, Implementation.LIBRESSL),
    ):
        try:
            for release in newer(read(url), declared(implementation)):
                sys.stdout.write(with_sum(release).table() + "\n")
                status = max(status, 1)
        except UnreadableError as error:
            sys.stderr.write(f"{error}\n")
            status = 3
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
