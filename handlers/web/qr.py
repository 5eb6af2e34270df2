"""The QR image of an invitation, for a bubble in the chat: leads to the account with the code filled in."""

from io import BytesIO

from flask import Blueprint, Response, abort

from handlers.web.context import services

SIDE_MIN = 600
QUIET_ZONE = 4


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    bp.add_url_rule("/invitations/<token>.png", view_func=invitation_code)


def invitation_code(token: str) -> Response:
    """A PNG of at least 600 px; 404 once the invitation's days are over."""
    import segno

    leads_to = services().links.open_invitation(token, services().clock())
    if leads_to is None:
        abort(404)
    code = segno.make(leads_to, error="m", micro=False)
    scale = -(-SIDE_MIN // code.symbol_size(border=QUIET_ZONE)[0])
    png = BytesIO()
    code.save(png, kind="png", scale=scale, border=QUIET_ZONE)
    response = Response(png.getvalue(), mimetype="image/png")
    response.headers["Cache-Control"] = "private, max-age=86400"
    return response
