"""The case file as a person writes it, checked key by key."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from opensslrun.cases.said import SaidValue
from opensslrun.driver.outcome import Input
from opensslrun.tomlfile import Table

Name = Annotated[str, Field(min_length=1)]


class CertificatePromise(Table):
    """What a document says of a certificate it makes."""

    file: Name
    ca: bool | None = None
    validity_days: int | None = None
    key_bits: int | None = None
    self_signed: bool | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if (self.ca, self.validity_days, self.key_bits, self.self_signed) == (None, None, None, None):
            raise ValueError(f"promises nothing of {self.file}; add ca, validity_days, key_bits or self_signed")
        return self


class KeyPromise(Table):
    """What a document says of a private key it makes."""

    file: Name
    bits: int | None = None
    encrypted: bool | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.bits is None and self.encrypted is None:
            raise ValueError(f"promises nothing of {self.file}; add bits or encrypted")
        return self


class Expect(Table):
    """What the document promises of one step. A step that is not said to fail is promised to exit 0."""

    exit_status: int | None = None
    fails: bool = False
    creates: list[Name] = []
    creates_nothing: bool = False
    certificate: CertificatePromise | None = None
    key: KeyPromise | None = None
    verify: dict[Name, Literal["ok", "refused"]] = {}
    facts: dict[Name, SaidValue] = {}

    @model_validator(mode="after")
    def _not_both(self) -> Self:
        if self.fails and self.exit_status is not None:
            raise ValueError("give either 'fails' or 'exit_status', not both")
        if self.creates and self.creates_nothing:
            raise ValueError("give either 'creates' or 'creates_nothing', not both")
        return self


class StepTable(Table):
    """One ``[[step]]``."""

    run: Name
    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")] | None = None
    answer: list[Name] = []
    input: Literal["terminal", "lines", "none"] = "terminal"
    timeout: Annotated[int, Field(ge=1, le=3600)] = 60
    gate: list[Literal["stdout", "stderr"]] = []
    expect: Expect = Expect()

    @field_validator("run")
    @classmethod
    def _runs_something(cls, run: str) -> str:
        if "\0" in run:
            raise ValueError("a command line cannot hold a NUL character")
        if not run.strip():
            raise ValueError("the command line is blank, and a blank line always succeeds")
        return run

    @property
    def input_kind(self) -> Input:
        """The input as the benches know it."""
        return Input(self.input)


class SharedTable(Table):
    """A file of certificates, requests and revocation lists that several cases name by ``certificates``."""

    certificate: list[dict[str, object]] = []
    request: list[dict[str, object]] = []
    crl: list[dict[str, object]] = []


class CaseTable(Table):
    """A whole case file."""

    title: Name
    about: str = ""
    files: list[Name] | dict[Name, Name] = []
    text: dict[Name, str] = {}
    answers: dict[Name, str] = {}
    needs: list[Literal["default config", "file permissions"]] = []
    certificates: Name | None = None
    certificate: list[dict[str, object]] = []
    request: list[dict[str, object]] = []
    crl: list[dict[str, object]] = []
    fixture: dict[Name, list[Name]] = {}
    step: Annotated[list[StepTable], Field(min_length=1)]
    hands_over: list[Name] = []
    read: list[StepTable] = []

    @model_validator(mode="after")
    def _what_is_handed_over_is_made_and_read(self) -> Self:
        if bool(self.hands_over) != bool(self.read):
            raise ValueError("'hands_over' and '[[read]]' need each other: what one version makes, the others read")
        made = {name for step in self.step for name in step.expect.creates}
        for name in self.hands_over:
            if name not in made:
                # Else one that is not made would leave its pairs not run, and nobody would have been promised it.
                raise ValueError(
                    f"hands_over names {name!r}; a step must promise it: expect = {{ creates = [{name!r}] }}"
                )
        return self
