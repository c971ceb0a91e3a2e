"""One lie in one command of one cell: it is told by the right fact, and no other cell changes.

All liars run in one real run beside the honest openssl: each is a program that hands every command to the real one,
but for the one it lies in. What is said of a lie in :data:`LIES` came from looking at what the lie did.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import ANY

import pytest

import lying
from lying import ABSENT, ALTER, ENCRYPT, KEY, REFUSED, ROOT, SLEEP, SUBJECT, TERMINAL_TRICKS, Lie
from opensslrun.facts.model import FactValue

REAL = str(Path(shutil.which("openssl") or "openssl").resolve())
KEYS = Path(__file__).parents[3] / "matrix" / "fixtures" / "keys"

DEVICE, PAIR = "device-sign", "pair"
COMMANDS = lying.COMMANDS | {
    DEVICE: "x509 -req -in device.csr -CA root.crt -CAkey root.key -CAcreateserial -days 365 -sha256 -out device.crt",
    PAIR: "req -x509 -newkey rsa:2048 -nodes -keyout pair.key -subj /CN=pair -days 30 -out pair.crt",
}
"""In each of these cases one command may be lied in; the others of the run are the rest of these cases."""

PAIR_CASE = f"""
title = "A key and a certificate at once, in little time"
[[step]]
run = "openssl {COMMANDS[PAIR]}"
timeout = 8
expect = {{ creates = ["pair.key", "pair.crt"] }}
"""

NAME: FactValue = [
    ["C", "PrintableString", "US"],
    ["ST", "PrintableString", "Massachusetts"],
    ["L", "PrintableString", "Cambridge"],
    ["O", "PrintableString", "Organization"],
    ["OU", "PrintableString", "IoT"],
    ["emailAddress", "IA5String", "test@email.com"],
    ["CN", "PrintableString", "www.organization.test.com"],
]
AES_128: FactValue = {
    "scheme": "PBES2", "kdf": "PBKDF2", "prf": "hmac sha256", "iterations": 2048, "salt_bytes": 8,
    "cipher": "AES-128-CBC",
}  # fmt: skip
ASK = 'for n in 1 2; do printf \'%s\' "$ASKED" >/dev/tty; read -r given </dev/tty; ASKED="Verifying - $ASKED"; done'


def altered(change: str) -> str:
    """Do as told, then change one thing of the certificate and sign it again with the CA's own key."""
    return f'"$REAL" "$@" && exec "$PYTHON" -I "$ALTER" {change} rootCA.crt rootCA.key'


LIES = lying.EVERYWHERE | {
    # exit statuses and what was claimed
    "exits 0 without doing it": Lie(ROOT, "exit 0", "fail", {"files.created": [], "certificate.ca@rootCA.crt": ABSENT}),
    "exits 0 after failing": Lie(REFUSED, '"$REAL" "$@"; exit 0', "fail", {"exit_status": 0}),
    "prints OK for all": Lie(
        REFUSED, 'for last; do :; done; echo "$last: OK"', "fail",
        {"exit_status": 0, "verify.claim@leaf.crt": "ok", "verify.errors": []},
    ),
    "prints OK and exits 2": Lie(
        REFUSED, '"$REAL" "$@"; echo "leaf.crt: OK"; exit 2', "fail", {"verify.claim@leaf.crt": "unclear"}
    ),
    "tells another error": Lie(
        REFUSED, '"$REAL" "$@" 2>&1 | sed "s/error 10 at/error 18 at/" >&2; exit 2', "new",
        {"verify.errors": ["18 at 0"]},
    ),
    # files
    "swaps two outputs": Lie(
        PAIR, '"$REAL" "$@"; mv pair.key x; mv pair.crt pair.key; mv x pair.crt', "new",
        {"pem.labels@pair.key": ["CERTIFICATE"], "pem.labels@pair.crt": ["PRIVATE KEY"]},
    ),
    "swaps the two streams": Lie(
        SUBJECT, '"$REAL" "$@" 3>&1 1>&2 2>&3', "new", {"stdout": "", "stderr.classes": ["subject"]}
    ),
    "writes an empty file": Lie(
        PAIR, '"$REAL" "$@"; : >pair.crt', "fail", {"files.empty": ["pair.crt"], "file.format@pair.crt": "empty"}
    ),
    "writes a truncated file": Lie(
        ROOT, '"$REAL" "$@"; head -c 900 rootCA.crt >x; cat x >rootCA.crt; rm x', "fail",
        {"certificate.ca@rootCA.crt": ABSENT},
    ),
    "loses the last line": Lie(
        ROOT, '"$REAL" "$@"; sed "\\$d" rootCA.crt >x; cat x >rootCA.crt; rm x', "fail",
        {"certificate.ca@rootCA.crt": ABSENT},
    ),
    "writes an old file": Lie(ROOT, altered("old"), "new", {"certificate.starts_now@rootCA.crt": False}),
    "writes the file of another key": Lie(
        ROOT, 'cp "$OTHER" rootCA.crt', "new", {"certificate.key_matches@rootCA.crt": []}
    ),
    "writes the right file under another name": Lie(
        ROOT, '"$REAL" "$@"; mv rootCA.crt rootCA.cer', "fail",
        {"files.created": ["rootCA.cer"], "certificate.ca@rootCA.crt": ABSENT},
    ),
    "writes the right file twice": Lie(
        ROOT, '"$REAL" "$@"; cp rootCA.crt rootCA.cer', "new", {"files.created": ["rootCA.cer", "rootCA.crt"]}
    ),
    "writes a link to the file": Lie(
        PAIR, '"$REAL" "$@"; mv pair.crt x; ln -s x pair.crt', "fail", {"file.kind@pair.crt": "link"}
    ),
    "writes a directory": Lie(
        PAIR, '"$REAL" "$@"; rm pair.crt; mkdir pair.crt', "fail", {"file.kind@pair.crt": "directory"}
    ),
    "changes an input file": Lie(ROOT, '"$REAL" "$@"; echo >>root.conf', "new", {"files.changed": ["root.conf"]}),
    "removes an input file": Lie(ROOT, '"$REAL" "$@"; rm root.conf', "new", {"files.removed": ["root.conf"]}),
    "writes text around the certificate": Lie(
        ROOT, '"$REAL" "$@"; echo more >>rootCA.crt', "new", {"file.around@rootCA.crt": ["after"]}
    ),
    "writes other line ends": Lie(
        ROOT, '"$REAL" "$@"; sed "s/\\$/\\r/" rootCA.crt >x; cat x >rootCA.crt; rm x', "new",
        {"file.line_endings@rootCA.crt": "crlf"},
    ),
    # keys
    "does not encrypt the key": Lie(
        KEY, f'ASKED="Enter pass phrase:"; {ASK}; "$REAL" rsa -in my.key -out safe.key', "fail",
        {"key.encrypted@safe.key": False, "key.encryption@safe.key": None},
    ),
    "encrypts the key with another pass phrase": Lie(
        KEY, f'ASKED="Enter pass phrase:"; {ASK}; given=another; {ENCRYPT}', "fail", {"key.opens@safe.key": False}
    ),
    "encrypts another key": Lie(
        KEY, f'ASKED="Enter pass phrase:"; {ASK}; {ENCRYPT.replace("my.key", f"{KEYS}/rsa-5.pem")}',
        "new", {"key.same_as@safe.key": ABSENT},
    ),
    "encrypts the key otherwise": Lie(
        KEY, f'ASKED="Enter pass phrase:"; {ASK}; "$REAL" rsa -aes128 -in my.key -out safe.key -passout "pass:$given"',
        "new", {"key.encryption@safe.key": AES_128},
    ),
    # prompts
    "asks once too many and does not wait": Lie(
        KEY, '"$REAL" "$@"; printf "Enter pass phrase:" >/dev/tty', "hung", {"ending": "hung"}
    ),
    "changes a word of a prompt": Lie(
        KEY, f'ASKED="Enter the pass phrase:"; {ASK}; {ENCRYPT}', "new",
        {"prompts": ["Enter the pass phrase:", "Verifying - Enter the pass phrase:"]},
    ),
    "asks in words that no openssl uses": Lie(
        KEY, f'ASKED="Your secret, please:"; {ASK}; {ENCRYPT}', "hung",
        {"ending": "hung", "unanswered": "Your secret, please:"},
    ),
    # hangs
    "hangs before output": Lie(PAIR, SLEEP, "hung", {"ending": "hung", "unanswered": "", "files.created": []}),
    "hangs during output": Lie(
        PAIR, f"printf 'half a li'; printf -- '-----BEGIN CERT' >pair.crt; {SLEEP}", "hung",
        {"ending": "hung", "files.created": ["pair.crt"]},
    ),
    "hangs during output on the terminal": Lie(
        PAIR, f"printf 'half a li' >/dev/tty; {SLEEP}", "hung", {"ending": "hung", "unanswered": "half a li"}
    ),
    "hangs after output": Lie(PAIR, f'"$REAL" "$@"; {SLEEP}', "hung", {"ending": "hung", "exit_status": ABSENT}),
    "hangs and will not be ended": Lie(
        PAIR, f'trap "" HUP INT QUIT TERM; exec >&- 2>&-; {SLEEP}', "hung", {"ending": "hung"}
    ),
    # signals and floods
    "dies by a signal after succeeding": Lie(
        ROOT, '"$REAL" "$@"; kill -ABRT $$', "fail", {"ending": "signal SIGABRT", "exit_status": ABSENT}
    ),
    "prints 100 MB and dies of it": Lie(
        SUBJECT, "yes flood | head -c 100000000 | cat", "fail", {"ending": "signal SIGXFSZ"}
    ),
    "prints 100 MB in one line": Lie(
        ROOT, 'head -c 100000000 /dev/zero | tr "\\0" .; exec "$REAL" "$@"', "new",
        {"stdout.classes": ["key generation", "unknown: more than 1048576 bytes"]},
    ),
    "writes 160 MB, in files that are each small enough to be read": Lie(
        ROOT, 'for n in $(seq 40); do head -c 4000000 /dev/zero >junk$n; done; exec "$REAL" "$@"', "new",
        {"file.format@junk1": "unknown", "file.format@junk40": "too large"},
    ),
    "writes a block of two million lines": Lie(
        ROOT, '{ echo "-----BEGIN X-----"; yes A | head -c 4000000; echo "-----END X-----"; } >rootCA.crt', "fail",
        {"pem.labels@rootCA.crt": ["X"]},
    ),
    "prints 100 MB of hexadecimal digits": Lie(
        SUBJECT, "yes aa:bb: | tr -d '\\n' | head -c 100000000", "fail",
        {"stdout.classes": ["unknown: " + "aa:bb:" * 33 + "aa", "unknown: more than 1048576 bytes"]},
    ),
    "prints 100 MB that are no text": Lie(
        SUBJECT, "head -c 1000000 /dev/zero | tr '\\0' '\\377'; printf '\\360\\237\\230\\200\\n'; yes ä\\377", "fail",
        {"ending": "signal SIGXFSZ"},
    ),
    # what a terminal would obey
    "asks with control sequences": Lie(
        ROOT, f"printf 'Enter {TERMINAL_TRICKS} pass phrase:' >/dev/tty; read -r given </dev/tty", "hung",
        {"ending": "hung"},
    ),
    # certificates, really altered, and rightly signed
    "makes the certificate version 1": Lie(
        ROOT, altered("version-1"), "fail",
        {"certificate.version@rootCA.crt": 1, "certificate.ca@rootCA.crt": False,
         "certificate.extensions@rootCA.crt": []},
    ),
    "makes the certificate version 1 with extensions": Lie(
        ROOT, altered("version-1-with-extensions"), "new",
        {"certificate.version@rootCA.crt": 1},
    ),
    "drops CA:TRUE": Lie(ROOT, altered("no-ca"), "fail", {"certificate.ca@rootCA.crt": False}),
    "takes 'critical' from the extensions": Lie(
        ROOT, altered("not-critical"), "new", {"certificate.extensions@rootCA.crt": ANY}
    ),
    "turns the extensions round": Lie(
        ROOT, altered("extensions-turned-round"), "new", {"certificate.extensions@rootCA.crt": ANY}
    ),
    "drops an extension": Lie(ROOT, altered("one-extension-less"), "fail", {"certificate.ca@rootCA.crt": False}),
    "adds a day": Lie(ROOT, altered("a-day-more"), "new", {"certificate.validity_days@rootCA.crt": 1025}),
    "changes the serial's sign": Lie(
        ROOT, altered("negative-serial"), "new", {"certificate.serial_positive@rootCA.crt": False}
    ),
    "counts serials": Lie(
        ROOT, altered("short-serial"), "new",
        {"certificate.serial@rootCA.crt": 5, "certificate.serial_octets@rootCA.crt": [1, 4]},
    ),
    "changes the digest": Lie(
        ROOT, altered("digest"), "new", {"certificate.signature_algorithm@rootCA.crt": "sha1_rsa"}
    ),
    "changes a name's encoding": Lie(
        ROOT, altered("name-encoding"), "new",
        {f"certificate.{name}@rootCA.crt": NAME for name in ("subject", "issuer")},
    ),
    "changes the issuer's encoding": Lie(
        ROOT, altered("issuer-encoding"), "fail", {"certificate.self_issued@rootCA.crt": False}
    ),
    "signs another key": Lie(
        ROOT, altered("another-key"), "fail",
        {"certificate.key_matches@rootCA.crt": [], "certificate.self_signed@rootCA.crt": False},
    ),
    "signs wrongly": Lie(
        ROOT, altered("damaged"), "fail", {"certificate.self_signature_valid@rootCA.crt": False}
    ),
    "signs a device's certificate wrongly": Lie(
        DEVICE, '"$REAL" "$@" && exec "$PYTHON" -I "$ALTER" damaged device.crt root.key', "fail",
        {"certificate.signed_by@device.crt": []},
    ),
    "adds a day to a device's certificate": Lie(
        DEVICE, '"$REAL" "$@" && exec "$PYTHON" -I "$ALTER" a-day-more device.crt root.key', "fail",
        {"certificate.validity_days@device.crt": 366},
    ),
    # no lie
    "tells the truth, signed again": Lie(ROOT, altered("nothing"), "pass"),
}  # fmt: skip
IDS = lying.numbered(LIES)


def liar(folder: Path, lie: Lie) -> Path:
    """The program: honest but for one command."""
    path = folder / "openssl"
    folder.mkdir()
    path.write_text(
        f"#!/bin/sh\nREAL={REAL} PYTHON={sys.executable} ALTER={ALTER}\n"
        f"OTHER={folder.parent / 'other.crt'} OTHERKEY={KEYS / 'rsa-2.pem'}\n"
        f"{lying.but_for_one_command(COMMANDS[lie.case], lie.does)}"
    )
    path.chmod(0o755)
    return path


@dataclass(frozen=True)
class Run(lying.Run):
    """The same, and the most memory that it took, in KiB."""

    peak_kb: int


MEASURED = """
import resource, runpy, sys, pathlib
try:
    runpy.run_module("opensslrun", run_name="__main__", alter_sys=True)
finally:
    status = pathlib.Path("/proc/self/status")
    if status.exists():
        peak = next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    else:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    pathlib.Path("peak").write_text(str(peak))
"""
"""Runs opensslrun, and notes the most memory that this one process had, in KiB. Linux counts that anew from the start
of a program in ``VmHWM``, while ``ru_maxrss`` begins with what the process had that started it: these tests'. What has
no ``/proc`` is macOS, which counts bytes."""


def opensslrun(folder: Path, *args: str) -> subprocess.CompletedProcess[bytes]:
    argv = [sys.executable, "-c", MEASURED, *args]
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}
    return subprocess.run(
        argv, env=environment, cwd=folder, capture_output=True, timeout=600, check=False, stdin=subprocess.DEVNULL
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("liars")
    (folder / "cases").mkdir()
    (folder / "cases" / f"{PAIR}.toml").write_text(PAIR_CASE)
    opensslrun(folder, "matrix", "run", "-t", "host", "--cases-dir", "cases", "-c", PAIR)
    recorded = opensslrun(folder, "review", "--cases-dir", "cases", "--case", PAIR, "--accept", "--yes")
    assert (folder / "cases" / f"{PAIR}.recorded.json").exists(), recorded.stderr
    other = ["req", "-x509", "-new", "-key", str(KEYS / "rsa-2.pem"), "-subj", "/CN=other", "-out", "other.crt"]
    subprocess.run([REAL, *other], cwd=folder, check=True, capture_output=True)
    tables = [f'[[target]]\nid = "{IDS[name]}"\npath = "{liar(folder / IDS[name], lie)}"' for name, lie in LIES.items()]
    (folder / "targets.toml").write_text("\n".join(tables))
    argv = ["-t", "host", "-t", "liar-*", "--targets-file", "targets.toml", "--cases-dir", "cases"]
    for case in COMMANDS:
        argv += ["-c", case]
    done = opensslrun(folder, "matrix", "run", *argv, "--no-cache", "--out", "result.json")
    assert b"Traceback" not in done.stderr
    document = (folder / "result.json").read_bytes()
    cells = {(cell["target"], cell["case"]): cell for cell in json.loads(document)["cells"]}
    peak_kb = int((folder / "peak").read_text())
    return Run(done.returncode, done.stdout, done.stderr, document, cells, peak_kb)


@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_told_by_its_fact(run: Run, name: str) -> None:
    lying.expect_told(LIES[name], run.cells[IDS[name], LIES[name].case])


@pytest.mark.parametrize("name", LIES)
def test_a_lie_changes_no_other_cell(run: Run, name: str) -> None:
    lying.expect_alike(run.cells, IDS[name], "host", *(COMMANDS.keys() - {LIES[name].case}))


def test_the_honest_binary_beside_all_liars_is_as_predicted(run: Run) -> None:
    assert {run.cells["host", case]["verdict"] for case in COMMANDS} <= {"pass", "known"}
    assert run.status == 1


def test_what_liars_print_does_nothing_to_a_terminal(run: Run) -> None:
    """Neither in the report, nor in the messages beside it, nor when somebody looks at the result itself."""
    lying.expect_plain_text(run.stdout, run.stderr, run.document)


def test_floods_take_neither_memory_nor_a_huge_result(run: Run) -> None:
    assert run.peak_kb < 300 * 1024
    assert len(run.document) < 32 * 1024 * 1024
