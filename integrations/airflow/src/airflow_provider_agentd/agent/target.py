"""Where an agent is, and by which certificate we prove who we are."""

from __future__ import annotations

import os
import re
import ssl
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache

DEFAULT_PORT = 5773
# An IPv6 address in brackets or without a port, or a name or IPv4 address.
_ADDRESS = re.compile(
    r"(?:\[([0-9A-Fa-f:.%]+)\]|([0-9A-Fa-f.]*:[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*$)|([^\[\]:/@\s]+))(?::([0-9]{1,5}))?"
)

# Headers (an old kind of encrypted key) are in lines already, or lost.
_PEM = re.compile(r"(-----BEGIN [A-Z0-9 ]+-----)\s*(.*?)\s*(-----END [A-Z0-9 ]+-----)", re.DOTALL)


@dataclass(frozen=True)
class AgentAddress:
    """A host with a port; an IPv6 address stands without brackets."""

    host: str
    port: int = DEFAULT_PORT

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def parse(cls, text: str, port: int = DEFAULT_PORT) -> AgentAddress:
        """
        Read ``HOST``, ``HOST:PORT``, ``[IPV6]`` or ``[IPV6]:PORT``.

        :param text: what is read
        :param port: the port where the text names none
        :raises ValueError: if it is none of these
        """
        found = _ADDRESS.fullmatch(text)
        host, number = (found[1] or found[2] or found[3], found[4] or str(port)) if found else ("", "")
        if not host or not 0 < int(number) < 65536:
            raise ValueError(f"{text!r} is not HOST, HOST:PORT or [IPV6]:PORT")
        return cls(host, int(number))


@dataclass(frozen=True)
class Credentials:
    """
    The connector's certificate with its key, and the root CA of the agents.

    Each is PEM text or the path of a PEM file. Text may have lost its line breaks, as it does in a form's field of one line.

    :param certificate: our certificate with its chain; the key may be in it as well
    :param private_key: the key, where it is not with the certificate
    :param root: the root CA certificates that an agent's certificate may chain to
    :param passphrase: what the key is encrypted with
    """

    certificate: str
    root: str
    private_key: str | None = field(default=None, repr=False)
    passphrase: str | None = field(default=None, repr=False)

    def ssl_context(self) -> ssl.SSLContext:
        """
        Make the TLS settings; the same credentials share one while their files do not change.

        :raises ValueError: if certificate, key or root cannot be read or do not fit
        """
        return _ssl_context(self, tuple(_change(text) for text in (self.certificate, self.private_key, self.root)))


def _change(text: str | None) -> float:
    """When the file was changed, so that a renewed certificate is noticed."""
    try:
        return os.stat(text).st_mtime if text and not _is_pem(text) else 0.0
    except OSError:
        return 0.0


@lru_cache(maxsize=64)
def _ssl_context(credentials: Credentials, changes: tuple[float, ...]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        if _is_pem(credentials.root):
            context.load_verify_locations(cadata=_with_lines(credentials.root))
        else:
            context.load_verify_locations(cafile=credentials.root)
    except (OSError, ssl.SSLError) as error:
        raise ValueError(f"{_label('root CA', credentials.root)} cannot be read: {error}") from error
    key = credentials.private_key or credentials.certificate
    try:
        with _as_file(credentials.certificate) as certificate_file, _as_file(key) as key_file:
            # Without a password of ours, OpenSSL would ask for one on the terminal.
            context.load_cert_chain(certificate_file, key_file, password=credentials.passphrase or "")
    except (OSError, ssl.SSLError) as error:
        named = f"{_label('certificate', credentials.certificate)} and {_label('private key', key)}"
        raise ValueError(f"{named} cannot be used: {_key_reason(error)}") from error
    return context


def _key_reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError) and error.reason in ("BAD_DECRYPT", "BAD_PASSWORD_READ", None):
        return f"is it the right passphrase for the key? ({error})"
    if isinstance(error, ssl.SSLError) and error.reason == "KEY_VALUES_MISMATCH":
        return "the private key does not belong to the certificate"
    return str(error)


def _is_pem(text: str) -> bool:
    return "-----BEGIN " in text


def _with_lines(text: str) -> str:
    """PEM with its line breaks, which may have come as blanks or as backslash and n."""
    text = text.replace("\\n", "\n")
    return _PEM.sub(
        lambda block: f"{block[1]}\n{block[2] if ':' in block[2] else _wrapped(block[2])}\n{block[3]}\n", text
    )


def _wrapped(body: str) -> str:
    return "\n".join(textwrap.wrap("".join(body.split()), 64))


def _label(what: str, text: str) -> str:
    return f"the {what} given as text" if _is_pem(text) else f"{what} {text}"


@contextmanager
def _as_file(text: str) -> Iterator[str]:
    """A name under which OpenSSL reads the text; it is in memory and never on a disk."""
    if not _is_pem(text):
        yield text
        return
    descriptor = os.memfd_create("agentd-credentials", os.MFD_CLOEXEC)
    try:
        with open(descriptor, "w", closefd=False) as file:
            file.write(_with_lines(text))
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


@dataclass(frozen=True)
class AgentTarget:
    """
    One agent, by the addresses at which it may be reached.

    :param addresses: tried one after the other
    :param credentials: who we are, and whom we trust
    :param server_name: a name in the agent's certificate, where the addresses are not
    """

    addresses: tuple[AgentAddress, ...]
    credentials: Credentials
    server_name: str | None = None

    def with_address(self, text: str) -> AgentTarget:
        """Also look at this address, and there first."""
        first = AgentAddress.parse(text)
        rest = tuple(address for address in self.addresses if address != first)
        return AgentTarget((first, *rest), self.credentials, self.server_name)

    def __str__(self) -> str:
        return ",".join(map(str, self.addresses))
