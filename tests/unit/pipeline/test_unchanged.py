"""A run over the very same inputs is answered by what the earlier one came to, and no other run is."""

from __future__ import annotations

import functools
import io
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from copies import ONE, REAL, lay_out
from opensslrun.cli.main import main
from opensslrun.errors import EnvironmentLacksError
from opensslrun.judge.run import judge_cells
from opensslrun.pipeline import cellstore, result, session, unchanged
from opensslrun.pipeline.cellstore import MAX_AGE_S, MAX_JUDGED, Store
from opensslrun.pipeline.events import Listener
from opensslrun.pipeline.interruption import Interruptions
from opensslrun.pipeline.plan import Options, make_plan
from opensslrun.pipeline.status import conclude
from opensslrun.report.read import read_result
from opensslrun.report.terminal import show_result
from opensslrun.targets import remove
from opensslrun.targets.cache import CACHE_VARIABLE, Cache
from opensslrun.targets.model import PathRoute, Target
from opensslrun.targets.paths import find_binary

TWO = """
title = "Made by one, read by the other, with a name that is not ASCII: Zürich"
hands_over = ["key.pem"]
[[step]]
run = "openssl genrsa -out key.pem 2048"
expect = { exit_status = 0, creates = ["key.pem"] }
[[step]]
run = "openssl x509 -in gone.pem"
[[step]]
run = "printf 'Z\\\\303\\\\274rich\\\\n'"
[[read]]
run = "openssl rsa -in key.pem -check -noout"
"""
DIFFERENCE = """
[[difference]]
id = "D900"
title = "A certificate that is not there"
severity = "security"
where = {{ case = "two", step = "2" }}
shows = [{{ fact = "exit_status", on = "OpenSSL", value = {value} }}]
why = "Because."
advice = "Look first."
untested = "Nothing does."
"""


class World:
    """A project with two cases, recorded, and two targets that are copies of this machine's openssl."""

    selection = ("-t", "a", "-t", "b", "-c", "one", "-c", "two")

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.judged = 0
        monkeypatch.chdir(folder)
        lay_out(folder, TWO, 'differences = "differences.toml"\n')
        (folder / "differences.toml").write_text(DIFFERENCE.format(value=1))
        for name, record in recorded().items():
            (folder / f"cases/{name}.recorded.json").write_text(record)
        self._count(monkeypatch)

    def _count(self, monkeypatch: pytest.MonkeyPatch) -> None:
        real: Callable[..., Any] = judge_cells

        def judging(*arguments: Any) -> Any:
            self.judged += 1
            return real(*arguments)

        monkeypatch.setattr(result, "judge_cells", judging)

    def run(self, *arguments: str, status: int = 0) -> dict[str, Any]:
        """The result of a run; :attr:`judged` is how often it judged."""
        self.judged = 0
        assert main(["matrix", "run", *self.selection, *arguments]) == status
        whole: dict[str, Any] = json.loads(Path("opensslrun-results.json").read_text())
        return whole


@functools.cache
def recorded() -> dict[str, str]:
    """Records of what there is to see, but that the second step of ``two`` succeeds: D900 knows better."""
    main(["matrix", "run", *World.selection, "--no-cache"])
    seen = json.loads(Path("opensslrun-results.json").read_text())
    records = {}
    for case in ("one", "two"):
        kinds = ("cells", "pairs") if case == "two" else ("cells",)
        shown = [next(each for each in seen[kind] if each["case"] == case) for kind in kinds]
        steps = {step["id"]: step["facts"] for each in shown for step in each["steps"]}
        if case == "two":
            steps["2"]["exit_status"] = 0
        records[case] = json.dumps({"case": case, "seen_on": ["a"], "runs": 3, "steps": steps})
    return records


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path, monkeypatch)


def kept() -> list[Path]:
    return sorted((Path(os.environ[CACHE_VARIABLE]) / "cells").glob("*.judged"))


def but_the_run(text: str) -> str:
    """A document but for the line that says which run it is of."""
    lines = text.splitlines()
    (place,) = (place for place, line in enumerate(lines) if line.startswith(' "run":'))
    return "\n".join(lines[:place] + lines[place + 1 :])


def test_the_second_run_says_what_judging_anew_says_letter_by_letter(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.run()
    assert (world.judged, len(kept())) == (1, 1)
    answered = world.run()
    assert world.judged == 0
    text = Path("opensslrun-results.json").read_text()
    monkeypatch.setattr(unchanged.Unchanged, "before", lambda *_: None)
    judged = world.run()
    assert world.judged == 1
    assert but_the_run(text) == but_the_run(Path("opensslrun-results.json").read_text())
    assert answered["cells"] == judged["cells"]
    assert answered["pairs"], "what was read is in it"
    assert all(cell["cached"] for cell in answered["cells"])
    assert all(pair["cached"] for pair in answered["pairs"])
    assert "Zürich" in text


def test_it_says_when_it_was_judged(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    first = world.run()
    capsys.readouterr()
    runs = [world.run()["run"] for _ in range(2)]
    said = " ".join(capsys.readouterr().out.split())
    assert first["run"]["judged"] is None
    assert runs[0]["judged"] == runs[1]["judged"] >= first["run"]["started"]
    assert runs[1]["started"] >= runs[0]["judged"]
    date, _, clock = runs[0]["judged"].partition("T")
    assert f"compared on {date} at {clock[:5]} UTC, and nothing has changed since" in said


@pytest.mark.parametrize("width", [60, 80, 160])
def test_a_terminal_shows_the_same(world: World, width: int) -> None:
    world.run()
    options = Options(targets=("a", "b"), cases=("one", "two"), cache=True)
    with Interruptions() as interruptions:
        before = session.run_prepared(session.prepare(options), Listener(), interruptions)
        anew = session.run_plan(make_plan(options), Listener(), interruptions)
    assert before.before is not None
    assert anew.before is None
    full = anew.result.model_copy(update={"run": before.result.run})
    texts = []
    for shown in (before.result, full):
        console = Console(file=io.StringIO(), width=width, force_terminal=True)
        show_result(shown, console)
        texts.append(console.file.getvalue())  # type: ignore[attr-defined]
    assert texts[0] == texts[1]
    assert "D900" in texts[0]
    assert conclude(before.result) == conclude(full)


def test_as_json_it_is_the_document_that_was_written(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.run()
    capsys.readouterr()
    world.run("--format", "json")
    assert world.judged == 0
    assert capsys.readouterr().out == Path("opensslrun-results.json").read_text()
    assert read_result(Path("opensslrun-results.json")).run.judged


Change = Callable[[World, pytest.MonkeyPatch], object]


def replaced(name: str, old: str, new: str) -> Change:
    def change(world: World, _patch: pytest.MonkeyPatch) -> None:
        path = world.folder / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return change


def code(world: World, patch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    patch.setattr(unchanged, "code_sha256", lambda: "0" * 64)


def library(world: World, patch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    real = metadata.version
    patch.setattr(metadata, "version", lambda name: real(name) + ("" if name != "pydantic" else ".1"))


def binary(world: World, _patch: pytest.MonkeyPatch) -> None:
    with (world.folder / "b").open("ab") as file:
        file.write(b"\0")


def old(world: World, patch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    now = time.time() + MAX_AGE_S + 5
    patch.setattr(time, "time", lambda: now)


def other_cells(world: World, _patch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    (path,) = (Path(os.environ[CACHE_VARIABLE]) / "cells").glob("a-*.cells")
    path.write_bytes(path.read_bytes().replace(rb"\"exit_status\": 1", rb"\"exit_status\": 0"))


def no_cells(world: World, _patch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    for path in (Path(os.environ[CACHE_VARIABLE]) / "cells").glob("a-*.cells"):
        path.unlink()


def another_key(world: World, _patch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    (Path(os.environ[CACHE_VARIABLE]) / "cells/key").write_bytes(b"k" * 32)


def flipped(world: World, _patch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    (path,) = kept()
    content = bytearray(path.read_bytes())
    content[-20] ^= 1
    path.write_bytes(content)


def another_folder(world: World, _patch: pytest.MonkeyPatch) -> None:
    """The same name in the settings, but a link that leads elsewhere."""
    shutil.copytree(world.folder / "cases", world.folder / "others")
    (world.folder / "cases").rename(world.folder / "before")
    (world.folder / "others/words.txt").write_text("other words\n")
    (world.folder / "cases").symlink_to(world.folder / "others")


CHANGES: dict[str, tuple[Change, int]] = {
    "a record": (replaced("cases/one.recorded.json", '"exit_status": 0', '"exit_status": 7'), 1),
    "the catalogue": (replaced("differences.toml", "value = 1", "value = 2"), 1),
    "the catalogue, in words": (replaced("differences.toml", "Look first.", "Look twice."), 0),
    "a promise": (replaced("cases/two.toml", "exit_status = 0,", "exit_status = 9,"), 1),
    "a case more": (lambda world, _: (world.folder / "cases/three.toml").write_text(ONE), 0),
    "a record that goes": (lambda world, _: (world.folder / "cases/one.recorded.json").unlink(), 1),
    "what the options name": (another_folder, 1),
    "a title": (replaced("cases/one.toml", "A fixture", "The fixture"), 0),
    "a comment above a step": (replaced("cases/one.toml", "[[step]]", "# more\n[[step]]"), 0),
    "a fixture": (replaced("cases/words.txt", "some", "other"), 1),
    "what is declared of a target": (replaced("opensslrun.toml", 'id = "b"\n', 'id = "b"\nreader = "Beta"\n'), 0),
    "a target that goes": (replaced("opensslrun.toml", 'id = "b"\n', 'id = "c"\n'), 2),
    "a binary": (binary, 0),
    "the code": (code, 0),
    "a library": (library, 0),
    "the day": (old, 0),
    "cells that were tampered with": (other_cells, 0),
    "cells that are gone": (no_cells, 0),
    "the key of the seals": (another_key, 0),
    "what was kept": (flipped, 0),
}


@pytest.mark.parametrize("what", CHANGES)
def test_whatever_changes_it_is_judged_anew(world: World, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world.run()
    change, status = CHANGES[what]
    change(world, monkeypatch)
    said = world.run(status=status)
    if status == 2:
        assert world.judged == 0, "there is no such target, which is said before anything is judged"
        return
    assert world.judged == 1
    assert said["run"]["judged"] is None


@pytest.mark.parametrize("arguments", [("--no-cache",), ("-t", "host"), ("--bench", "local"), ("--no-stand-ins",)])
def test_another_run_is_judged(world: World, arguments: tuple[str, ...]) -> None:
    world.run()
    assert world.run(*arguments)["run"]["judged"] is None
    assert world.judged == 1


def test_how_many_run_at_a_time_makes_no_other_run(world: World) -> None:
    world.run()
    world.run("--jobs", "1")
    assert world.judged == 0


def test_from_elsewhere_it_is_judged(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A result names the files of cases from where the run was started."""
    world.run()
    (world.folder / "below").mkdir()
    for name in ("differences.toml", "cases"):
        (world.folder / "below" / name).symlink_to(world.folder / name)
    (world.folder / "below/opensslrun.toml").write_text((world.folder / "opensslrun.toml").read_text())
    monkeypatch.chdir(world.folder / "below")
    world.run()
    assert world.judged == 1


def test_what_a_run_found_wrong_is_said_again(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    replaced("differences.toml", "value = 1", "value = 2")(world, pytest.MonkeyPatch())
    world.run(status=1)
    first = capsys.readouterr().out
    world.run(status=1)
    again = capsys.readouterr().out
    assert world.judged == 0
    assert "Not as predicted" in again
    assert again.partition("2 of 2 targets ran")[0] == first.partition("2 of 2 targets ran")[0]


def test_a_run_of_which_something_hung_is_not_kept(world: World) -> None:
    slow = 'title = "t"\n[[step]]\nrun = "openssl version; sleep 20"\ntimeout = 1\n'
    (world.folder / "cases/one.toml").write_text(slow)
    (world.folder / "cases/one.recorded.json").unlink()
    world.run(status=1)
    assert kept() == []
    world.run(status=1)
    assert world.judged == 1


def test_a_run_with_a_script_is_not_kept(world: World) -> None:
    """What a script calls is in no fingerprint, so it is run each time."""
    (world.folder / "b").unlink()
    (world.folder / "b").write_text(f'#!/bin/sh\nexec {REAL} "$@"\n')
    (world.folder / "b").chmod(0o755)
    for _ in range(2):
        world.run()
        assert world.judged == 1
    assert kept() == []


def test_a_binary_that_is_replaced_right_after_its_last_cell_is_not_taken_for_what_ran(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = unchanged.Unchanged.seen

    def replaced_before(*arguments: Any) -> unchanged.Seen | None:
        binary(world, monkeypatch)
        return real(*arguments)

    with monkeypatch.context() as once:
        once.setattr(unchanged.Unchanged, "seen", replaced_before)
        world.run()
    assert kept() == []
    world.run()
    assert world.judged == 1


def test_where_the_cells_cannot_be_kept_nothing_is(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Store, "add", lambda *_: (_ for _ in ()).throw(cellstore.NotKeptError("full")))
    for _ in range(2):
        world.run()
        assert world.judged == 1
    assert kept() == []


def test_why_a_target_could_not_be_had_is_said_as_it_is_today(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with (world.folder / "opensslrun.toml").open("a") as project:
        project.write(f'[[target]]\nid = "gone"\npath = "{world.folder}/gone"\nneed = "informational"\n')
    for judged in (1, 0):
        world.run("-t", "gone", status=3)
        assert world.judged == judged
    real = find_binary

    def find(target: Target, route: PathRoute) -> Path:
        if target.id == "gone":
            raise EnvironmentLacksError("the day is not right")
        return real(target, route)

    with monkeypatch.context() as today:
        today.setattr("opensslrun.targets.obtain.find_binary", find)
        said = world.run("-t", "gone", status=3)
        assert world.judged == 1
        assert [each["reason"] for each in said["targets"] if each["id"] == "gone"] == ["the day is not right"]
    shutil.copy(REAL, world.folder / "gone")
    assert world.run("-t", "gone")["summary"]["cells"] == 6
    assert world.judged == 1


def test_it_goes_with_what_it_rests_on(world: World) -> None:
    world.run()
    cache = Cache(Path(os.environ[CACHE_VARIABLE]))
    assert remove._remove_files(cache, {"another"}) == []
    removed = remove._remove_files(cache, {"a"})
    assert [path.rpartition(".")[2] for path in removed] == ["cells", "judged"]
    assert kept() == []


def test_few_of_them_stay(world: World) -> None:
    path = world.folder / "cases/words.txt"
    store = Store(Cache(Path(os.environ[CACHE_VARIABLE])))
    world.run()
    (own,) = kept()
    os.utime(own, (1, 1))
    for number in range(MAX_JUDGED):
        store.seal(f"{number:064}.judged", path.read_bytes())
    assert len(kept()) == MAX_JUDGED
    assert own not in kept(), "that which was unused for longest goes"
    assert store.unsealed(f"{3:064}.judged") == path.read_bytes()
    shutil.copy(store.folder / f"{3:064}.judged", store.folder / f"{4:064}.judged")
    assert store.unsealed(f"{4:064}.judged") is None, "under another name it is nothing"
    assert store.unsealed(f"{99:064}.judged") is None


def test_every_file_that_is_read_for_a_plan_is_noted(world: World) -> None:
    """Whatever is opened or listed below the project and the shipped data, as the interpreter itself tells."""
    program = (
        "import json, sys\n"
        "from pathlib import Path\n"
        "from opensslrun.data import shipped\n"
        "from opensslrun.noted import noting\n"
        "from opensslrun.pipeline.plan import Options, make_plan, wanted_of, plan_of\n"
        "wanted = wanted_of(Options())\n"
        "seen = {'open': set(), 'os.scandir': set(), 'os.listdir': set()}\n"
        "sys.addaudithook(lambda event, found: event in seen and seen[event].add(str(found[0])))\n"
        "with noting() as noted:\n"
        "    plan_of(wanted)\n"
        "roots = (str(Path.cwd()), str(shipped('cases').parent))\n"
        "keys = str(shipped('fixtures') / 'keys')\n"
        "opened = {path for path in seen['open'] if path.startswith(roots) and not path.startswith(keys)}\n"
        "folders = {path for path in seen['os.scandir'] | seen['os.listdir'] if path.startswith(roots)} - {keys}\n"
        "listed = {folder for folder, _, _ in noted.listed}\n"
        "print(json.dumps([len(opened), sorted(opened - noted.read.keys()), sorted(folders - listed), len(folders)]))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=world.folder, capture_output=True, text=True, check=True)
    opened, unnoted, unlisted, folders = json.loads(done.stdout)
    assert (unnoted, unlisted) == ([], [])
    assert opened > 500
    assert folders == 2


def test_nothing_of_it_depends_on_the_process(world: World) -> None:
    """Hashes of texts differ from process to process, and with them the order of sets."""
    program = (
        "from opensslrun.pipeline.plan import Options, wanted_of\n"
        "from opensslrun.pipeline.unchanged import inputs_sha256\n"
        "print(inputs_sha256(wanted_of(Options(targets=('*',)))))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            cwd=world.folder,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in (1, 2, 3)
    }
    assert len(said) == 1
