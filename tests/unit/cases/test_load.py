"""Case files as people write them, mistakes included."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensslrun.cases.load import load_case, load_cases, select_cases
from opensslrun.data import shipped
from opensslrun.driver.outcome import Input
from opensslrun.errors import UsageError

GOOD = """
title = "A key"
files = ["in.conf"]
answers = { ca = "correct horse" }
text = { "inline.txt" = "hello\\n" }

[[step]]
run = "openssl genrsa -des3 -out rootCA.key 4096"
answer = ["ca", "ca"]
input = "lines"
timeout = 7
gate = ["stdout"]
expect = { creates = ["rootCA.key"], key = { file = "rootCA.key", bits = 4096, encrypted = true } }

[[step]]
id = "again"
run = "openssl version"
"""


def write(folder: Path, text: str, name: str = "case.toml") -> Path:
    (folder / "in.conf").write_text("[req]\n")
    path = folder / name
    path.write_text(text)
    return path


def test_a_case_is_read_as_it_is_written(tmp_path: Path) -> None:
    case = load_case(write(tmp_path, GOOD))
    assert case.id == "case"
    assert case.files == {"in.conf": b"[req]\n", "inline.txt": b"hello\n"}
    first, second = case.steps
    assert first.run == "openssl genrsa -des3 -out rootCA.key 4096"
    assert (first.id, first.answers, first.input, first.timeout_s) == ("1", ("correct horse",) * 2, Input.LINES, 7.0)
    assert first.gates == {"stdout"}
    assert (second.id, second.input, second.answers) == ("again", Input.TERMINAL, ())


def test_what_is_expected_becomes_promises(tmp_path: Path) -> None:
    promises = {promise.fact: promise.value for promise in load_case(write(tmp_path, GOOD)).steps[0].promises}
    assert promises == {
        "exit_status": 0,
        "files.created": {"contains": ["rootCA.key"]},
        "file.kind@rootCA.key": "file",
        "files.empty": {"lacks": ["rootCA.key"]},
        "key.bits@rootCA.key": 4096,
        "key.encrypted@rootCA.key": True,
    }


def test_a_step_is_promised_to_succeed_unless_it_is_said_to_fail(tmp_path: Path) -> None:
    text = 'title = "t"\n[[step]]\nrun = "x"\n[[step]]\nrun = "y"\nexpect = { fails = true }\n'
    first, second = load_case(write(tmp_path, text)).steps
    assert first.promises[0].value == 0
    assert second.promises[0].value == {"between": [1, 255]}


def test_the_answers_are_not_shown_by_accident(tmp_path: Path) -> None:
    case = load_case(write(tmp_path, GOOD))
    assert case.secrets == ("correct horse",)
    assert "correct horse" not in repr(case)


def test_a_change_of_a_fixture_changes_the_case(tmp_path: Path) -> None:
    before = load_case(write(tmp_path, GOOD)).sha256
    path = write(tmp_path, GOOD)
    (tmp_path / "in.conf").write_text("[other]\n")
    assert load_case(path).sha256 != before


def test_a_case_that_writes_out_what_is_the_default_is_the_same_case(tmp_path: Path) -> None:
    """So it is for a later opensslrun, which knows more keys."""
    before = load_case(write(tmp_path, GOOD)).sha256
    spelled = f'about = ""\nneeds = []\n{GOOD}timeout = 60\n'
    assert load_case(write(tmp_path, spelled)).sha256 == before
    assert load_case(write(tmp_path, f"{GOOD}timeout = 61\n")).sha256 != before


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("title = ", r"is not valid TOML: invalid value \(at line 1, column 9|end of document"),
        ('title = "t"\n', "step is missing"),
        ('title = "t"\n[[stp]]\nrun = "x"\n', r"stp is not a known key; did you mean 'step'\? \(and 1 more\)$"),
        ('title = "t"\n[[step]]\nrnu = "x"\n', r"step\[1\].rnu is not a known key; did you mean 'run'\?"),
        (
            'title = "t"\n[[step]]\nrun = "x"\nexpect = { crates = ["a"] }\n',
            r"step\[1\].expect.crates is not a known key; did you mean 'creates'\?$",
        ),
        ('title = "t"\n[[step]]\nrun = "x"\nsurely = 1\n', r"step\[1\].surely is not a known key$"),
        ('title = "t"\nstep = []\n', r"step: list should have at least 1 item"),
        ('title = "t"\n[[step]]\nrun = "x"\nanswers = ["a"]\n', r"step\[1\].answers is not a known key"),
        (
            'title = "t"\n[[step]]\nrun = "x"\nanswer = ["a"]\n',
            r"step\[1\].answer names 'a', but the answers are: none",
        ),
        ('title = "t"\n[[step]]\nrun = "x"\ninput = "tty"\n', r"step\[1\].input: input should be 'terminal', 'lines'"),
        ('title = "t"\n[[step]]\nrun = "x"\ntimeout = "5"\n', r"step\[1\].timeout: input should be a valid integer"),
        ('title = "t"\n[[step]]\nrun = ""\n', r"step\[1\].run: string should have at least 1 character"),
        ('title = "t"\n[[step]]\nrun = "x"\nexpect = { fails = true, exit_status = 1 }\n', "either 'fails' or"),
        ('title = "t"\n[[step]]\nrun = "x"\nid = "a"\n[[step]]\nrun = "y"\nid = "a"\n', "two steps have the id 'a'"),
        ('title = "t"\nfiles = ["gone.conf"]\n[[step]]\nrun = "x"\n', "cannot read its file .*gone.conf"),
        ('title = "t"\ntext = { "../up" = "x" }\n[[step]]\nrun = "x"\n', "leaves the case's directory"),
    ],
)
def test_a_mistake_is_one_sentence_that_says_where(tmp_path: Path, text: str, says: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(UsageError, match=says) as caught:
        load_case(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_utf8_is_said_to_be(tmp_path: Path) -> None:
    path = tmp_path / "case.toml"
    path.write_bytes(b'title = "\xff"\n')
    with pytest.raises(UsageError, match="not UTF-8"):
        load_case(path)


def test_one_id_in_two_folders_is_refused(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write(tmp_path / name, GOOD)
    with pytest.raises(UsageError, match="the case 'case' is in"):
        load_cases([tmp_path / "one", tmp_path / "two"])


def test_a_folder_that_is_not_there_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a directory of case files"):
        load_cases([tmp_path / "gone"])


def test_a_glob_that_matches_nothing_is_refused_with_a_suggestion() -> None:
    cases = load_cases([shipped("cases")])
    with pytest.raises(UsageError, match="did you mean 'root-ca'"):
        select_cases(cases, ["rootca"])


def test_the_shipped_cases_run_the_guide_s_commands_verbatim() -> None:
    (case,) = select_cases(load_cases([shipped("cases")]), ["root-ca"])
    assert [step.run for step in case.steps[:2]] == [
        "openssl genrsa -des3 -out rootCA.key 4096",
        "openssl req -x509 -config root.conf -new -nodes -key rootCA.key -sha256 -days 1024 -out rootCA.crt",
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('run = "openssl version"', 'run = "  "', "blank"),
        ("bits = 4096, encrypted = true", "", "promises nothing of rootCA.key"),
        ("inline.txt", "in.conf", "more than once"),
        ("inline.txt", "in.conf/inline.txt", "cannot be a file and the directory of"),
        ("inline.txt", ".", "no name of a file"),
        ("inline.txt", "a\\u0000b", "no name of a file"),
        ('creates = ["rootCA.key"]', "facts = { exit_status = { between = [1] } }", "two integers"),
    ],
)
def test_what_would_promise_nothing_or_cannot_be_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in GOOD
    with pytest.raises(UsageError, match=said):
        load_case(write(tmp_path, GOOD.replace(old, new).replace('"rootCA.key",  }', '"rootCA.key" }')))


def test_a_directory_without_a_case_is_refused_and_not_silently_green(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no case"):
        load_cases([tmp_path])


def test_wording_that_is_promised_gates(tmp_path: Path) -> None:
    text = GOOD + 'expect = { facts = { stderr = "" } }\n'
    assert load_case(write(tmp_path, text)).steps[1].gates == {"stderr"}


PAIR = """
title = "A key for others"
answers = { ca = "correct horse" }
hands_over = ["my.key"]

[[step]]
run = "openssl genrsa -des3 -out my.key 2048"
answer = ["ca", "ca"]
expect = { creates = ["my.key"] }

[[read]]
run = "openssl rsa -in my.key -noout -check"
answer = ["ca"]

[[read]]
id = "again"
run = "openssl rsa -in my.key -noout -modulus"
answer = ["ca"]
"""


def test_what_is_handed_over_is_read_in_steps_of_their_own(tmp_path: Path) -> None:
    case = load_case(write(tmp_path, PAIR))
    assert case.hands_over == ("my.key",)
    assert [step.id for step in case.steps] == ["1"]
    assert [(step.id, step.answers) for step in case.reads] == [
        ("read-1", ("correct horse",)),
        ("again", ("correct horse",)),
    ]
    assert [step.id for step in case.all_steps] == ["1", "read-1", "again"]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('hands_over = ["my.key"]', "", "need each other"),
        ('hands_over = ["my.key"]', 'hands_over = ["other.key"]', "'other.key'"),
        ('expect = { creates = ["my.key"] }', "", "must promise it"),
        ('id = "again"', 'id = "1"', "two steps have the id '1'"),
        ('-check"\nanswer = ["ca"]', '-check"\nanswer = ["who"]', "read[1].answer names 'who'"),
    ],
)
def test_a_mistake_about_what_is_handed_over_is_told(tmp_path: Path, before: str, after: str, said: str) -> None:
    assert before in PAIR
    with pytest.raises(UsageError) as caught:
        load_case(write(tmp_path, PAIR.replace(before, after)))
    assert said in str(caught.value)


def test_a_case_that_hands_over_and_reads_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="need each other"):
        load_case(write(tmp_path, PAIR.partition("[[read]]")[0]))
