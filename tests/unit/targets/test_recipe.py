"""The recipe: it changes with whatever decides an image's content, and with nothing else."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from opensslrun.driver.version import Implementation
from opensslrun.targets.load import load_targets
from opensslrun.targets.model import Builder, ImageRoute, Need, PathRoute, Reader, SuiteRoute, TarballRoute, Target
from opensslrun.targets.recipe import recipe_of, recipe_of_builder, recipes_sha256, tag_of
from opensslrun.targets.roottar import COMPOSITION, RootTar, write_tree

BUILDER = Builder("b", (ImageRoute("debian:12-slim", ("gcc",)), SuiteRoute("bookworm", ("gcc",))))
TARGET = Target(
    "t", Implementation.OPENSSL, "1.1.1g", "linux", Need.REQUIRED, Reader("r"),
    (TarballRoute("https://example.org/x", "0" * 64),), Path("t.toml"), released=date(2020, 4, 21), builder=BUILDER,
)  # fmt: skip


@pytest.mark.parametrize(
    "changed",
    [
        replace(TARGET, routes=(TarballRoute("https://example.org/x", "1" * 64),)),
        replace(TARGET, routes=(*TARGET.routes, TarballRoute("https://example.org/y", "0" * 64))),
        replace(TARGET, released=date(2020, 4, 22)),
        replace(TARGET, implementation=Implementation.LIBRESSL),
        replace(TARGET, platform="windows"),
        replace(TARGET, runtime=BUILDER),
        replace(TARGET, builder=replace(BUILDER, prepare="wine")),
        replace(TARGET, builder=replace(BUILDER, routes=BUILDER.routes[1:])),
        replace(TARGET, builder=replace(BUILDER, routes=(ImageRoute("debian:12-slim", ("gcc", "make")),))),
    ],
)
def test_what_decides_the_content_changes_the_recipe(changed: Target) -> None:
    assert recipe_of(changed, "amd64") != recipe_of(TARGET, "amd64")


def test_what_looks_up_the_libraries_of_packages_is_part_of_their_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    with_it, without = (
        replace(TARGET, routes=(SuiteRoute("bookworm", packages),))
        for packages in (("openssl", "libc-bin"), ("openssl", "libc6"))
    )
    before = [recipe_of(each, "amd64") for each in (with_it, without, TARGET)]
    monkeypatch.setattr("opensslrun.targets.recipe.LIBRARIES_COMMAND", ("ldconfig", "-i"))
    after = [recipe_of(each, "amd64") for each in (with_it, without, TARGET)]
    assert [one == other for one, other in zip(before, after, strict=True)] == [False, True, True]


def test_the_architecture_changes_the_recipe() -> None:
    assert recipe_of(TARGET, "arm64") != recipe_of(TARGET, "amd64")
    assert recipe_of_builder(BUILDER, "arm64") != recipe_of_builder(BUILDER, "amd64")


def test_words_for_people_do_not_change_the_recipe() -> None:
    other = replace(TARGET, reader=Reader("somebody"), need=Need.RETIRED, source=Path("else.toml"))
    assert recipe_of(other, "amd64") == recipe_of(TARGET, "amd64")


def test_shipped_targets_have_recipes_of_their_own(tmp_path: Path) -> None:
    targets = load_targets(folder=tmp_path)
    assert len({recipe_of(target, "amd64") for target in targets}) == len(targets)


def test_a_tag_names_the_target_and_its_recipe() -> None:
    assert tag_of("openssl-1.1.1g", "0123456789abcdef") == "opensslrun/openssl-1.1.1g:0123456789ab"


def test_other_bytes_for_the_same_content_need_another_composition_number(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("x")
    tree, root_tar = io.BytesIO(), io.BytesIO()
    write_tree(tree, tmp_path, "source", 7)
    with RootTar(root_tar, 7) as root:
        root.file("bin/busybox", b"b", 0o755)
        root.link("usr/lib/x", "y")
        root.basics()
    written = hashlib.sha256(tree.getvalue() + root_tar.getvalue()).hexdigest()[:16]
    # When this fails, roottar writes something else than before: raise COMPOSITION, then record the new pair here.
    assert (COMPOSITION, written) == (1, "0fce14c612708442")


def test_one_hash_stands_for_all_recipes_and_for_no_binary_of_a_machine() -> None:
    host = replace(TARGET, id="host", routes=(PathRoute(None),))
    assert recipes_sha256([TARGET, host]) == recipes_sha256([TARGET])
    assert recipes_sha256([replace(TARGET, platform="windows")]) != recipes_sha256([TARGET])
    assert recipes_sha256([TARGET, replace(TARGET, id="u")]) != recipes_sha256([TARGET])
