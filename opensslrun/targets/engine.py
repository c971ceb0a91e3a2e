"""The container engine as the store of images: looked up, imported, pulled, kept, removed.

Every image of ours carries labels that begin with ``opensslrun.``; nothing without them is ever removed.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from opensslrun.bench.engine import connect, engine_errors
from opensslrun.bench.removal import RUN_LABEL, remove_leftovers
from opensslrun.errors import EngineError
from opensslrun.targets.cache import Work
from opensslrun.targets.silence import answer_within

LABEL_TARGET = "opensslrun.target"
LABEL_BUILDER = "opensslrun.builder"
LABEL_RECIPE = "opensslrun.recipe"
LABEL_ORIGIN = "opensslrun.origin"
LABEL_DIGEST = "opensslrun.digest"
_LABELS = (LABEL_TARGET, LABEL_BUILDER, LABEL_RECIPE, LABEL_ORIGIN, LABEL_DIGEST, RUN_LABEL)

IMAGE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_CALL_TIMEOUT_S = 300
"""Seconds: importing the 360 MB of a builder was measured at 3 s, on a slow disk it takes much longer."""

_REGISTRY_ANSWER_S = 10.0
"""Seconds for a registry's first answer. The engine itself waits 25 for one that is silent (measured with 20.10)."""

_NO_CONNECTION = "dial tcp"
"""In the answer of an engine (Docker's, Podman's) that could not connect to a registry: its name is not known, nobody
listens, no way leads there. Another image of that registry would not come either."""

_DEBIAN_NAMES = {"arm": "armhf", "386": "i386", "ppc64le": "ppc64el", "mips64le": "mips64el"}
"""Go's names of architectures to Debian's, where they differ."""


@dataclass(frozen=True, slots=True)
class Image:
    """An image in the engine. ``size`` is in bytes."""

    id: str
    labels: Mapping[str, str]
    size: int
    tags: tuple[str, ...]
    digests: tuple[str, ...]


class Engine:
    """A connection to the container engine that the environment names. A context manager.

    Every method raises EngineError when the engine is not there or refuses.
    """

    def __init__(self) -> None:
        self.client = connect(_CALL_TIMEOUT_S)
        self._tidied = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    @cached_property
    def architecture(self) -> str:
        """The architecture of the engine's machine, by Debian's name (``amd64``)."""
        with engine_errors("ask the container engine for its version"):
            name = str(self.client.version().get("Arch", "amd64"))
        return _DEBIAN_NAMES.get(name, name)

    def find(self, reference: str) -> Image | None:
        """The image of this tag, digest or id; None when it is not in the engine."""
        import docker.errors  # noqa: PLC0415 -- the SDK is imported late, see bench.engine

        with engine_errors(f"look up the image {reference}"):
            try:
                seen = self.client.images.get(reference).attrs
            except docker.errors.NotFound:
                return None
        return _image(seen, (seen.get("Config") or {}).get("Labels"))

    def own_images(self, label: str) -> list[Image]:
        """All images whose label of ours this is; it is empty in what was made on top of one that has it."""
        with engine_errors("list images"):
            seen = [_image(entry, entry.get("Labels")) for entry in self.client.api.images(filters={"label": label})]
        return [image for image in seen if image.labels.get(label)]

    def tidy(self) -> None:
        """Remove the containers that killed runs left, once for all that this connection is used for."""
        if not self._tidied:
            remove_leftovers(self.client)
            self._tidied = True

    def import_root(self, tar: Path, tag: str | None, labels: Mapping[str, str]) -> Image:
        """Make an image of one root file system tar; with None it gets no name."""
        with engine_errors(f"import the image {tag or tar.name}"):
            # Named afterwards: podman 4.3 gives an import the tag "latest", whichever it is told.
            answer = self.client.api.import_image(src=str(tar), changes=_changes(labels))
            last = json.loads(answer.strip().splitlines()[-1])
            if "error" in last:
                raise EngineError(
                    f"Could not import the image {tag or tar.name}: {last['error']}; see that the engine has disk space"
                )
            if tag is not None:
                repository, _, name = tag.rpartition(":")
                self.client.api.tag(last["status"], repository, name)
        return self._must_find(tag or str(last["status"]))

    def commit(self, container_id: str, tag: str, labels: Mapping[str, str]) -> Image:
        """Make an image of a container's files, on top of the image it was made from. Labels of that one of ours go."""
        repository, _, name = tag.rpartition(":")
        own = dict.fromkeys(_LABELS, "") | dict(labels)
        with engine_errors(f"make the image {tag}"):
            self.client.api.commit(
                container_id, repository, name, changes="\n".join([*_changes(own), "CMD []", "ENTRYPOINT []"])
            )
        return self._must_find(tag)

    def export(self, container_id: str, final: Path, work: Work) -> None:
        """Write all files of a container as one tar."""
        with work.cache.writing(final) as handle, engine_errors("take the files out of a container"):
            for chunk in self.client.api.export(container_id):
                work.check()
                handle.write(chunk)

    def pull(self, reference: str, work: Work) -> Image:
        """Pull an image with the log-ins of the user's Docker configuration; a digest is checked by the engine."""
        import docker.errors  # noqa: PLC0415 -- the SDK is imported late, see bench.engine

        repository, tag = split_reference(reference)
        registry = registry_of(repository)
        work.silent.check(registry, f"the image {reference}")
        work.report(f"pulling {reference}", None)
        with engine_errors(f"pull the image {reference}"):
            try:
                events = answer_within(
                    _REGISTRY_ANSWER_S,
                    lambda: self.client.api.pull(repository, tag=tag, stream=True, decode=True),
                    Generator.close,
                    work.check,
                )
                with closing(events):
                    for event in events:
                        work.check()
                        if "error" in event:
                            raise EngineError(f"Could not pull the image {reference}: {event['error']}")
            except docker.errors.NotFound as error:
                raise EngineError(f"Could not pull the image {reference}: {error.explanation}") from error
            except TimeoutError as error:
                raise work.silent.remember(registry, f"the image {reference}", str(error)) from error
            except docker.errors.APIError as error:
                if _NO_CONNECTION in str(error.explanation):
                    said = " ".join(str(error.explanation).split())
                    raise work.silent.remember(registry, f"the image {reference}", said) from error
                raise
        return self._must_find(reference)

    def forget(self, reference: str) -> None:
        """Take one name from an image; its layers stay while another image needs them."""
        import docker.errors  # noqa: PLC0415 -- the SDK is imported late, see bench.engine

        with engine_errors(f"remove the name {reference}"), suppress(docker.errors.NotFound):
            self.client.api.remove_image(reference)

    def remove(self, image: Image) -> None:
        """Remove an image of ours with all its names. Refused with EngineError while a container uses it."""
        if not any(label.startswith("opensslrun.") for label in image.labels):
            raise EngineError(f"The image {image.id} was not made by opensslrun and is left alone")
        for name in (*image.tags, *image.digests):
            self.forget(name)
        self.forget(image.id)

    def _must_find(self, reference: str) -> Image:
        image = self.find(reference)
        if image is None:
            raise EngineError(f"The image {reference} vanished from the container engine; run the command again")
        return image


_PODMANS_HOST = "localhost/"
"""What Podman puts before the name of an image that came from no registry."""


def by_tag(images: Iterable[Image]) -> dict[str, Image]:
    """Images by each of the names that they were given here."""
    return {tag.removeprefix(_PODMANS_HOST): image for image in images for tag in image.tags}


class Engines:
    """A connection for each thread that asks, made when it first asks. A context manager, which closes them all.

    Making one and learning what the engine is takes 10 ms: much where it is asked for one target after another.
    """

    def __init__(self) -> None:
        self._of_thread = threading.local()
        self._made: list[Engine] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for engine in self._made:
            engine.client.close()

    def here(self) -> Engine:
        """This thread's. Raises EngineError when there is no engine."""
        known: Engine | None = getattr(self._of_thread, "engine", None)
        if known is None:
            known = self._of_thread.engine = Engine()
            self._made.append(known)
        return known


def _image(seen: Mapping[str, Any], labels: Mapping[str, str] | None) -> Image:
    return Image(
        id=str(seen["Id"]),
        labels=dict(labels or {}),
        size=int(seen.get("Size") or 0),
        tags=tuple(tag for tag in seen.get("RepoTags") or () if "<none>" not in tag),
        digests=tuple(digest for digest in seen.get("RepoDigests") or () if "<none>" not in digest),
    )


def _changes(labels: Mapping[str, str]) -> Sequence[str]:
    return [f"ENV PATH={IMAGE_PATH}", *(f"LABEL {name}={json.dumps(value)}" for name, value in sorted(labels.items()))]


def registry_of(repository: str) -> str:
    """The host a repository is on, by Docker's rule: a first part with a dot or a port, or ``localhost``."""
    host, slash, _ = repository.partition("/")
    return host if slash and (host == "localhost" or "." in host or ":" in host) else "docker.io"


def split_reference(reference: str) -> tuple[str, str]:
    """``repository:tag`` or ``repository@digest`` taken apart; without either ``latest``, never all tags.

    A tag beside a digest is left out: the digest alone says which image it is.
    """
    name, at, digest = reference.partition("@")
    head, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        head, tag = name, "latest"
    return (head, digest) if at else (head, tag)
