"""``opensslrun targets list``, ``build``, ``push``, ``export``, ``import`` and ``remove``."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from opensslrun.cli.output import err, out
from opensslrun.errors import ExitStatus, OpensslrunError
from opensslrun.pipeline.plan import choose_targets
from opensslrun.report.progress import progress_on
from opensslrun.report.words import counted, visible
from opensslrun.targets.carry import Carried, export_images, import_images, push_images, work_of_user
from opensslrun.targets.load import load_known
from opensslrun.targets.model import Availability, Available, Obtained, Target
from opensslrun.targets.obtain import available_all, obtain_many, remove

_STYLES = {Availability.READY: "green", Availability.OBTAINABLE: "yellow", Availability.UNOBTAINABLE: "red"}


def _chosen(args: argparse.Namespace) -> Sequence[Target]:
    return choose_targets(load_known(args.targets_file), tuple(args.target), getattr(args, "readers", None))


def run_list(args: argparse.Namespace) -> ExitStatus:
    """Show the targets and what is there of them. Asks the engine, never the network."""
    states = available_all(_chosen(args))
    if args.format == "json":
        out().out(json.dumps({"targets": [_as_data(state) for state in states]}, indent=1), highlight=False)
        return ExitStatus.OK
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("target", "version", "availability"):
        table.add_column(name, no_wrap=True)
    table.add_column("size", no_wrap=True, justify="right")
    table.add_column("stands for")
    for state in states:
        target = state.target
        version = f"{target.implementation} {target.version}" if target.implementation and target.version else ""
        table.add_row(
            target.id,
            version,
            Text(state.availability.value, style=_STYLES[state.availability]),
            f"{state.size / 1e6:.1f} MB" if state.size else "",
            Text(target.reader.name),
        )
    console = out()
    console.print(table)
    for state in states:
        if state.availability is not Availability.READY:
            console.print(f"{state.target.id}: {visible(state.reason)}", soft_wrap=True)
    ready = [state for state in states if state.availability is Availability.READY]
    megabytes = sum(state.size for state in ready) / 1e6
    console.print(f"{len(ready)} of {counted(len(states), 'target')} ready; their images take {megabytes:.0f} MB")
    return ExitStatus.OK


def _as_data(state: Available) -> dict[str, object]:
    target = state.target
    return {
        "id": target.id,
        "availability": state.availability,
        "reason": state.reason,
        "size": state.size,
        "implementation": target.implementation,
        "version": target.version,
        "platform": target.platform,
        "need": target.need,
        "reader": target.reader.name,
        "guide_row": target.guide_row,
        "stand_in": target.stand_in.target if target.stand_in else None,
        "lts": target.lts,
        "released": target.released.isoformat() if target.released else None,
        "end_of_life": target.end_of_life.isoformat() if target.end_of_life else None,
    }


def run_build(args: argparse.Namespace) -> ExitStatus:
    """Obtain what is missing; one that fails does not keep the others from being had."""
    targets = _chosen(args)
    with progress_on(err()) as listener:

        def done(name: str, what: Obtained | OpensslrunError) -> None:
            if isinstance(what, OpensslrunError):
                listener.missing([name], str(what))
            else:
                listener.obtained(name, what.origin)

        got = obtain_many(targets, args.jobs or (os.cpu_count() or 1), listener.stage, done)
    failed = [what for what in got.values() if isinstance(what, OpensslrunError)]
    err().print(f"{len(got) - len(failed)} of {counted(len(got), 'target')} ready")
    return max((error.exit_status for error in failed), default=ExitStatus.OK)


def run_push(args: argparse.Namespace) -> ExitStatus:
    """Push the images that are there; each line of output is a route to pull one by."""
    for carried in push_images(_chosen(args), args.registry, work_of_user()):
        out().print(f'{carried.target}: {{ image = "{carried.place}" }}', soft_wrap=True, highlight=False)
    return ExitStatus.OK


def run_export(args: argparse.Namespace) -> ExitStatus:
    """Write the images that are there into one file."""
    return _say_carried(export_images(_chosen(args), args.file, work_of_user()), "in")


def run_import(args: argparse.Namespace) -> ExitStatus:
    """Make the images that a file holds."""
    return _say_carried(import_images(_chosen(args), args.file, work_of_user()), "from")


def _say_carried(carried: Sequence[Carried], where: str) -> ExitStatus:
    for each in carried:
        err().print(f"{each.target}: {where} {each.place}", soft_wrap=True)
    return ExitStatus.OK


def run_remove(args: argparse.Namespace) -> ExitStatus:
    """Remove what opensslrun made for these targets."""
    for line in remove(_chosen(args)) or ["nothing to remove"]:
        err().print(line, soft_wrap=True)
    return ExitStatus.OK
