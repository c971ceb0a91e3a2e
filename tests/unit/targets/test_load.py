"""Descriptions of targets: what is shipped, what a user adds, and one sentence for each mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensslrun.driver.version import Implementation
from opensslrun.errors import UsageError
from opensslrun.project import project_file
from opensslrun.targets.load import load_targets, select_targets
from opensslrun.targets.model import CrateRoute, ImageRoute, Need, PathRoute, SuiteRoute, TarballRoute

SUM = "0" * 64


@pytest.fixture
def nowhere(tmp_path: Path) -> Path:
    """A folder without project settings."""
    folder = tmp_path / "nowhere"
    folder.mkdir()
    return folder


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return path


def test_shipped_targets_are_the_host_and_the_three_required_rows_of_the_guide(nowhere: Path) -> None:
    targets = {target.id: target for target in load_targets(folder=nowhere)}
    assert targets["host"].routes == (PathRoute(None),)
    assert targets["host"].need is Need.INFORMATIONAL
    assert targets["host"].version is None
    required = [target.id for target in targets.values() if target.need is Need.REQUIRED]
    assert required == ["ubuntu-18.04", "windows-openssl-1.1.1g", "libressl-2.8.3"]


def test_shipped_source_targets_need_no_rust_where_the_internet_is_and_no_internet_where_rust_is(nowhere: Path) -> None:
    targets = {target.id: target for target in load_targets(folder=nowhere)}
    for name in ("openssl-1.1.1g", "libressl-3.0.2"):
        kinds = [type(route) for route in targets[name].routes]
        assert kinds == [TarballRoute, TarballRoute, CrateRoute]
        builder = targets[name].builder
        assert builder is not None
        assert [type(route) for route in builder.routes] == [ImageRoute, SuiteRoute]
    assert targets["libressl-3.0.2"].implementation is Implementation.LIBRESSL


def test_a_target_of_ones_own_is_an_id_and_a_path(tmp_path: Path, nowhere: Path) -> None:
    path = write(tmp_path, '[[target]]\nid = "mine"\npath = "bin/openssl"\n')
    mine = load_targets(path, nowhere)[-1]
    assert (mine.id, mine.reader.name, mine.need, mine.source) == ("mine", "mine", Need.INFORMATIONAL, path)
    assert mine.routes == (PathRoute(tmp_path / "bin/openssl"),), "a relative path is relative to its file"


def test_pyproject_counts_only_with_a_table_of_ours(tmp_path: Path) -> None:
    pyproject = tmp_path / "pyproject.toml"
    pyproject.write_text('[tool.other]\nx = 1\n[[target]]\nid = "no"\npath = "/bin/true"\n')
    assert project_file(tmp_path) is None
    pyproject.write_text('[[tool.opensslrun.target]]\nid = "yes"\npath = "/bin/true"\n')
    assert load_targets(folder=tmp_path)[-1].id == "yes"


def test_a_new_version_is_one_table_that_names_a_shipped_builder(tmp_path: Path, nowhere: Path) -> None:
    text = f"""
    [[target]]
    id = "openssl-1.1.1x"
    implementation = "OpenSSL"
    version = "1.1.1x"
    builder = "debian-12"
    routes = [{{ tarball = "https://example.org/openssl-1.1.1f.tar.gz", sha256 = "{SUM}" }}]
    """
    added = load_targets(write(tmp_path, text), nowhere)[-1]
    assert added.routes == (TarballRoute("https://example.org/openssl-1.1.1f.tar.gz", SUM),)
    assert added.builder is not None
    assert added.builder.id == "debian-12"


TARBALL = f'{{ tarball = "https://example.org/x.tar.gz", sha256 = "{SUM}" }}'
MINE = '[[target]]\nid = "t"\npath = "/x"\n'
HEAD = '[[target]]\nid = "t"\nimplementation = "OpenSSL"\nversion = "3.0.2"\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[[target]]\nid = "t"\npath = \n', "line 3, column 8"),
        ('[[target]]\nid = "t"\npath = "/x"\npaht = "/y"\n', "target 't': paht is not a known key; the keys are: id, "),
        ('[[target]]\nid = "t"\n', "target 't': give either 'path'"),
        (f'{HEAD}path = "/x"\nroutes = [{TARBALL}]\n', "target 't': give either 'path'"),
        ('[[target]]\npath = "/x"\n', "target number 1: id is missing"),
        ('[[target]]\nid = 3\npath = "/x"\n', "target number 1: id: input should be a valid string"),
        ('[[target]]\nid = "My Own"\npath = "/x"\n', "target 'My Own': id: an id is of lower-case letters"),
        ('[[target]]\nid = "a..b"\npath = "/x"\n', "target 'a..b': id: an id is of"),
        ('[[target]]\nid = "host"\npath = "/x"\n', "target 'host': the id is taken by a target of "),
        ('[[target]]\nid = "t"\npath = ""\n', "target 't': path: it is empty"),
        ('[[target]]\nid = "t"\npath = "/x"\nneed = "maybe"\n', "target 't': need: input should be 'required', "),
        ('[[target]]\nid = "t"\npath = "/x"\nversion = "3.0.2"\n', "target 't': 'version' needs 'implementation'"),
        (f'{MINE}stand_in = {{ target = "nobody", lacks = "x" }}\n', "there is no other target 'nobody'"),
        (f'{MINE}stand_in = {{ target = "t", lacks = "x" }}\n', "there is no other target 't'"),
        (f'{MINE}reader = {{ first = "13" }}\n', "reader.name is missing"),
        (f'{MINE}reader = {{ name = "x", last = "13" }}\n', "'first' and 'last' are versions"),
        (f'{MINE}reader = {{ name = "x", system = "s", first = "13", last = "12.1" }}\n', "'first' (13) is later"),
        ('[[profile]]\nid = "p"\n', "profile 'p': readers is missing"),
        ('[[profile]]\nid = "p"\nreaders = " "\n', "profile 'p': readers: it is empty"),
        ('[[profile]]\nid = "guide"\nreaders = "macos"\n', "profile 'guide': the id is taken by a profile of"),
        ('[[profile]]\nid = "ubuntu"\nreaders = "macos"\n', "profile 'ubuntu': a target or a system has that name"),
        ('[[profile]]\nid = "host"\nreaders = "macos"\n', "profile 'host': a target or a system has that name"),
        (f'{HEAD}builder = "debian-12"\nruntime = "w"\nroutes = [{TARBALL}]\n', "runtime: there is no builder 'w'"),
        ('[[target]]\nid = "t"\npath = "/x"\nruntime = "wine-12"\n', "runtime: only what a builder compiled"),
        (f'{HEAD}runtime = "wine-12"\nroutes = [{{ suite = "sid", packages = ["x"] }}]\n', "runtime: only what a b"),
        ('[[builder]]\nid = "b"\nprepare = "qemu"\nroutes = []\n', "builder 'b': prepare: input should be 'wine'"),
        ('[[target]]\nid = "t"\npath = "/x"\nreleased = "soon"\n', "target 't': released: input should be a"),
        ('[[target]]\nid = "t"\npath = "/x"\nbuilder = "debian-12"\n', "builder: no route of this target builds"),
        (f'{HEAD.replace("3.0.2", "three")}routes = [{TARBALL}]\n', "version 'three' is neither exact"),
        (f'{HEAD.replace("3.0.2", "3.*.2")}routes = [{TARBALL}]\n', "version '3.*.2' is neither exact"),
        (f"{HEAD}routes = []\n", "target 't': 'routes' is empty"),
        (f"{HEAD}routes = [{TARBALL}]\n", "target 't': builder is missing"),
        (f'{HEAD}builder = "none"\nroutes = [{TARBALL}]\n', "builder: there is no builder 'none'; there are: d"),
        (f'{HEAD}routes = [{{ sha256 = "{SUM}" }}]\n', "target 't': routes[1] has none; a route has exactly one of"),
        (f'{HEAD}routes = [{{ image = "a", suite = "b" }}]\n', "routes[1] has image and suite; a route"),
        (f'{HEAD}routes = [{TARBALL}, {{ image = "a", tag = "b" }}]\n', "routes[2]: tag is not a known key"),
        (f'{HEAD}routes = [{TARBALL.replace("000", "00g")}]\n', "routes[1]: sha256: a sha256 is 64 lower-case"),
        (f'{HEAD}routes = [{{ tarball = "https://e.org/x" }}]\n', "target 't': routes[1]: sha256 is missing"),
        (f'{HEAD}routes = [{{ tarball = "file:///etc/x", sha256 = "{SUM}" }}]\n', "the URL of a tarball begins with"),
        (f'{HEAD}routes = [{{ crate = "c", version = "^1.2.3", member = "m" }}]\n', "the version of a crate is one"),
        (f'{HEAD}routes = [{{ crate = "c", version = "1.2.3", member = "../m" }}]\n', "a member is a relative"),
        (f'{HEAD}routes = [{{ suite = "bookworm", packages = ["-o=x"] }}]\n', "packages[1]: a package name begins"),
        (f'{HEAD}routes = [{{ suite = "bookworm", packages = [] }}]\n', "routes[1]: packages: "),
        ('target = "t"\n', "'target' is not a list of tables; write [[target]]"),
        ('[[targets]]\nid = "t"\n', "'targets' is not a known key; a file of targets has"),
        (f'[[builder]]\nid = "b"\nroutes = [{TARBALL}]\n', "builder 'b': routes[1]: a builder comes by the keys"),
        ('[[builder]]\nid = "debian-12"\nroutes = [{ image = "x" }]\n', "builder 'debian-12': the id is taken"),
    ],
)  # fmt: skip
def test_each_mistake_is_one_sentence_that_says_where_and_what(
    text: str, told: str, tmp_path: Path, nowhere: Path
) -> None:
    path = write(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        load_targets(path, nowhere)
    message = str(caught.value)
    assert told in message
    assert message.startswith(str(path))
    assert "\n" not in message


def test_a_missing_file_is_a_usage_error(tmp_path: Path, nowhere: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        load_targets(tmp_path / "absent.toml", nowhere)


def test_globs_select_in_the_files_order(nowhere: Path) -> None:
    chosen = select_targets(load_targets(folder=nowhere), ["libre*-3.[01].*", "openssl-1*"])
    assert [target.id for target in chosen] == [
        "openssl-1.1.1",
        "openssl-1.1.1f",
        "openssl-1.1.1g",
        "openssl-1.1.1w",
        "libressl-3.0.2",
        "libressl-3.1.0",
    ]


def test_a_glob_that_matches_nothing_is_refused_with_the_closest_name(nowhere: Path) -> None:
    with pytest.raises(UsageError, match=r"'debain-12'.*did you mean 'debian-12'"):
        select_targets(load_targets(folder=nowhere), ["openssl-*", "debain-12"])


def test_retired_targets_are_chosen_only_by_name(tmp_path: Path, nowhere: Path) -> None:
    path = write(tmp_path, '[[target]]\nid = "old"\npath = "/bin/true"\nneed = "retired"\n')
    targets = load_targets(path, nowhere)
    assert "old" not in {target.id for target in select_targets(targets, [])}
    assert [target.id for target in select_targets(targets, ["old"])] == ["old"]
