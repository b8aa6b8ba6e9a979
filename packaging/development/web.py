"""Asks the web as urllib does, but follows no redirect that leaves https."""

from __future__ import annotations

import urllib.error
import urllib.request
from http.client import HTTPMessage
from typing import IO, Any
from urllib.parse import urlsplit


class _OnlySecure(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self,
        request: urllib.request.Request,
        answer: IO[bytes],
        code: int,
        words: str,
        headers: HTTPMessage,
        url: str,
    ) -> urllib.request.Request | None:
        if urlsplit(url).scheme != "https":
            raise urllib.error.URLError(f"it leads on to {url}, which is no https:// address")
        return super().redirect_request(request, answer, code, words, headers, url)


def opened(request: str | urllib.request.Request, timeout: float) -> Any:
    """Return the answer to a request, as `urllib.request.urlopen` does.

    Raises
    ------
    urllib.error.URLError
        If there is none, or it leads to an address that is not https.
    """
    return urllib.request.build_opener(_OnlySecure).open(request, timeout=timeout)
