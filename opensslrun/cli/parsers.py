"""Options of every command. Only argparse is imported here, so that ``--help`` is quick."""

from __future__ import annotations

import argparse
from pathlib import Path

from opensslrun.cli import chain, issue, options, root_ca, verify

EXIT_STATUSES = """exit status:
  0    all as predicted (known differences included)
  1    something was found: fail, new, hung or error in a cell, a stale entry, an invalid certificate
  2    wrong usage, a selection that matches nothing, an unreadable or malformed file
  3    the environment cannot do it: no engine, no openssl, a needed target that could not be obtained
  4    no fact was judged
  70   a defect of opensslrun itself
  130  interrupted, after cleaning up and writing what was done"""


def build_parser(version: str) -> argparse.ArgumentParser:
    """The whole command line."""
    parser = argparse.ArgumentParser(
        prog="opensslrun",
        description="Run the openssl commands of a document on every version its readers have, and say exactly "
        "where the results differ.",
        epilog=EXIT_STATUSES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"opensslrun {version}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _doctor(commands)
    root_ca.add_to(commands)
    issue.add_to(commands)
    verify.add_to(commands)
    chain.add_to(commands)
    _targets(commands)
    _matrix(commands)
    _review(commands)
    _report(commands)
    _try(commands)
    _explain(commands)
    _schema(commands)
    _completion(commands)
    return parser


def _doctor(commands: options.Commands[argparse.ArgumentParser]) -> None:
    parser = options.add_command(
        commands, "doctor", "this machine against the guide's requirements, and what can run", "doctor:run"
    )
    options.add_format(parser)


def _targets(commands: options.Commands[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "targets",
        help="the openssl versions that can be run",
        description="The openssl versions that can be run: the targets of the matrix.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    for name, says in (
        ("list", "what is there, and what could be had; never asks the network"),
        ("build", "obtain what is missing"),
        ("push", "push what is there to a registry, to be pulled by its digest elsewhere"),
        ("export", "write what is there into one file, where there is no registry"),
        ("import", "make the images that such a file holds"),
        ("remove", "remove images and builds made by opensslrun"),
    ):
        action = options.add_command(actions, name, says, f"targets:run_{name}")
        options.add_targets(action)
        options.add_readers(action)
        if name == "list":
            options.add_format(action)
        if name == "push":
            action.add_argument("registry", metavar="REGISTRY", help="HOST[:PORT][/PATH]")
        if name in {"export", "import"}:
            action.add_argument("file", type=Path, metavar="FILE", help="a tar archive")
        if name == "build":
            action.add_argument("--jobs", type=options.jobs, metavar="N", help="how many at a time")
            action.add_argument(
                "--bench",
                choices=("docker", "local"),
                default="docker",
                help="images for the engine, or programs compiled on this machine, for 'matrix run --bench local'",
            )


def _matrix(commands: options.Commands[argparse.ArgumentParser]) -> None:
    says = "run a document's command lines on every version, and judge what they do"
    parser = commands.add_parser("matrix", help=says, description=says[0].upper() + says[1:] + ".")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = options.add_command(actions, "list", "the cells that a run would have", "matrix:run_list")
    options.add_targets(listing)
    options.add_readers(listing)
    options.add_cases(listing, "-c", "--case")
    options.add_shard(listing)
    options.add_format(listing)
    run = options.add_command(actions, "run", "run the cases on the targets and judge what they do", "matrix:run_run")
    options.add_targets(run)
    options.add_readers(run)
    run.add_argument(
        "--no-stand-ins", dest="stand_ins", action="store_false", help="run nothing for a target that cannot be had"
    )
    options.add_cases(run, "-c", "--case")
    options.add_shard(run)
    options.add_format(run)
    run.add_argument("--jobs", type=options.jobs, metavar="N", help="how many targets at a time (three a core)")
    run.add_argument(
        "--no-cache", dest="cache", action="store_false", help="run every cell, also what an earlier run observed"
    )
    run.add_argument("--bench", choices=("auto", "docker", "local"), default="auto", help="where commands may run")
    _merge(actions)
    run.add_argument(
        "--out",
        type=Path,
        default=Path("opensslrun-results.json"),
        metavar="F",
        help="the result (default: %(default)s)",
    )
    _matrix_diff(actions)


def _matrix_diff(actions: options.Commands[argparse.ArgumentParser]) -> None:
    says = "two runs fact by fact; or, with --from and --to, what changes from one version to another"
    diff = options.add_command(actions, "diff", says, "diff:run")
    diff.usage = (
        "opensslrun matrix diff [-t GLOB]… [-c GLOB]… [--format {text,json}] OLD.json NEW.json\n"
        "       opensslrun matrix diff --from TARGET --to TARGET [-c GLOB]… [--format {text,json}] [RESULTS]"
    )
    diff.formatter_class = argparse.RawDescriptionHelpFormatter
    diff.epilog = (
        "Two runs: status 1 when something got worse (a cell that is now error, hung, fail or new, or whose facts\n"
        "changed and nothing predicts them; one that does not run any more; a known difference of security that was\n"
        "not there), else 0; 2 when the two have nothing in common. Two versions: always 0."
    )
    diff.add_argument(
        "results",
        nargs="*",
        type=Path,
        metavar="RESULTS",
        help="two results; with --from and --to, one (default: opensslrun-results.json)",
    )
    for option, name, says_of in (
        ("--from", "start", "the version a script leaves"),
        ("--to", "end", "the version it moves to"),
    ):
        diff.add_argument(
            option,
            dest=name,
            metavar="TARGET",
            help=f"{says_of}: a target's id, a beginning that only one has, or a release line",
        )
    for letter, option, what in (("-t", "--target", "targets"), ("-c", "--case", "cases")):
        diff.add_argument(
            letter,
            option,
            action="append",
            default=[],
            metavar="GLOB",
            help=f"only {what} with such an id (repeatable)",
        )
    options.add_format(diff)


def _merge(actions: options.Commands[argparse.ArgumentParser]) -> None:
    merge = options.add_command(
        actions, "merge", "join the results of a run's parts, and of other machines, and judge anew", "merge:run"
    )
    merge.add_argument(
        "results", nargs="+", type=Path, metavar="RESULTS", help="what 'matrix run' wrote, each part once"
    )
    merge.add_argument("--targets-file", type=Path, metavar="F", help="the targets of your own that the runs had")
    merge.add_argument("--cases-dir", type=Path, metavar="D", help="the cases of your own that they had")
    merge.add_argument("--differences", type=Path, metavar="F", help="the known differences of your own")
    options.add_format(merge)
    merge.add_argument(
        "--out",
        type=Path,
        default=Path("opensslrun-results.json"),
        metavar="F",
        help="the joined result (default: %(default)s)",
    )


def _review(commands: options.Commands[argparse.ArgumentParser]) -> None:
    parser = options.add_command(commands, "review", "what the last run found that nothing predicts", "review:run")
    parser.add_argument("--targets-file", type=Path, metavar="F", help="the targets of your own that the run had")
    options.add_cases(parser, "--case", "-c")
    parser.add_argument("--accept", action="store_true", help="record the values after an explicit yes")
    parser.add_argument(
        "--yes", action="store_true", help="with --accept: the explicit yes, for use without a terminal"
    )
    parser.add_argument(
        "--results", type=Path, default=Path("opensslrun-results.json"), metavar="F", help="the result to review"
    )


def _report(commands: options.Commands[argparse.ArgumentParser]) -> None:
    parser = options.add_command(
        commands, "report", "show a result again, or write it as a file for others to read", "report:run"
    )
    parser.add_argument(
        "results",
        nargs="?",
        type=Path,
        default=Path("opensslrun-results.json"),
        metavar="RESULTS",
        help="what 'matrix run' wrote (default: %(default)s)",
    )
    for option, says in (
        ("html", "one page that needs no network and opens from disk"),
        ("junit", "JUnit XML, a test case for each cell, for CI systems"),
        ("markdown", "a summary; in a job of GitHub Actions it goes to the job's page by itself"),
        ("badge", "an SVG badge"),
    ):
        parser.add_argument(f"--{option}", type=Path, metavar="F", help=says)


def _try(commands: options.Commands[argparse.ArgumentParser]) -> None:
    parser = options.add_command(
        commands, "try", "run any command on all versions that are there, equal answers grouped", "attempt:run"
    )
    options.add_targets(parser)
    options.add_readers(parser)
    parser.add_argument(
        "--file", action="append", default=[], metavar="F", help="a file that the command needs; NAME=F renames it"
    )
    parser.add_argument("--answers", type=Path, metavar="F", help="what to answer its prompts, a line each")
    parser.add_argument(
        "--input",
        choices=("terminal", "lines", "none"),
        default="terminal",
        help="where it is answered: on a terminal, on standard input, or nowhere",
    )
    parser.add_argument("--timeout", type=float, default=60.0, metavar="S", help="seconds it may take (default: 60)")
    parser.add_argument(
        "--jobs", type=options.jobs, metavar="N", help="how many targets at a time (default: four a core)"
    )
    options.add_format(parser)
    parser.add_argument("command", nargs="+", metavar="COMMAND", help="after --; one word is taken as a shell's line")


def _explain(commands: options.Commands[argparse.ArgumentParser]) -> None:
    parser = options.add_command(
        commands, "explain", "the known differences: what, since when, why, and what to write instead", "explain:run"
    )
    parser.add_argument("id", nargs="?", metavar="ID", help="one of them, such as D001 (default: a list of all)")
    parser.add_argument(
        "--results",
        type=Path,
        metavar="F",
        help="the result whose outputs are shown (default: opensslrun-results.json, if there is one)",
    )
    parser.add_argument(
        "--differences", type=Path, metavar="F", help="known differences of your own, added to the shipped ones"
    )
    options.add_format(parser)


def _schema(commands: options.Commands[argparse.ArgumentParser]) -> None:
    options.add_command(commands, "schema", "the JSON Schema of results", "schema:run")


def _completion(commands: options.Commands[argparse.ArgumentParser]) -> None:
    parser = options.add_command(
        commands, "completion", "a script by which your shell completes commands and options", "completion:run"
    )
    parser.add_argument("shell", choices=("bash", "zsh", "tcsh"), help="for which shell")
