"""The closed set of message classes, and every pattern that puts a line or an error reason into one of them.

Versions say the same thing in other words; a class is what they mean. What no pattern knows is never put into a
class: it shows as ``unknown: …`` and gates. The wordings were measured on OpenSSL 1.1.1g, 3.0 and LibreSSL 3.0.2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from re import Pattern
from typing import Final


class Message(StrEnum):
    """What a line, or a whole report of errors, tells its reader."""

    KEY_GENERATION = "key generation"
    PROGRESS = "progress"
    RANDOM_SEED = "random seed"
    PROMPT = "prompt"
    DIALOGUE = "dialogue"
    WARNING = "warning"
    VERSION = "version"
    USAGE = "usage"
    UNKNOWN_OPTION = "unknown option"
    UNKNOWN_COMMAND = "unknown command"
    BAD_VALUE = "bad option value"
    NO_SUCH_FILE = "no such file"
    IS_A_DIRECTORY = "is a directory"
    PERMISSION_DENIED = "permission denied"
    FILE_EXISTS = "file exists"
    NO_SPACE = "no space"
    CANNOT_LOAD = "cannot load"
    CANNOT_OPEN = "cannot open"
    MALFORMED = "malformed data"
    WRONG_PASS_PHRASE = "wrong pass phrase"  # noqa: S105  the name of a class, no secret
    PASS_PHRASES_DIFFER = "pass phrases differ"  # noqa: S105
    PASS_PHRASE_TOO_SHORT = "pass phrase too short"  # noqa: S105
    NO_PASS_PHRASE = "no pass phrase"  # noqa: S105
    CONFIGURATION = "configuration error"
    EXTENSION = "extension error"
    CANNOT_MAKE = "cannot make"
    NAME_REFUSED = "name refused"
    KEY_MISMATCH = "key mismatch"
    UNSUPPORTED = "unsupported algorithm"
    VERIFY_OK = "verify ok"
    VERIFY_ERROR = "verify error"
    SIGNATURE_OK = "signature ok"
    SIGNATURE_BAD = "signature bad"
    KEY_OK = "key ok"
    KEY_BAD = "key bad"
    SUBJECT = "subject"
    ISSUER = "issuer"
    DATES = "dates"
    SERIAL = "serial"
    FINGERPRINT = "fingerprint"
    HASH = "hash"
    MODULUS = "modulus"
    PURPOSES = "purposes"
    EXPIRY = "expiry"
    HOST_MATCH = "host match"
    BAGS = "bags"
    """What a PKCS #12 holds, and how it is protected."""
    TEXT = "text"
    DER = "DER"
    LIBRARY_ERROR = "library error"
    """An error report that says nothing but that something went wrong elsewhere."""
    SHELL = "shell"
    """The shell itself could not do what the line says."""


_PEM_LABELS = (
    "CERTIFICATE", "TRUSTED CERTIFICATE", "X509 CERTIFICATE", "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST",
    "X509 CRL", "PKCS7", "CMS", "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY", "PRIVATE KEY",
    "ENCRYPTED PRIVATE KEY", "PUBLIC KEY", "RSA PUBLIC KEY", "EC PARAMETERS", "DH PARAMETERS",
)  # fmt: skip

PEM_BEGIN: Final = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,40})-----\Z")
PEM_END: Final = re.compile(r"-----END [A-Z0-9 ]{1,40}-----\Z")
PEM_INSIDE: Final = re.compile(r"[A-Za-z0-9+/=]{1,76}\Z|Proc-Type: 4,ENCRYPTED\Z|DEK-Info: [A-Z0-9-]+,[0-9A-F]+\Z")


def pem_class(label: str) -> str | None:
    """The class of a PEM block printed to a stream, None for a label that is not known."""
    return f"PEM {label}" if label in _PEM_LABELS else None


CLOSED: Final = frozenset({*Message, *(f"PEM {label}" for label in _PEM_LABELS)})
"""Every class there is, apart from ``unknown: …``."""

_FILE = r"(?:\S.*)"
_THING = (
    r"(?:CA |certificate |Client )?(?:private key|Private Key|public key|Public Key|certificates?|Certificates?|"
    r"certificate file|certificate request|X509 request|untrusted certificates?|key|Key|CA|CRL|PKCS7 object|file)"
)

VERIFY_ERROR_LINE: Final = re.compile(r"error (\d+) at (\d+) depth lookup: ?(.*)\Z")
"""Numbers hardly change between versions, texts do. The space after the colon is missing in LibreSSL."""

NAME_LINE: Final = re.compile(r"(?:[A-Za-z][A-Za-z0-9.]*|\d+(?:\.\d+)+) ?= ?.*\Z|/[A-Za-z][A-Za-z0-9.]*=.*\Z")
"""A subject on a line of its own, which stands above the verify error about it."""

_LINES: tuple[tuple[Message, str], ...] = (
    (Message.KEY_GENERATION, r"Generating (?:an? )?(?:\d+ bit )?\w+ (?:private )?key(?:, \d+ bit long modulus.*)?"),
    (Message.KEY_GENERATION, r"e is \d+ \(0x0*[0-9A-Fa-f]+\)"),
    (Message.KEY_GENERATION, r"[.+*]+"),
    (Message.PROGRESS, r"writing (?:RSA|EC|DSA) key|writing new private key to '.*'|read (?:RSA|EC|DSA) key"),
    (Message.PROGRESS, r"Getting (?:CA |request )?[Pp]rivate [Kk]ey|Using configuration from .*"),
    (Message.PROGRESS, r"Generating certificate request"),
    (Message.PROGRESS, r"Adding Entry with serial number .*|Revoking Certificate .*|Data ?[Bb]ase [Uu]pdated"),
    (Message.RANDOM_SEED, r"Can't load .* into RNG"),
    (Message.PROMPT, r"(?:Verifying - )?[Ee]nter .*(?:pass ?phrase|[Pp]assword)(?: for .*)?:|[Pp]assword:"),
    (Message.DIALOGUE, r"You are about to be asked to enter information.*|into your certificate request\."),
    (Message.DIALOGUE, r"What you are about to enter is what is called .*|There are quite a few fields but .*"),
    (Message.DIALOGUE, r"For some fields there will be a default value,|If you enter '\.', the field will be .*"),
    (Message.DIALOGUE, r"Please enter the following 'extra' attributes|to be sent with your certificate request"),
    (Message.DIALOGUE, r"-----|[A-Z][A-Za-z ]+ \((?:eg|e\.g\.|2 letter|full)[^)]*\) \[.*\]:.*"),
    (Message.WARNING, r"req warning: .*"),
    (Message.WARNING, r"(?:Warning|WARNING)[: ].*|Ignoring -.*"),
    (Message.VERSION, r"(?:OpenSSL|LibreSSL) \d\S*(?:  ?\d{1,2} [A-Z][a-z]{2} \d{4})?(?: \(Library: .*\))?"),
    (Message.UNKNOWN_OPTION, r"(?:\w+: )?(?:Option )?[Uu]nknown option:? .*|\w+: Unrecognized flag .*"),
    (Message.UNKNOWN_OPTION, r"\w+: Unknown (?:cipher|digest|message digest|option|cipher or digest)[: ].*"),
    (Message.UNKNOWN_OPTION, r"\w+: (?:Extra (?:arguments|option|\(unknown\) options?).*|Option -\S+ needs a value)"),
    (Message.UNKNOWN_COMMAND, r"Invalid command '.*'; type \"help\" for a list\."),
    (Message.UNKNOWN_COMMAND, r"openssl:Error: '.*' is an invalid command\."),
    (Message.BAD_VALUE, r"\w+: (?:Can't parse|Non-positive number|Invalid) .*|bad -\w+ .*, using 0: .*"),
    (Message.BAD_VALUE, r"\w+: Not a directory: .*|invalid depth -?\d+: .*"),
    (Message.USAGE, r"\w+: Use -help for summary\."),
    (Message.SHELL, r"(?:/bin/)?(?:sh|bash|ash|dash): .*"),
    (Message.EXTENSION, r"Error (?:Loading|loading|checking|adding) (?:x509|X509V3|request|extension)?.*extension.*"),
    (Message.CANNOT_MAKE, r"[Pp]roblems? making .*|Error making certificate request"),
    (Message.CANNOT_MAKE, r"Error outputting keys and certificates"),
    (Message.CANNOT_LOAD, r"error: unable to load certificate request input.*|Error opening: .*"),
    (Message.WRONG_PASS_PHRASE, r"Mac verify error: invalid password\?"),
    (Message.NAME_REFUSED, r"(?:req: subject )?name is expected to be in the format .*"),
    (Message.WARNING, r"req: No value provided for .*, skipped"),
    (Message.UNKNOWN_OPTION, r"Extra arguments given\."),
    (Message.SIGNATURE_OK, r"MAC verified OK"),
    (Message.CONFIGURATION, r"error loading the config file '.*'"),
    (Message.NO_SUCH_FILE, r"Can't open \"?.*\"? for reading, No such file or directory"),
    (Message.NO_SUCH_FILE, r"Could not open file or uri for loading .*: No such file or directory"),
    (Message.CANNOT_OPEN, r"Can't open \"?.*\"? for writing, .*|(?!sh:).*: No such file or directory"),
    (Message.IS_A_DIRECTORY, r"Can't open \"?.*\"? for reading, Is a directory"),
    (Message.PERMISSION_DENIED, r"Can't open \"?.*\"? for reading, Permission denied"),
    (Message.CANNOT_MAKE, r"Error outputting keys and certificates"),
    (Message.BAGS, r"MAC(?:: \w+,| length: \d+, salt length:| Iteration) .*|PKCS7 (?:Data|Encrypted data: .*)"),
    (
        Message.BAGS,
        r"(?:Certificate|Key|Shrouded Key|Secret|CRL) ?bag(?::.*)?",
    ),
    (Message.CANNOT_LOAD, r"error unpacking public key"),
    (Message.CANNOT_LOAD, rf"[Uu]nable to load {_THING}.*|Could not (?:read|find) .*(?:from|in|of) {_FILE}"),
    (Message.CANNOT_LOAD, rf"Could not open file or uri for loading .* from {_FILE}|Error (?:opening|loading) .*"),
    (Message.PASS_PHRASES_DIFFER, r"Verify failure"),
    (Message.NO_PASS_PHRASE, r"User interface error|Error getting passwords?"),
    (Message.CONFIGURATION, r"(?:\w+: )?[Ee]rror on line -?\d+ of (?:config file )?.*"),
    (Message.CONFIGURATION, r"Error configuring OpenSSL|failed to load configuration"),
    (Message.CONFIGURATION, r"unable to find '.*' in config|error, no objects specified in config file"),
    (Message.CONFIGURATION, r"(?:Error: )?[Nn]o (?:objects|template|'\w+').*specified in config.*"),
    (Message.NAME_REFUSED, r"string is too (?:long|short), it needs to be .*"),
    (Message.NAME_REFUSED, r"(?:\w+: )?(?:Skipping unknown|Unknown) .*attribute .*|Subject (?:Attribute|name) .*"),
    (Message.KEY_MISMATCH, r"CA certificate and CA private key do not match"),
    (Message.VERIFY_ERROR, r"error .*: verification failed|error \d+ at \d+ depth lookup:.*"),
    (Message.SIGNATURE_OK, r"verify OK|Signature ok|Certificate request self-signature (?:verify )?(?:OK|ok)"),
    (Message.SIGNATURE_BAD, r"verify failure|Signature did not match the certificate request"),
    (Message.SIGNATURE_BAD, r"Certificate request self-signature (?:verify failure|did not match .*)"),
    (Message.KEY_OK, r"RSA key ok|Key is valid"),
    (Message.KEY_BAD, r"RSA key (?:error|not ok).*|Key is invalid"),
    (Message.SUBJECT, r"subject=.*"),
    (Message.ISSUER, r"issuer=.*"),
    (Message.DATES, r"not(?:Before|After)=.*|(?:last|next)Update=.*"),
    (Message.SERIAL, r"serial=-?[0-9A-Fa-f]+|crlNumber=(?:0x)?[0-9A-Fa-f]+"),
    (Message.FINGERPRINT, r"(?:\w+ Fingerprint=)?[0-9A-F]{2}(?::[0-9A-F]{2}){15,}"),
    (Message.HASH, r"[0-9a-f]{8}"),
    (Message.MODULUS, r"Modulus=[0-9A-F]+"),
    (Message.PURPOSES, r"Certificate purposes:|[A-Z][\w/ .-]* : (?:Yes|No)(?: \(WARNING code=\d+\))?"),
    (Message.EXPIRY, r"Certificate will (?:not )?expire"),
    (Message.HOST_MATCH, r"(?:Hostname|IP|Email) \S+ does (?:NOT )?match certificate"),
)

LINES: Final[tuple[tuple[Message, Pattern[str]], ...]] = tuple(
    (message, re.compile(rf"(?:{pattern})\Z")) for message, pattern in _LINES
)


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that belong together: the one it begins with, and those that may follow (blank lines always may)."""

    message: Message
    begin: Pattern[str]
    inside: Pattern[str]


BLOCKS: Final = (
    Block(Message.SUBJECT, re.compile(r"subject= ?\Z"), re.compile(r"\s{4}\w+ += .*\Z")),
    Block(Message.BAGS, re.compile(r"(?:Bag|Key) Attributes(?:: .*)?\Z"), re.compile(r"\s+\w.*\Z")),
    Block(Message.TEXT, re.compile(r"X509v3 [\w ]+:(?: critical)? ?\Z"), re.compile(r"\s+\S.*\Z")),
    Block(
        Message.TEXT,
        re.compile(
            r"(?:Certificate|Certificate Request):\Z|Certificate Revocation List \(CRL\):\Z"
            r"|(?:(?:RSA |EC )?(?:Private|Public)-Key: \(.*\)|ED25519 (?:Private|Public)-Key:)\Z"
        ),
        re.compile(
            r"\s+\S.*\Z|(?:[Mm]odulus|publicExponent|privateExponent|Exponent|prime\d|exponent\d|coefficient|priv|pub"
            r"|ASN1 OID|NIST CURVE):.*\Z"
        ),
    ),
    Block(
        Message.USAGE,
        re.compile(
            r"(?i:usage): .*\Z|\w+ \[options\] .*\Z|recognized usages:\Z|Valid options are:\Z"
            r"|(?:where )?options(?: +are)?:?\Z"
        ),
        re.compile(r"[\s-].*\Z|[A-Z][\w ]+ options:\Z"),
    ),
    Block(
        Message.USAGE,
        re.compile(r"help:\Z|(?:Standard|Message Digest|Cipher) commands(?: \(see .*\))?\Z"),
        re.compile(r"[A-Za-z0-9_-]+(?: +[A-Za-z0-9_-]+){0,3} *\Z"),
    ),
)

QUEUE_LINE: Final = re.compile(
    r"(?:[0-9A-F]+:)?error:(?P<code>[0-9A-F]{8}):(?P<library>[^:]*):(?P<function>[^:]*):(?P<reason>[^:]*)"
    r"(?::(?P<place>(?:[A-Za-z]:)?[^:]*:\d+):(?P<data>.*))?\Z"
)
"""A line of the error queue. LibreSSL writes function ``CRYPTO_internal`` or ``func(4095)``, 1.1.1 decimal threads."""

_ASN1_REASONS = (
    "wrong tag|nested asn1 error|header too long|bad object header|too long|sequence not constructed|"
    "type not constructed|not enough data|sequence length mismatch|ASN1 lib|unexpected eoc|mstring wrong tag|"
    "decode error|field missing|explicit tag not constructed"
)

_REASONS: tuple[tuple[Message | None, str], ...] = (
    (Message.WRONG_PASS_PHRASE, r".*:(?:bad decrypt|bad password read|pkcs12 cipherfinal error|mac verify failure)"),
    (Message.NO_SUCH_FILE, r".*:(?:no such file|No such file or directory)"),
    (Message.CANNOT_OPEN, r"system library:Input/output error"),
    (Message.IS_A_DIRECTORY, r"system library:Is a directory"),
    (Message.PERMISSION_DENIED, r"system library:Permission denied"),
    (Message.FILE_EXISTS, r"system library:File exists"),
    (Message.NO_SPACE, r"system library:No space left on device"),
    (Message.NO_SUCH_FILE, r"system library:No such process"),
    (Message.RANDOM_SEED, r"random number generator:Cannot open file"),
    (Message.CONFIGURATION, r"configuration file routines:.*"),
    (Message.CONFIGURATION, r"DSO support routines:functionality not supported"),
    (Message.EXTENSION, r"X509 ?V3 routines:.*"),
    (Message.NAME_REFUSED, r"asn1 encoding routines:(?:string too (?:long|short)|illegal characters)"),
    (Message.NAME_REFUSED, r"asn1 encoding routines:(?:invalid utf8string|first num too large)"),
    (Message.NAME_REFUSED, r"x509 certificate routines:invalid field name"),
    (Message.KEY_MISMATCH, r"x509 certificate routines:key (?:values|type) mismatch|.*:different parameters"),
    (Message.MALFORMED, r"PEM routines:(?:no start line|bad end line|bad base64 decode|short header|not proc type)"),
    (Message.MALFORMED, r"x509 certificate routines:no certificate(?: or crl)? found"),
    (Message.SIGNATURE_BAD, r"rsa routines:(?:block type is not 01|invalid padding|padding check failed)"),
    (Message.KEY_BAD, r"rsa routines:(?:.* not (?:inverse of|congruent to|prime|equal) ?.*|n does not equal p q)"),
    (Message.UNSUPPORTED, r"x509 certificate routines:unsupported algorithm"),
    (Message.MALFORMED, r"DECODER routines:unsupported|STORE routines:unsupported"),
    (Message.MALFORMED, rf"(?:asn1 encoding|PEM|STORE) routines:(?:{_ASN1_REASONS})"),
    (Message.MALFORMED, r"(?:rsa|RSA|EC|ec|elliptic curve) routines:(?:RSA|EC|ASN1) lib"),
    (Message.UNSUPPORTED, r"digital envelope routines:(?:unsupported(?: algorithm)?|unknown cipher|.*disabled.*)"),
    (Message.PASS_PHRASE_TOO_SHORT, r"(?:UI routines|lib\(40\)):result too (?:small|large)"),
    (Message.NO_PASS_PHRASE, r"UI routines:processing error|PEM routines:(?:problems getting password|read key)"),
    (Message.NO_PASS_PHRASE, r".*:(?:interrupted or cancelled|unable to get passphrase)"),
    (None, r"Provider routines:RSA lib|common libcrypto routines:param of incompatible type"),
    (None, r".*:(?:system lib|PEM lib|BIO lib|X509 lib|EVP lib)|STORE routines:unregistered scheme"),
)  # fmt: skip

REASONS: Final[tuple[tuple[Message | None, Pattern[str]], ...]] = tuple(
    (message, re.compile(rf"(?:{pattern})\Z")) for message, pattern in _REASONS
)
"""By ``library:reason``, the first that matches; None repeats only where another library's error passed through."""

DECODING_LIBRARIES: Final = frozenset(
    {"asn1 encoding routines", "rsa routines", "elliptic curve routines", "EC routines", "DECODER routines",
     "STORE routines", "PEM routines", "Provider routines", "PKCS12 routines", "digital envelope routines"}
)  # fmt: skip
"""Libraries that read a decrypted key. With a wrong pass phrase one padding in 256 is right by chance, and what they
say of the garbage differs from run to run. Of 3,000 tries each, ``bad decrypt`` was missing in 8 with OpenSSL 1.1.1g
and 12 with LibreSSL 3.0.2 (``asn1 encoding routines`` instead), and 12 with 3.0 (``DECODER routines:unsupported``).
"""
