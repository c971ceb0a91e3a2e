"""The shell's side of a bench: what is run in a container to keep one shell open there, and what a step's script is."""

from __future__ import annotations

from opensslrun.bench.tree import is_plain, script
from opensslrun.driver.outcome import Input

START = """
if [ -n "$5" ]; then exec <>"$5" >&0 2>&0; fi
b=; command -v setsid >/dev/null && command -v stty >/dev/null && command -v env >/dev/null || b=busybox
exec $b env -i PATH="$PATH" LC_ALL=C /bin/sh -c "$1" opensslrun "$b" "$2" "$3" "$4"
"""
"""Leaves the environment of the engine and of the image behind, but for PATH. An image that has no links for the
three programs has them in its busybox. A terminal of this machine becomes its own by being opened first: it is then a
session's leader without one."""

LEAD = """
b=; command -v stat >/dev/null || b=busybox
[ "$($b stat -c '%d %i %t %T' "$1")" = "$2" ] && [ -r "$1" ] && [ -w "$1" ] || exit 1
echo the same
shift 2
b=; command -v setsid >/dev/null || b=busybox
exec $b setsid /bin/sh -c "$@"
"""
"""A session of its own for what follows, as the engine gives to what it runs on its own terminal. It says so when the
terminal it has (``$1``) is the one it should be (``$2``), and opens no other."""

LOOP = """
b=$1 root=$2 blocks=$3 archives=$4
umask 022
ulimit -c 0
ulimit -f "$blocks"
exec 2>/dev/null
trap : HUP INT QUIT USR1 USR2 ALRM TERM
cd "$root"
sober() { $b stty sane -echo -onlcr; }
clean() {
    cd "$root"
    for left in /tmp/* /tmp/.[!.]* /tmp/..?*; do
        case $services:$left in ?*:/tmp/.wine-* | ?*:/tmp/wine-*) continue ;; esac
        if [ -e "$left" ] || [ -h "$left" ]; then $b rm -rf "$left"; fi
    done
}
services=
living() { for each in /proc/[0-9]*; do [ ! -O "$each" ] || echo "${each#/proc/}"; done; }
sweep() {
    [ "$services" ] || { kill -9 -1; return; }
    for try in 1 2 3 4 5 6 7 8; do
        found=
        for each in $(living); do
            case " $services " in *" $each "*) continue ;; esac
            ! kill -9 "$each" || found=1
        done
        [ "$found" ] || return
        $b sleep 0.01
    done
    kill -9 -1
}
if [ -f /usr/share/opensslrun/services ]; then
    (. /usr/share/opensslrun/services) </dev/null >/dev/null
    services="$$ $(living | $b tr '\n' ' ')"
fi
sober
hash openssl
exec 3</dev/null
while IFS=' ' read -r word key mark; do [ "$word" != opensslrun ] || break; done
echo "$mark 0"
while IFS=' ' read -r word space step how first; do
    [ "$word" = "$key" ] || continue
    [ -z "$first" ] || clean
    d=$root/$space
    s=../s/$step
    case $how in
        tidy) sober; echo "$mark 0"; continue ;;
        clean) clean; [ -z "$archives" ] || $b rm -rf "$root/$space"; echo "$mark 0"; continue ;;
    esac
    cd "$d/c" || { $b mkdir -p "$d/c"; cd "$d/c" || { echo "$mark gone"; continue; }; }
    export HOME="$d/h"
    [ -z "$archives" ] || for old in ../s/*.out ../s/*.err; do : >"$old"; done
    case $how in
        plain) command . "$s"; status=$? ;;
        terminal) (exec sh "$s" <&3 3<&- >"$s.out" 2>"$s.err"); status=$? ;;
        lines) $b cat "$s.in" | (exec $b setsid sh "$s" 3<&- >"$s.out" 2>"$s.err"); status=$? ;;
        none) (exec $b setsid sh "$s" <&3 3<&- >"$s.out" 2>"$s.err"); status=$? ;;
    esac
    sweep
    [ -z "$archives" ] || $b find . -type s -exec $b stat -c %a {} \\; -print0 >"$s.sockets"
    echo "$mark $status"
done
"""
"""Steps are in this shell's process group, which lets ``setsid`` give them a session without forking; ``kill 0`` in a
script ends the script alone, because this shell catches what it sends (subshells and programs do not inherit that).
Job control would do too, but bash gives a job the terminal only when interactive. ``kill -9 -1`` spares its caller
(Linux), so this shell says it, and not a program. A subshell takes the redirections, so that this shell's word on a
killed step (``Killed``) is not in its stderr. A plain step's script is that subshell itself, sourced: its one command
is run by the process the subshell is, and found where ``hash`` found it, while ``exec`` would look through all of PATH
again. ``command`` keeps a script that cannot be read from ending this shell. Archives fetch all of a workspace, so
earlier output is emptied. ``lines`` come through a pipe, as they do on this machine: a C library gives back to a file
what it read too much. What an image's services are (wine's server) is started first and spared between steps, with
what they keep in ``/tmp``; where a step's processes cannot be ended one by one, they go with them and start again by
themselves."""


def is_plain_step(line: str, how: Input) -> bool:
    """Whether a step is one program on the terminal, which needs no shell of its own to be safe."""
    return how is Input.TERMINAL and is_plain(line)


def step_script(line: str, how: Input) -> bytes:
    """The script of a step as :data:`LOOP` expects it."""
    if is_plain_step(line, how):
        return b'(%s) <&3 3<&- >"$s.out" 2>"$s.err"\n' % line.encode("utf-8", "surrogateescape")
    return script(line)
