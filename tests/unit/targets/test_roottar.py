"""Root file systems written as one tar: merged-/usr, no lost files, the same bytes each time."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from opensslrun.errors import EnvironmentLacksError
from opensslrun.targets.roottar import RootTar, write_tree


def packed(*entries: tuple[str, bytes | str | None]) -> tarfile.TarFile:
    """A package's files: bytes are a file's content, a text is a link's target, None is a directory."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in entries:
            info = tarfile.TarInfo(name)
            info.mtime, info.uname = 1000, "builder"
            if content is None:
                info.type, info.mode = tarfile.DIRTYPE, 0o755
            elif isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
            else:
                info.size = len(content)
            tar.addfile(info, io.BytesIO(content) if isinstance(content, bytes) else None)
    buffer.seek(0)
    return tarfile.open(fileobj=buffer)


def merged(*packages: tarfile.TarFile, basics: bool = False) -> dict[str, tarfile.TarInfo]:
    buffer = io.BytesIO()
    with RootTar(buffer) as root:
        for package in packages:
            root.merge(package)
        if basics:
            root.basics()
    buffer.seek(0)
    with tarfile.open(fileobj=buffer) as tar:
        members = tar.getmembers()
    names = [member.name for member in members]
    assert len(names) == len(set(names)), "no name is there twice"
    for member in members:
        parent = str(Path(member.name).parent)
        assert parent == "." or parent in names[: names.index(member.name)], f"{member.name} comes after its directory"
    return {member.name: member for member in members}


def test_top_level_folders_are_links_into_usr_and_their_files_move_there() -> None:
    root = merged(packed(("./", None), ("./bin/", None), ("./bin/sh", b"x"), ("./lib/a/libc.so.6", b"y")))
    assert root["bin"].linkname == "usr/bin"
    assert root["lib64"].linkname == "usr/lib64"
    assert root["usr/bin/sh"].isreg()
    assert root["usr/lib/a/libc.so.6"].isreg()
    assert "bin/sh" not in root


def test_a_folder_whose_name_only_begins_alike_stays() -> None:
    assert {"library/x", "binaries"} <= set(merged(packed(("./library/x", b""), ("./binaries", b""))))


@pytest.mark.parametrize(
    ("name", "target", "moved", "becomes"),
    [
        ("./bin/sh", "dash", "usr/bin/sh", "dash"),
        ("./lib64/ld.so", "/lib/x/ld.so", "usr/lib64/ld.so", "/lib/x/ld.so"),
        ("./lib/x/a", "../../usr/lib/b", "usr/lib/x/a", "/usr/lib/b"),
        ("./usr/lib/x/a", "../b", "usr/lib/x/a", "../b"),
    ],
)
def test_links_still_point_to_the_same_file(name: str, target: str, moved: str, becomes: str) -> None:
    assert merged(packed((name, target)))[moved].linkname == becomes


def test_a_link_between_bin_and_usr_bin_never_replaces_the_file_it_points_to() -> None:
    for package in (
        packed(("./usr/bin/which", "/bin/which"), ("./bin/which", b"real")),
        packed(("./bin/which", b"real"), ("./usr/bin/which", "../../bin/which")),
    ):
        assert merged(package)["usr/bin/which"].isreg()


def test_hard_links_follow_their_file() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("./bin/perl"))
        link = tarfile.TarInfo("./bin/perl5")
        link.type, link.linkname = tarfile.LNKTYPE, "./bin/perl"
        tar.addfile(link)
    buffer.seek(0)
    with tarfile.open(fileobj=buffer) as package:
        assert merged(package)["usr/bin/perl5"].linkname == "usr/bin/perl"


def test_names_cannot_leave_the_root() -> None:
    assert "etc/passwd" in merged(packed(("./../../etc/passwd", b"")))


def test_documentation_is_left_out_and_copyright_stays() -> None:
    root = merged(
        packed(
            ("./usr/share/doc/x/changelog.gz", b""), ("./usr/share/doc/x/copyright", b""), ("./usr/share/man/m", b"")
        )
    )
    assert "usr/share/doc/x/copyright" in root
    assert not {"usr/share/doc/x/changelog.gz", "usr/share/man/m"} & set(root)


def test_basics_fill_what_no_package_brought() -> None:
    root = merged(packed(("./bin/busybox", b"bb"), ("./bin/sh", "dash"), ("./bin/dash", b"d")), basics=True)
    assert root["usr/bin/sh"].linkname == "dash", "a package's own shell stays"
    assert root["usr/bin/sha256sum"].linkname == "/usr/bin/busybox"
    assert root["w"].mode == root["tmp"].mode == 0o1777
    assert root["etc/passwd"].isreg()


def test_basics_without_a_busybox_say_so() -> None:
    with pytest.raises(EnvironmentLacksError, match="busybox-static"), RootTar(io.BytesIO()) as root:
        root.basics()


def test_the_same_content_gives_the_same_bytes() -> None:
    def written() -> bytes:
        buffer = io.BytesIO()
        with RootTar(buffer, 1587427200) as root:
            root.file("usr/bin/busybox", b"bb", 0o755)
            root.basics()
        return buffer.getvalue()

    assert written() == written()


def test_a_damaged_package_is_told_by_its_name(tmp_path: Path) -> None:
    package = tmp_path / "openssl_3_amd64.deb"
    package.write_bytes(b"!<arch>\nnot really")
    told = pytest.raises(EnvironmentLacksError, match=r"could not unpack openssl_3_amd64\.deb")
    with told, RootTar(io.BytesIO()) as root:
        root.package(package)


def test_a_tree_has_one_order_owner_and_time(tmp_path: Path) -> None:
    trees = []
    for number, names in enumerate((["b", "a/x", "a/y"], ["a/y", "a/x", "b"])):
        folder = tmp_path / str(number)
        for name in names:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)
            path.chmod(0o600 if number else 0o664)
        buffer = io.BytesIO()
        write_tree(buffer, folder, "source", 5)
        trees.append(buffer.getvalue())
    assert trees[0] == trees[1]
    with tarfile.open(fileobj=io.BytesIO(trees[0])) as tar:
        assert tar.getnames() == ["source/a", "source/a/x", "source/a/y", "source/b"]
