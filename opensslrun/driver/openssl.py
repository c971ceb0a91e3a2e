"""One ``openssl``: any command of it, and typed methods that believe no exit status alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from opensslrun.driver.binary import READ_TIMEOUT_S, Binary
from opensslrun.driver.inputs import check_bits, check_days, first_block
from opensslrun.driver.newfiles import NewFiles
from opensslrun.driver.outcome import Ending, Input
from opensslrun.driver.passphrase import PassPhrase
from opensslrun.driver.results import (
    Certificate,
    Key,
    Request,
    Verification,
    read_verification,
    require_success,
)
from opensslrun.driver.runner import Product, Source, Task, read_input
from opensslrun.driver.version import Implementation, Version
from opensslrun.errors import CommandFailedError, UsageError

_CREATE_TIMEOUT_S: Final = 600.0


class OpenSSL(Binary):
    """An ``openssl`` binary and the commands that are driven by typed methods, which believe no exit status alone.

    They raise CommandFailedError when the command did not do what they promise, CommandHungError when it did not
    end, UsageError for wrong arguments and input files.
    """

    def genrsa(
        self,
        out: str | Path,
        bits: int = 4096,
        *,
        pass_phrase: PassPhrase | str,
        force: bool = False,
        timeout_s: float = _CREATE_TIMEOUT_S,
    ) -> Key:
        """``openssl genrsa -des3 -out OUT BITS``: a new RSA key, encrypted with ``pass_phrase``, mode 0600.

        The key appears only when it is whole and could be read with its pass phrase.
        """
        check_bits(bits)
        secret = PassPhrase.of(pass_phrase)
        place = Path(out).absolute()
        with NewFiles(place.parent, [place.name], force=force) as new:
            made = new.private / place.name
            words = ("genrsa", "-des3", "-out", Product(made), str(bits))
            answers = (secret.answer(), secret.answer())
            self._create(Task(words, new.private, Input.TERMINAL, answers, timeout_s), new, made)
            key = self._key_as_asked("genrsa", made, bits, secret)
            new.publish()
        return replace(key, path=place)

    def genpkey(
        self,
        out: str | Path,
        bits: int = 2048,
        *,
        pass_phrase: PassPhrase | str | None = None,
        force: bool = False,
        timeout_s: float = _CREATE_TIMEOUT_S,
    ) -> Key:
        """``openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:BITS [-aes-256-cbc] -out OUT``: a new RSA key.

        It is PKCS #8 on every version (``genrsa`` is not), mode 0600, and plain unless there is a ``pass_phrase``.
        The key appears only when it is whole and could be read.
        """
        check_bits(bits)
        secret = None if pass_phrase is None else PassPhrase.of(pass_phrase)
        place = Path(out).absolute()
        with NewFiles(place.parent, [place.name], force=force) as new:
            made = new.private / place.name
            cipher, answers = (("-aes-256-cbc",), (secret.answer(),) * 2) if secret else ((), ())
            words = ("genpkey", "-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}", *cipher)
            how = Input.TERMINAL if secret else Input.NONE
            self._create(Task((*words, "-out", Product(made)), new.private, how, answers, timeout_s), new, made)
            key = self._key_as_asked("genpkey", made, bits, secret)
            new.publish()
        return replace(key, path=place)

    def req(
        self,
        config: str | Path,
        key: str | Path,
        out: str | Path,
        *,
        pass_phrase: PassPhrase | str | None = None,
        force: bool = False,
        timeout_s: float = _CREATE_TIMEOUT_S,
    ) -> Request:
        """``openssl req -new -config CONFIG -key KEY -sha256 -out OUT``: a request for a certificate of ``key``.

        It stands in the current directory, so relative names inside the config file count from there. The request
        appears only when it is whole, could be read, and is ``key``'s.
        """
        config, key, place = Path(config).absolute(), Path(key).absolute(), Path(out).absolute()
        read_input(config)
        owner = self.read_key(key, pass_phrase)
        answers = () if pass_phrase is None or not owner.encrypted else (PassPhrase.of(pass_phrase).answer(),)
        with NewFiles(place.parent, [place.name], force=force) as new:
            made = new.private / place.name
            words = ("req", "-new", "-config", Source(config), "-key", Source(key), "-sha256", "-out", Product(made))
            self._create(Task(words, Path.cwd(), Input.TERMINAL, answers, timeout_s), new, made)
            request = self.read_request(made)
            if request.public_key != owner.public_key:
                raise CommandFailedError(f"{self.name} req made a request of another key than {key}; it was not kept")
            new.publish()
        return replace(request, path=place)

    def x509_sign(
        self,
        request: str | Path,
        ca: str | Path,
        ca_key: str | Path,
        out: str | Path,
        days: int = 365,
        *,
        serial: int,
        extensions: str | Path,
        section: str,
        ca_pass_phrase: PassPhrase | str | None = None,
        force: bool = False,
        timeout_s: float = _CREATE_TIMEOUT_S,
    ) -> Certificate:
        """``openssl x509 -req -in REQUEST -CA CA -CAkey CA_KEY … -out OUT``: the request's certificate, by that CA.

        Its extensions are those of ``section`` in the file ``extensions``; what the request asks for is left out,
        which is what every version does. ``serial`` is a positive number, so no serial file is read or written.
        The certificate appears only when it is whole, could be read, is the request's key's, and names the CA.
        """
        check_days(days)
        request, ca, ca_key = Path(request).absolute(), Path(ca).absolute(), Path(ca_key).absolute()
        place, settings = Path(out).absolute(), Path(extensions).absolute()
        read_input(settings)
        asked, issuer = self.read_request(request), self.read_certificate(ca)
        signer = self.read_key(ca_key, ca_pass_phrase)
        if signer.public_key != issuer.public_key:
            raise UsageError(f"the key {ca_key} does not belong to the certificate {ca}; name a CA's own two files")
        secret = PassPhrase.of(ca_pass_phrase) if ca_pass_phrase is not None and signer.encrypted else None
        with NewFiles(place.parent, [place.name], force=force) as new:
            made = new.private / place.name
            signing = ("-CA", Source(ca), "-CAkey", Source(ca_key), "-set_serial", f"0x{serial:X}")
            how = ("-days", str(days), "-sha256", "-extfile", Source(settings), "-extensions", section)
            words = ("x509", "-req", "-in", Source(request), *signing, *how, "-out", Product(made))
            answers = (secret.answer(),) if secret else ()
            self._create(Task(words, new.private, Input.TERMINAL, answers, timeout_s), new, made)
            certificate = self.read_certificate(made)
            if certificate.public_key != asked.public_key or certificate.issuer != issuer.subject:
                raise CommandFailedError(f"{self.name} x509 made another certificate than {request} asks for")
            if certificate.serial != serial:
                raise CommandFailedError(f"{self.name} x509 gave the certificate another serial; it was not kept")
            new.publish()
        return replace(certificate, path=place)

    def req_x509(
        self,
        config: str | Path,
        key: str | Path,
        out: str | Path,
        days: int = 1024,
        *,
        pass_phrase: PassPhrase | str | None = None,
        force: bool = False,
        timeout_s: float = _CREATE_TIMEOUT_S,
    ) -> Certificate:
        """``openssl req -x509 -config CONFIG -new -nodes -key KEY -sha256 -days DAYS -out OUT``: a root certificate.

        It stands in the current directory, so relative names inside the config file count from there. The
        certificate appears only when it is whole, could be read, and is ``key``'s.
        """
        check_days(days)
        config, key, place = Path(config).absolute(), Path(key).absolute(), Path(out).absolute()
        read_input(config)
        owner = self.read_key(key, pass_phrase)
        answers = () if pass_phrase is None or not owner.encrypted else (PassPhrase.of(pass_phrase).answer(),)
        with NewFiles(place.parent, [place.name], force=force) as new:
            made = new.private / place.name
            words = ("req", "-x509", "-config", Source(config), "-new", "-nodes", "-key", Source(key), "-sha256")
            task = Task(
                (*words, "-days", str(days), "-out", Product(made)), Path.cwd(), Input.TERMINAL, answers, timeout_s
            )
            self._create(task, new, made)
            certificate = self.read_certificate(made)
            if certificate.public_key != owner.public_key:
                raise CommandFailedError(
                    f"{self.name} req made a certificate of another key than {key}; it was not kept"
                )
            new.publish()
        return replace(certificate, path=place)

    def verify(
        self, certificate: str | Path, ca_file: str | Path, untrusted: Iterable[str | Path] = ()
    ) -> Verification:
        """``openssl verify -CAfile CA_FILE [-untrusted …] CERTIFICATE``, with the true answer on every version.

        Only ``ca_file`` is trusted: by itself, ``-CAfile`` leaves the system's trusted certificates trusted too
        (measured: OpenSSL 3.0.19 says OK to a public root with any CA file). The files are copied under plain names
        first, so that no file's name can pass for a line of the answer.
        """
        place = Path(certificate).absolute()
        first_block(place, "CERTIFICATE")
        first_block(Path(ca_file), "CERTIFICATE")
        between = [Path(name) for name in untrusted]
        for path in between:
            first_block(path, "CERTIFICATE")
        with TemporaryDirectory(prefix="opensslrun-verify-") as name:
            work = Path(name)
            (work / "certificate.pem").write_bytes(read_input(place))
            (work / "ca.pem").write_bytes(read_input(Path(ca_file)))
            words: list[str | Source] = ["verify", *self._only_given_roots(), "-CAfile", Source(work / "ca.pem")]
            if between:
                # One file: LibreSSL reads only the last -untrusted.
                (work / "untrusted.pem").write_bytes(b"\n".join(read_input(path) for path in between))
                words += ["-untrusted", Source(work / "untrusted.pem")]
            words.append(Source(work / "certificate.pem"))
            outcome = self._runner.run(Task(tuple(words), work, timeout_s=READ_TIMEOUT_S))
        if outcome.ending is not Ending.EXITED:
            require_success(outcome, f"verifying {place} with {self.name}")
        return read_verification(place, "certificate.pem", outcome)

    def _key_as_asked(self, command: str, made: Path, bits: int, secret: PassPhrase | None) -> Key:
        """The key that a command made, if it is as long as it was to be, and encrypted where there is a secret."""
        key = self.read_key(made, secret)
        if key.encrypted != (secret is not None) or key.bits != bits:
            kind = "an encrypted" if key.encrypted else "an unencrypted"
            raise CommandFailedError(f"{self.name} {command} made {kind} key of {key.bits} bits; it was not kept")
        return key

    def _only_given_roots(self) -> tuple[str, ...]:
        """Options that keep the system's trusted certificates out. LibreSSL has none: its work directory holds no
        file named as a CA directory's are."""
        version = self.version.version
        if version.implementation is Implementation.LIBRESSL:
            return ("-CApath", ".")
        has_stores = version >= Version(Implementation.OPENSSL, "3.0.0")
        return ("-no-CApath", "-no-CAstore") if has_stores else ("-no-CApath",)
