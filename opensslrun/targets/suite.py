"""The suite route: a root file system of a distribution's own packages, without root and without debootstrap."""

from __future__ import annotations

from pathlib import Path

from opensslrun.targets.apt import Package, fetch_packages
from opensslrun.targets.cache import Work
from opensslrun.targets.model import SuiteRoute
from opensslrun.targets.roottar import RootTar

PACKAGE_LIST = "usr/share/opensslrun/packages"
"""In the image: the packages it holds, ``name version`` a line."""


def write_suite_root(route: SuiteRoute, architecture: str, final: Path, work: Work) -> tuple[Package, ...]:
    """Write the root tar of the route's packages to ``final`` and say which they are.

    The packages' own files, default config included, are as the distribution ships them; no maintainer script
    has run. Raises EnvironmentLacksError when apt cannot fetch them.
    """
    with work.cache.scratch() as scratch:
        packages = fetch_packages(route, architecture, scratch, work)
        with work.cache.writing(final) as handle, RootTar(handle) as root:
            for number, package in enumerate(packages):
                work.check()
                work.report("unpacking packages", number / len(packages))
                root.package(package.path)
            lines = [f"{package.name} {package.version}\n" for package in packages]
            root.file(PACKAGE_LIST, "".join(lines).encode())
            root.basics()
    return packages


def packages_in_words(route: SuiteRoute, packages: tuple[Package, ...]) -> str:
    """For people: the version of each package the route names."""
    versions = {package.name: package.version for package in packages}
    named = [name.partition("/")[0] for name in route.packages]  # experimental's are asked for as NAME/experimental
    return ", ".join(f"{name} {versions[name]}" for name in named if name in versions)
