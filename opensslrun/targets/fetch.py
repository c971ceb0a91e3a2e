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
import urllib.error
import urllib.parse
import urllib.request
from functools import lru_cache
from pathlib import Path
from typing import IO

from opensslrun import __version__
from opensslrun.errors import ChecksumError, EnvironmentLacksError
from opensslrun.targets.cache import Work, sha256_of
from opensslrun.targets.silence import answer_within

SILENCE_S = 5.0
"""Seconds without a connection, or without a byte, after which the next route is tried."""

ANSWER_S = 15.0
"""Seconds for an answer to begin: its name looked up, each of its addresses tried, redirections followed."""

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
    host = request.host  # which a proxy takes the place of
    work.silent.check(host, url)
    digest = hashlib.sha256()
    done = None
    try:
        with _opened(request, work) as answer:
            length = int(answer.headers.get("Content-Length") or 0)
            done = 0
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
        if isinstance(error, TimeoutError) or (done is None and isinstance(error, OSError)):
            raise work.silent.remember(host, url, _reason(error)) from error
        raise EnvironmentLacksError(f"{url} could not be read: {_reason(error)}") from error
    if length and done != length:
        raise EnvironmentLacksError(f"{url} was cut off after {done} of {length} bytes")
    return digest.hexdigest()


def _opened(request: urllib.request.Request, work: Work) -> http.client.HTTPResponse:
    def ask() -> http.client.HTTPResponse:
        _knock(request)
        answer: http.client.HTTPResponse = _opener().open(request, timeout=SILENCE_S)
        return answer

    return answer_within(ANSWER_S, ask, http.client.HTTPResponse.close, work.check)


def _knock(request: urllib.request.Request) -> None:
    """Raise URLError when no way leads to the host, before the authorities are read for nothing.

    That takes 50 ms or more, and where nothing can be fetched, the connection fails in one.
    """
    if request.type != "https" or "https" in urllib.request.getproxies():
        return
    address = urllib.parse.urlsplit(request.full_url)
    try:
        socket.create_connection((address.hostname, address.port or 443), timeout=SILENCE_S).close()
    except OSError as error:
        raise urllib.error.URLError(error) from error


def _opener() -> urllib.request.OpenerDirector:
    """What opens a URL with the environment's proxies and authorities, also after a redirection."""
    bundle = next((path for name in _CA_VARIABLES if (path := os.environ.get(name)) and Path(path).is_file()), None)
    return urllib.request.build_opener(urllib.request.HTTPSHandler(context=_context(bundle)))


@lru_cache(maxsize=4)
def _context(bundle: str | None) -> ssl.SSLContext:
    """The authorities, with those of this file. Remembered, because reading them takes 60 ms for each download."""
    context = ssl.create_default_context()
    if bundle:
        try:
            context.load_verify_locations(bundle)
        except (OSError, ssl.SSLError) as error:
            raise EnvironmentLacksError(
                f"the file of certificate authorities {bundle} cannot be read: {error}; correct {_CA_VARIABLES[0]}"
            ) from error
    return context


def _reason(error: BaseException) -> str:
    inner = getattr(error, "reason", error)
    if isinstance(inner, TimeoutError):
        return str(inner) if "no answer" in str(inner) else f"no answer within {SILENCE_S:.0f} s"
    if isinstance(inner, socket.gaierror):
        return "its host is not known here"
    return str(getattr(inner, "strerror", None) or inner) or type(error).__name__
