"""The proxy that stands between this machine and a provider, if the environment names one."""

from typing import NamedTuple
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from llm_finops.connectors.contract import is_loopback

_SPOKEN = ("http", "https")


class Proxy(NamedTuple):
    """Where requests to `host` go first. The proxy's user and password are left out."""

    host: str
    scheme: str
    place: str

    @property
    def is_spoken(self) -> bool:
        """Whether we speak its protocol."""
        return self.scheme in _SPOKEN

    @property
    def past(self) -> str:
        """How to go past it."""
        return f"export NO_PROXY={self.host}"

    def __str__(self) -> str:
        return f"the proxy {self.place} (of HTTPS_PROXY or ALL_PROXY in the environment)"


def proxy_to(url: str) -> Proxy | None:
    """The proxy on the way to an address, as the HTTP client will choose it; none on this machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    proxies = getproxies()
    named = proxies.get(parts.scheme) or proxies.get("all")
    if not named or is_loopback(host) or proxy_bypass(host):
        return None
    try:
        at = urlsplit(named if "://" in named else f"http://{named}")
        return Proxy(host, at.scheme, f"{at.scheme}://{at.hostname or '?'}{f':{at.port}' if at.port else ''}")
    except ValueError:
        return Proxy(host, "", "whose address cannot be read")  # it is not repeated: it may hold a password
