"""The headers every page carries, and the few pages that may speak to somebody else."""

from collections.abc import Iterable

from flask import Response

POLICY = "Content-Security-Policy"
PICTURES = "img-src 'self' data:"


def content_policy(*, scripts: Iterable[str] = (), connections: Iterable[str] = ()) -> str:
    """What a page may load and speak to: our own origin, and beyond it only the origins named."""
    rules = ["default-src 'self'", PICTURES]
    for kind, origins in (("script-src", list(scripts)), ("connect-src", list(connections))):
        if origins:
            rules.append(" ".join((kind, "'self'", *origins)))
    return "; ".join([*rules, "object-src 'none'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"])


SAFE_HEADERS = {
    POLICY: content_policy(),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "X-Robots-Tag": "noindex, nofollow",
}


def may(response: Response, *, scripts: Iterable[str] = (), connections: Iterable[str] = ()) -> Response:
    """Let this one page load scripts from, or speak to, other origins."""
    response.headers[POLICY] = content_policy(scripts=scripts, connections=connections)
    return response


def let_show(response: Response, origins: Iterable[str]) -> Response:
    """Let this one page show pictures of other origins, besides all it may do already."""
    policy = response.headers.get(POLICY, SAFE_HEADERS[POLICY])
    response.headers[POLICY] = policy.replace(PICTURES, " ".join((PICTURES, *origins)))
    return response


def let_locate(response: Response) -> Response:
    """Let this one page ask where the phone is."""
    response.headers["Permissions-Policy"] = SAFE_HEADERS["Permissions-Policy"].replace(
        "geolocation=()", "geolocation=(self)"
    )
    return response
