"""The container engine as the store of images: looked up, imported, pulled, tagged, removed.

Every image of ours carries labels that begin with ``opensslrun.``; nothing without them is ever removed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import docker
import docker.errors
import requests

from opensslrun.errors import EngineError
from opensslrun.targets.cache import Work

LABEL_TARGET = "opensslrun.target"
LABEL_BUILDER = "opensslrun.builder"
LABEL_RECIPE = "opensslrun.recipe"
LABEL_ORIGIN = "opensslrun.origin"
LABEL_DIGEST = "opensslrun.digest"

IMAGE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_CALL_TIMEOUT_S = 120

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
    """A connection to the container engine that the environment names (``DOCKER_HOST`` and its kin).

    Every method raises EngineError when the engine is not there or refuses. A context manager.
    """

    def __init__(self) -> None:
        with told("reach the container engine"):
            self.client = docker.from_env(timeout=_CALL_TIMEOUT_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self.client.close()

    @cached_property
    def architecture(self) -> str:
        """The architecture of the engine's machine, by Debian's name (``amd64``)."""
        with told("ask the container engine for its version"):
            name = str(self.client.version().get("Arch", "amd64"))
        return _DEBIAN_NAMES.get(name, name)

    def find(self, reference: str) -> Image | None:
        """The image of this tag, digest or id; None when it is not in the engine."""
        with told(f"look up the image {reference}"):
            try:
                return _image(self.client.images.get(reference).attrs)
            except docker.errors.ImageNotFound:
                return None

    def own_images(self, label: str) -> list[Image]:
        """All images that carry this label of ours."""
        with told("list images"):
            listed = self.client.api.images(filters={"label": label})
            return [image for entry in listed if (image := self.find(entry["Id"])) is not None]

    def import_root(self, tar: Path, tag: str, labels: Mapping[str, str]) -> Image:
        """Make an image of one root file system tar."""
        repository, _, name = tag.rpartition(":")
        with told(f"import the image {tag}"):
            answer = self.client.api.import_image(
                src=str(tar), repository=repository, tag=name, changes=_changes(labels)
            )
            last = json.loads(answer.strip().splitlines()[-1])
        if "error" in last:
            raise EngineError(f"the container engine could not import the image {tag}: {last['error']}")
        return self._must_find(tag)

    def commit(self, container_id: str, tag: str, labels: Mapping[str, str]) -> Image:
        """Make an image of what a container has become."""
        repository, _, name = tag.rpartition(":")
        with told(f"keep the image {tag}"):
            self.client.api.commit(container_id, repository=repository, tag=name, changes=_changes(labels))
        return self._must_find(tag)

    def pull(self, reference: str, work: Work) -> Image:
        """Pull an image with the log-ins of the user's Docker configuration; a digest is checked by the engine."""
        repository, tag = _split(reference)
        with told(f"pull {reference}"):
            for event in self.client.api.pull(repository, tag=tag, stream=True, decode=True):
                work.check()
                if "error" in event:
                    raise EngineError(f"cannot pull {reference}: {event['error']}")
                detail = event.get("progressDetail") or {}
                done = detail["current"] / detail["total"] if detail.get("total") else None
                work.report(f"pulling {reference}", done)
        return self._must_find(reference)

    def forget(self, reference: str) -> None:
        """Take one name from an image; its layers stay while another image needs them."""
        with told(f"remove the name {reference}"):
            try:
                self.client.api.remove_image(reference)
            except (docker.errors.ImageNotFound, docker.errors.APIError) as error:
                if not isinstance(error, docker.errors.ImageNotFound) and error.status_code != 409:
                    raise

    def remove(self, image: Image) -> None:
        """Remove an image of ours with all its names. Refused with EngineError while a container uses it."""
        if not any(label.startswith("opensslrun.") for label in image.labels):
            raise EngineError(f"the image {image.id} is not opensslrun's and is left alone")
        with told(f"remove the image {', '.join(image.tags) or image.id}"):
            for name in (*image.tags, *image.digests):
                self.forget(name)
            if self.find(image.id) is not None:
                self.client.api.remove_image(image.id)

    def _must_find(self, reference: str) -> Image:
        image = self.find(reference)
        if image is None:
            raise EngineError(f"the image {reference} vanished from the container engine; try again")
        return image


def _image(seen: Mapping[str, Any]) -> Image:
    config = seen.get("Config") or {}
    return Image(
        id=str(seen["Id"]),
        labels=dict(config.get("Labels") or {}),
        size=int(seen.get("Size") or 0),
        tags=tuple(tag for tag in seen.get("RepoTags") or () if "<none>" not in tag),
        digests=tuple(digest for digest in seen.get("RepoDigests") or () if "<none>" not in digest),
    )


def _changes(labels: Mapping[str, str]) -> Sequence[str]:
    quoted = [f"LABEL {name}={json.dumps(value)}" for name, value in sorted(labels.items())]
    return [f"ENV PATH={IMAGE_PATH}", *quoted]


def _split(reference: str) -> tuple[str, str]:
    """``repo:tag`` or ``repo@digest`` for the pull call; without either, ``latest`` and never all tags."""
    if "@" in reference:
        repository, _, digest = reference.partition("@")
        head, _, name = repository.rpartition("/")
        return (f"{head}/" if head else "") + name.partition(":")[0], digest
    head, colon, tag = reference.rpartition(":")
    return (head, tag) if colon and "/" not in tag else (reference, "latest")


@contextmanager
def told(what: str) -> Iterator[None]:
    """Turn the engine's errors into one sentence."""
    try:
        yield
    except docker.errors.APIError as error:
        reason = error.explanation or str(error)
        raise EngineError(f"the container engine would not {what}: {reason}") from error
    except (docker.errors.DockerException, requests.RequestException, OSError) as error:
        raise EngineError(
            f"cannot {what}: {_reason(error)}; start Docker (or set DOCKER_HOST) and see that you may use it"
        ) from error


def _reason(error: BaseException) -> str:
    """The innermost cause, which is what a person can act on (``Connection refused``)."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__ or error
    return str(getattr(error, "strerror", None) or error)
