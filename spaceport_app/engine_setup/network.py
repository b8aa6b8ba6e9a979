"""What can go wrong between this computer and those who give packages out, in words."""

from __future__ import annotations

import ssl
import urllib.request
from urllib.parse import urlsplit

import httpx

from spaceport_app.errors import StageError

_AGAIN = "What has arrived is kept: the next try goes on from there."


def explain(error: httpx.HTTPError, url: str) -> StageError:
    """Return what to tell a person about a download that failed."""
    host = urlsplit(url).hostname or url
    chain = [error, error.__cause__, error.__context__]
    words = " ".join(str(error).split()) or type(error).__name__
    proxy = proxy_of(url)
    if isinstance(error, httpx.ProxyError) or (proxy and isinstance(error, httpx.ConnectError)):
        if "407" in words:
            return _wants_login(proxy or "")
        return StageError(
            "proxy_refuses",
            f"The proxy {proxy} does not let Spaceport through to {host} ({words[:120]}).",
            "Ask whoever runs the proxy to allow it, or set HTTPS_PROXY to one that does.",
        )
    if any(isinstance(one, ssl.SSLError) for one in chain) or "CERTIFICATE" in words.upper():
        return StageError(
            "bad_certificate",
            f"The certificate of {host} is not accepted ({words[:120]}).",
            "Check this computer's date and time, and whether this network wants you to sign in; "
            "where a network opens secure connections, set SSL_CERT_FILE to its certificate.",
        )
    return StageError(
        "no_network",
        f"{host} cannot be reached ({words[:120]}).",
        f"Check the connection to the internet and try again. {_AGAIN}",
    )


def refused(status: int, url: str) -> StageError:
    """Return what to tell a person about an answer that brings no file."""
    host = urlsplit(url).hostname or url
    file = urlsplit(url).path.rpartition("/")[2]
    if status == 407:
        return _wants_login(proxy_of(url) or "")
    if status in (404, 410):
        return StageError(
            "package_gone",
            f"{host} does not have {file} any more.",
            "Update Spaceport: a newer version knows where its engine is now.",
        )
    if status in (401, 403):
        return StageError(
            "not_allowed",
            f"{host}, or a proxy on the way, does not give {file} out (status {status}).",
            "Check the network you are in, and try again.",
        )
    return StageError(
        "server_trouble",
        f"{host} does not work at the moment (status {status}).",
        f"Try again in some minutes. {_AGAIN}",
    )


def insecure(url: str, target: str) -> StageError:
    """Return what to tell a person about a server that sends them to an unprotected address."""
    host, other = urlsplit(url).hostname or url, urlsplit(target).hostname or "another address"
    return StageError(
        "insecure_redirect",
        f"{host} sends Spaceport on to {other} without encryption; nothing was fetched from there.",
        f"Try another network; if it stays, do not use it, and report it. {_AGAIN}",
    )


def another_page(file: str, host: str) -> StageError:
    """Return what to tell a person whose network, or a proxy, answers in the server's place."""
    return StageError(
        "not_the_file",
        f"Something else than {file} came from {host}: a page of this network to sign in, perhaps.",
        f"Open any page in a browser, sign in if it asks, and try again. {_AGAIN}",
    )


def unusable_proxy(why: str) -> StageError:
    """Return what to tell a person whose proxy is of a kind that Spaceport does not speak."""
    kind = "a SOCKS proxy" if "socks" in why.lower() else "a proxy of an unknown kind"
    return StageError(
        "proxy_kind",
        f"ALL_PROXY, HTTP_PROXY or HTTPS_PROXY names {kind}, and Spaceport can use HTTP proxies "
        "only.",
        "Set HTTPS_PROXY to http://HOST:PORT and remove ALL_PROXY, then start Spaceport again.",
    )


def damaged(file: str, host: str) -> StageError:
    """Return what to tell a person about a file that is not what it has to be."""
    return StageError(
        "checksum_mismatch",
        f"{file} from {host} is not the file that Spaceport expects; it was thrown away.",
        "Try again; if it stays, a proxy on the way changes files, or the file was replaced: "
        "do not use it, and report it.",
    )


def proxy_of(url: str) -> str | None:
    """Return the proxy that leads to `url`, without name and password; None for none."""
    parts = urlsplit(url)
    if urllib.request.proxy_bypass(parts.hostname or ""):
        return None
    proxies = urllib.request.getproxies()
    found = proxies.get(parts.scheme) or proxies.get("all")
    return found.rpartition("@")[2].rpartition("//")[2].rstrip("/") if found else None


def _wants_login(proxy: str) -> StageError:
    return StageError(
        "proxy_login",
        f"The proxy {proxy} asks for a name and a password.".replace("  ", " "),
        "Set HTTPS_PROXY to http://NAME:PASSWORD@HOST:PORT and start Spaceport again.",
    )
