"""Names for things, in the forms LINE gives them."""

import secrets
from uuid import uuid4

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def ulid(milliseconds: int) -> str:
    """A ULID: 48 bits of Unix time in milliseconds, 80 random bits, 26 characters."""
    number = (milliseconds << 80) | secrets.randbits(80)
    return "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))


def message_id() -> str:
    """Eighteen digits."""
    return str(5 * 10**17 + secrets.randbits(58))


def user_id() -> str:
    """`U` and 32 hexadecimal digits."""
    return "U" + secrets.token_hex(16)


def token() -> str:
    """A reply token: 32 hexadecimal digits."""
    return secrets.token_hex(16)


def quote_token() -> str:
    """What another message would quote this one by."""
    return secrets.token_urlsafe(24)


def rich_menu_id() -> str:
    """`richmenu-` and 32 hexadecimal digits."""
    return "richmenu-" + secrets.token_hex(16)


def request_id() -> str:
    """A UUID, as in `x-line-request-id`."""
    return str(uuid4())
