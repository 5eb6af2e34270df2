"""What people need before the first registration: terms that are published, and managers who log in safely."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from handlers.checks.finding import Finding, error, fine, warning
from storage import appointment, standing

if TYPE_CHECKING:
    from handlers.bootstrap import Service


def look(service: "Service") -> Iterator[Finding]:
    """Terms and staff."""
    with service.database.read() as uow:
        terms, crew = appointment.current_terms(uow), standing.crew(uow)
    yield fine("terms", version=terms.version) if terms else error("terms_none")
    if not crew.managers:
        yield error("managers_none")
        return
    yield fine("managers", count=crew.managers)
    if crew.managers == 1:
        yield warning("managers_one")
    bare = crew.managers - crew.managers_with_code
    if bare:
        yield warning("codes_managers", count=bare)
    else:
        yield fine("codes", users=crew.users, count=crew.users_with_code)
