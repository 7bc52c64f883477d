"""Who may talk to the playground, and what they hear where something went wrong."""

from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler as WebHandler
from aiohttp.typedefs import Middleware

from connectors.chat.playground.incoming import REASONS, Refused

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def guard(port: int) -> Middleware:
    """Refuse what no page of ours sends: foreign names for this address (DNS rebinding) and foreign pages (CSRF)."""
    hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}

    @web.middleware
    async def guard(request: web.Request, handler: WebHandler) -> web.StreamResponse:
        host = request.headers.get("Host", "").lower()
        if host not in hosts:
            raise Refused(403, f"The playground answers only at http://127.0.0.1:{port}/ on this computer.")
        if request.method == "POST":
            _check_sender(request, host)
        return await handler(request)

    return guard


def _check_sender(request: web.Request, host: str) -> None:
    origin = request.headers.get("Origin")
    if origin is not None and origin.lower() != f"http://{host}":
        raise Refused(403, "Another page may not talk to the playground.")
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise Refused(403, "Another page may not talk to the playground.")
    kind = "application/octet-stream" if request.path == "/api/file" else "application/json"
    if request.content_type != kind:  # no page elsewhere may send these kinds without asking first
        raise Refused(415, f"The message must be sent as {kind}.")


async def secure(_: web.Request, response: web.StreamResponse) -> None:
    """What a browser may do with an answer of ours, beside each of them."""
    response.headers.update(HEADERS)


@web.middleware
async def plain_errors(request: web.Request, handler: WebHandler) -> web.StreamResponse:
    """Every failure is a sentence in JSON; what went wrong inside is for the log, not for the page."""
    try:
        return await handler(request)
    except Refused as refused:
        return refusal(refused.status, str(refused))
    except web.HTTPException as error:
        return refusal(error.status, REASONS.get(error.status, REASONS[400]))


def refusal(status: int, reason: str) -> web.Response:
    """A sentence with the status of a refusal."""
    return web.json_response({"error": reason}, status=status)
