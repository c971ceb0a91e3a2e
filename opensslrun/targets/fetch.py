"""Downloads: checked by sha256 before use, given up quickly when a host does not answer, never half there.

Proxies come from the environment (``https_proxy`` and its kin), certificate authorities from where Python's
OpenSSL looks and from ``SSL_CERT_FILE``, ``REQUESTS_CA_BUNDLE`` or ``CURL_CA_BUNDLE`` when one is set.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import socket
import ssl
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO

from opensslrun import __version__
from opensslrun.errors import ChecksumError, EnvironmentLacksError
from opensslrun.targets.cache import Work, sha256_of

SILENCE_S = 5.0
"""Seconds without a connection, or without a byte, after which the next route is tried."""

REMEMBERED_S = 300.0
"""Seconds for which a host that did not answer is not asked again: many targets come from one host."""

_silent: dict[str, tuple[float, str]] = {}
"""Hosts that did not answer: when that was (monotonic), and what was said of it."""

_CHUNK = 256 * 1024
_MOST_BYTES = 1024 * 1024 * 1024
_CA_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def download(url: str, sha256: str, work: Work) -> Path:
    """The file behind a URL, from the cache when it is there and undamaged.

    Raises EnvironmentLacksError when it cannot be had, ChecksumError when what came is something else.
    """
    final = work.cache.folder("downloads") / sha256
    with work.cache.lock(f"download-{sha256[:16]}", work):
        if final.exists():
            if sha256_of(final) == sha256:
                return final
            final.unlink()
        with work.cache.writing(final) as handle:
            seen = _copy(url, handle, work)
            if seen != sha256:
                raise ChecksumError(
                    f"{url} is not the file it should be: its sha256 is {seen} and should be {sha256}; "
                    "nothing of it was used"
                )
    return final


def _copy(url: str, handle: IO[bytes], work: Work) -> str:
    name = url.rpartition("/")[2]
    request = urllib.request.Request(url, headers={"User-Agent": f"opensslrun/{__version__}"})  # noqa: S310 -- schema.py lets only http and https through
    digest = hashlib.sha256()
    done = 0
    try:
        with _asked(request) as answer:
            length = int(answer.headers.get("Content-Length") or 0)
            while chunk := answer.read(_CHUNK):
                work.check()
                done += len(chunk)
                if done > _MOST_BYTES:
                    raise EnvironmentLacksError(f"{url} sent more than {_MOST_BYTES} bytes and was given up")
                digest.update(chunk)
                handle.write(chunk)
                work.report(f"downloading {name}", done / length if length else None)
    except urllib.error.HTTPError as error:
        with error:
            raise EnvironmentLacksError(f"{url} answered {error.code} {error.reason}") from error
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError, ValueError) as error:
        raise EnvironmentLacksError(f"{url} could not be read: {_reason(error)}") from error
    if length and done != length:
        raise EnvironmentLacksError(f"{url} was cut off after {done} of {length} bytes")
    return digest.hexdigest()


def _asked(request: urllib.request.Request) -> http.client.HTTPResponse:
    """The answer of a request's host, unless that did not answer a moment ago."""
    host = request.host  # which a proxy would take the place of
    if host in _silent and time.monotonic() - _silent[host][0] < REMEMBERED_S:
        raise EnvironmentLacksError(f"{request.full_url} was not asked for: {host} gave no answer ({_silent[host][1]})")
    opener = _opener()
    try:
        answer: http.client.HTTPResponse = opener.open(request, timeout=SILENCE_S)
    except urllib.error.HTTPError:
        raise
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        _silent[host] = (time.monotonic(), _reason(error))
        raise
    return answer


def _opener() -> urllib.request.OpenerDirector:
    """What opens a URL with the environment's proxies and authorities, also after a redirection."""
    bundle = next((path for name in _CA_VARIABLES if (path := os.environ.get(name)) and Path(path).is_file()), None)
    context = ssl.create_default_context()
    if bundle:
        try:
            context.load_verify_locations(bundle)
        except (OSError, ssl.SSLError) as error:
            raise EnvironmentLacksError(
                f"the file of certificate authorities {bundle} cannot be read: {error}; correct {_CA_VARIABLES[0]}"
            ) from error
    return urllib.request.build_opener(urllib.request.HTTPSHandler(context=context))


def _reason(error: BaseException) -> str:
    inner = getattr(error, "reason", error)
    if isinstance(inner, TimeoutError):
        return f"no answer within {SILENCE_S:.0f} s"
    if isinstance(inner, socket.gaierror):
        return "its host is not known here"
    return str(getattr(inner, "strerror", None) or inner) or type(error).__name__
