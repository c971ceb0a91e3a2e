from __future__ import annotations

from pathlib import Path

import pytest

from opensslrun.driver.outcome import Input
from opensslrun.driver.process import run_program
from opensslrun.driver.rootconf import check_root_conf
from opensslrun.errors import UsageError


def real_openssl_refuses(conf: Path) -> bool:
    """Whether the host's openssl makes no certificate from the config file."""
    words = [
        "openssl",
        "req",
        "-x509",
        "-config",
        str(conf),
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "k",
        "-out",
        "c",
    ]
    return run_program(words, cwd=conf.parent, input=Input.NONE).status != 0


def changed(conf: Path, old: str, new: str) -> Path:
    text = conf.read_text()
    assert old in text
    conf.write_text(text.replace(old, new))
    return conf


def test_a_config_file_like_the_guides_passes(root_conf: Path) -> None:
    check_root_conf(root_conf)
    assert not real_openssl_refuses(root_conf)


def test_crlf_line_ends_pass(root_conf: Path) -> None:
    root_conf.write_bytes(root_conf.read_bytes().replace(b"\n", b"\r\n"))
    check_root_conf(root_conf)
    assert not real_openssl_refuses(root_conf)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("basicConstraints = CA:true", "basicConstraints = critical, CA:TRUE, pathlen:0"),
        ("basicConstraints = CA:true", 'basicConstraints = "CA:true"   # a comment'),
        ("basicConstraints = CA:true", "basicConstraints = critical,@bc\n[bc]\nCA = true"),
        ("basicConstraints = CA:true", "basicConstraints = \\\n  CA:true"),
        ("basicConstraints = CA:true", "basicConstraints = CA:false\nbasicConstraints = CA:true"),
        ("C = US", 'C = "US" # quoted # twice'),
        ("O = Organization", "O = Number \\# 1"),
        ("O = Organization", 'O = "a # in quotes"'),
        ("[ v3_ca ]", "[   v3_ca ] # the CA"),
        ("[req]", "name = default section\n[req]"),
        ("x509_extensions= v3_ca", "which = v3_ca\nx509_extensions = $which"),
        ("O = Organization", "O = Österreich"),
    ],
)
def test_what_openssl_accepts_is_not_refused(root_conf: Path, old: str, new: str) -> None:
    changed(root_conf, old, new)
    check_root_conf(root_conf)
    assert not real_openssl_refuses(root_conf)


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("prompt = no", "prompt no", 3, "there is no equal sign"),
        ("[dn]", "[dn", 10, "no closing bracket"),
        ("O = Organization", "O = one \\\n two\nbroken", 14, "there is no equal sign"),
    ],
)
def test_a_malformed_line_is_named_as_openssl_names_it(
    root_conf: Path, old: str, new: str, line: int, reason: str
) -> None:
    changed(root_conf, old, new)
    with pytest.raises(UsageError, match=f"root.conf, line {line}: .*{reason}"):
        check_root_conf(root_conf)
    words = ["openssl", "req", "-x509", "-config", "root.conf", "-newkey", "rsa:2048", "-nodes", "-keyout", "k"]
    assert f"line {line} " in run_program(words, cwd=root_conf.parent, input=Input.NONE).stderr_text


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("basicConstraints = CA:true", "", r"does not say 'basicConstraints = CA:true' in \[v3_ca\]"),
        ("basicConstraints = CA:true", "basicConstraints = CA:false", "does not say 'basicConstraints"),
        ("basicConstraints = CA:true", "# basicConstraints = CA:true", "does not say 'basicConstraints"),
        ("basicConstraints = CA:true", "basicConstraints = CA:True", "does not say 'basicConstraints"),
        ("[ v3_ca ]", "[ v3_other ]", r"lacks the section \[v3_ca\] that x509_extensions names"),
        ("x509_extensions= v3_ca", "", r"lacks x509_extensions in \[req\]"),
        ("prompt = no", "", "does not say 'prompt = no'"),
        ("prompt = no", "prompt = yes", "does not say 'prompt = no'"),
        ("[req]", "[request]", r"has no \[req\] section"),
    ],
)
def test_what_would_not_become_a_root_ca_is_refused(root_conf: Path, old: str, new: str, reason: str) -> None:
    changed(root_conf, old, new)
    with pytest.raises(UsageError, match=reason):
        check_root_conf(root_conf)


def test_what_an_included_file_may_hold_is_not_missed(root_conf: Path) -> None:
    text = root_conf.read_text().replace("basicConstraints = CA:true\n", ".include more.conf\n")
    root_conf.write_text(text)
    check_root_conf(root_conf)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_named(root_conf: Path, encoding: str) -> None:
    root_conf.write_bytes(root_conf.read_text().encode(encoding))
    with pytest.raises(UsageError, match="UTF-16"):
        check_root_conf(root_conf)
    assert real_openssl_refuses(root_conf)


def test_a_byte_order_mark_is_named_with_the_versions_that_refuse_it(root_conf: Path) -> None:
    root_conf.write_bytes(root_conf.read_text().encode("utf-8-sig"))
    with pytest.raises(UsageError, match=r"byte order mark, which OpenSSL 1\.1\.1g and LibreSSL 3\.0\.2 refuse"):
        check_root_conf(root_conf)


@pytest.mark.parametrize(("content", "reason"), [(b"", "is empty"), (b" \n\t\r\n", "nothing but blanks")])
def test_an_empty_file_is_named(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "root.conf").write_bytes(content)
    with pytest.raises(UsageError, match=reason):
        check_root_conf(tmp_path / "root.conf")


def test_a_missing_file_a_directory_and_an_unreadable_one_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.conf could not be read: No such file or directory"):
        check_root_conf(tmp_path / "none.conf")
    with pytest.raises(UsageError, match="is a directory"):
        check_root_conf(tmp_path)
    # Root may read a file of any mode, so a name that nobody can follow stands for one that cannot be read.
    (tmp_path / "loop.conf").symlink_to("loop.conf")
    with pytest.raises(UsageError, match=r"loop\.conf could not be read: Too many levels"):
        check_root_conf(tmp_path / "loop.conf")


def test_a_file_far_too_large_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "root.conf").open("wb") as file:
        file.truncate(17 * 1024 * 1024)
    with pytest.raises(UsageError, match="larger than 16 MiB"):
        check_root_conf(tmp_path / "root.conf")
