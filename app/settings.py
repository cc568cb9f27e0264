"""What can be set: by flags first, then by ``LIGHTBOX_*`` environment variables, else as here."""

import re
import secrets
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Literal
from urllib.parse import quote, urlsplit

from platformdirs import user_cache_path, user_data_path
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.errors import UsageError

PREFIX: Final = "LIGHTBOX_"

Access = Literal["open", "public", "private"]

# How one process tells its workers what was said by flags; not for people.
HANDED_DOWN: Final = frozenset({"paths", "loopback_only", "access"})

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})

_GIGABYTE: Final = 10**9

# As browsers send it: letters beyond ASCII come as xn--….
_HOST: Final = re.compile(r"[\w.-]+|\[[\da-f.:]+\]", re.ASCII)


def _own_data() -> Path:
    return user_data_path("lightbox", appauthor=False)


class Settings(BaseSettings):
    """Settings of one server or one command; unset ones take the defaults below."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True)

    data_dir: Path = Field(
        default_factory=lambda: _own_data() / "datasets",
        description="Folder of the datasets served when no path is named.",
    )
    cache_dir: Path = Field(
        default_factory=lambda: user_cache_path("lightbox", appauthor=False),
        description="Folder for what can be made again; it may be deleted at any time.",
    )
    cache_bytes: int = Field(
        default=50 * _GIGABYTE,
        ge=0,
        description="Bound of the cache folder in bytes; the least recently used goes first.",
    )
    database_url: str = Field(
        default_factory=lambda: "sqlite:///" + quote(str(_own_data() / "reviews.sqlite")),
        repr=False,  # it may hold a password
        description="Database of what can't be made again: links, notes, collections, answers.",
    )
    base_url: str | None = Field(
        default=None,
        description="Public address of this server, which shared links carry; without one they "
        "carry the address by which their maker came.",
    )
    hosts: str = Field(
        default="",
        description="Further host names that the server answers to, with commas between. One that "
        "others reach answers to every name, as long as none is set here or in LIGHTBOX_BASE_URL.",
    )
    proxies: str = Field(
        default="",
        description="Addresses of proxies whose X-Forwarded headers are believed, with commas; "
        "* for all.",
    )
    mirror: str | None = Field(
        default=None,
        description="Base address that published files are asked from, in place of the record.",
    )
    owner_token: str = Field(
        default_factory=lambda: secrets.token_urlsafe(24),
        min_length=1,
        repr=False,
        description="What the owner of a server that others reach enters with; every replica needs "
        "the same.",
    )
    access: Access = Field(
        default="open",
        description="open (all is the owner's), public (anyone may look) or private.",
    )
    paths: tuple[Path, ...] = Field(
        default=(), description="Files and folders to serve in place of the data folder (JSON)."
    )
    loopback_only: bool = Field(
        default=True, description="Answer to loopback host names (and base_url's) only."
    )

    @field_validator("base_url", "mirror")
    @classmethod
    def _names_a_host(cls, address: str | None) -> str | None:
        if address is not None and not urlsplit(address).hostname:
            raise ValueError("it has no host name")
        return address

    @field_validator("base_url")
    @classmethod
    def _is_of_pages(cls, address: str | None) -> str | None:
        parts = urlsplit(address or "")
        if address and (
            parts.scheme not in ("http", "https")
            or "@" in parts.netloc
            or not _HOST.fullmatch(_host_in(address))
            or parts.port == 0
            or parts.query
            or parts.fragment
        ):
            raise ValueError("it must be like https://lightbox.example.org, and all in ASCII")
        # As browsers write it in Origin.
        return parts._replace(netloc=parts.netloc.lower()).geturl() if address else address

    @field_validator("hosts")
    @classmethod
    def _are_hosts(cls, hosts: str) -> str:
        for host in filter(None, map(str.strip, hosts.split(","))):
            if not _HOST.fullmatch(_host_in(host)):
                raise ValueError(f"{host} is no host name")
        return hosts

    @property
    def served_hosts(self) -> frozenset[str]:
        """The host names that were named: that of ``base_url``, and ``hosts``."""
        named = {_host_in(host.strip()) for host in self.hosts.split(",")}
        if self.base_url:
            named.add(_host_in(self.base_url))
        return frozenset(named - {""})

    @property
    def secure(self) -> bool:
        """Say whether browsers come by TLS."""
        return bool(self.base_url and self.base_url.startswith("https:"))


def _host_in(address: str) -> str:
    """Give the host name of an address, or of a host alone, as browsers send it.

    Without port and last dot, and an IPv6 address in its shortest form. Raises ValueError.
    """
    host = urlsplit(address if "//" in address else f"//{address}").hostname or ""
    return f"[{ip_address(host).compressed}]" if ":" in host else host.removesuffix(".")


def is_loopback(host: str) -> bool:
    """Say whether only this machine reaches an address."""
    return host in _LOOPBACK


def load(**flags: object) -> Settings:
    """Put flags (None where not given) over the environment. Raises UsageError."""
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "settings"
        why = first["msg"].removeprefix("Value error, ")
        raise UsageError(
            f"{PREFIX}{name.upper()} can't be used: {why}; set it to another value."
        ) from None
    except ValueError as error:
        raise UsageError(f"A {PREFIX}* environment variable can't be read: {error}.") from None
