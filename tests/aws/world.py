"""The world of `tests/support` with the service in the cloud: webhooks and pages go through the gateway."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.world import World

if TYPE_CHECKING:
    from tests.aws.cloud import Cloud


@dataclass
class CloudWorld(World):
    """Turns are run by the worker function alone, as messages of the queue arrive."""

    cloud: "Cloud | None" = None

    @property
    def account(self) -> "Cloud":
        assert self.cloud
        return self.cloud

    def settle(self) -> None:
        """Whatever the queue holds is handed over; nobody sweeps."""
        for _ in range(50):
            if not self.account.mapping.drain():
                return
        raise AssertionError("the queue never comes to rest")

    def jobs(self) -> None:
        """The scheduler's round."""
        self.account.minute()

    @contextmanager
    def browsing(self) -> Iterator[None]:
        """Nothing to do: the functions follow the world's clock."""
        yield
