"""Clients of Amazon's services, from botocore alone: what boto3 adds to it is never used here, and costs memory.

A session is made once a process: reading its data files is what takes long.
"""

import threading
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.session import Session

_making = threading.Lock()


def client(service: str, *, region: str | None = None, connect: float, read: float, attempts: int = 1) -> Any:
    """A client with its seconds of patience, told everything else by the environment; nothing is contacted yet."""
    from botocore.config import Config

    config = Config(
        connect_timeout=connect,
        read_timeout=read,
        retries={"mode": "standard", "total_max_attempts": attempts},
        tcp_keepalive=True,
    )
    with _making:
        return _session().create_client(service, region_name=region, config=config)


@cache
def _session() -> "Session":
    from botocore.session import Session

    return Session()
