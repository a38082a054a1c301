"""A provider's answer as it came, kept so that it can be read again: by a person, or by a mended parser."""

import hashlib
import zlib
from typing import NamedTuple


class Page(NamedTuple):
    """One answer: what was asked, and the body that came. Never a header, so never a key."""

    request: str  # method, path below the provider's address, and query
    fetched_at: str
    status: int
    content: bytes  # the body, compressed (zlib)
    sha256: str  # of the body
    size: int  # bytes of the body

    @property
    def body(self) -> bytes:
        """The body as it came."""
        return zlib.decompress(self.content)


def page(request: str, fetched_at: str, status: int, body: bytes) -> Page:
    """An answer, packed to be kept."""
    return Page(request, fetched_at, status, zlib.compress(body), hashlib.sha256(body).hexdigest(), len(body))
