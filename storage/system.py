"""Small things the service keeps for itself: rich-menu ids, job leases, first browsers of personal links."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from models.tables.system import JobLease, PageLink, RichMenu
from storage.database import UnitOfWork

HOLD = timedelta(minutes=3)
"""How long the lease of a job holds; whoever is at it longer asks again."""


def menu_ids(uow: UnitOfWork) -> dict[str, str]:
    """LINE's id of the menu behind each alias."""
    return {row.alias: row.menu_id for row in uow.session.scalars(select(RichMenu))}


def keep_menu_ids(uow: UnitOfWork, ids: dict[str, str]) -> None:
    """Remember what `richmenu sync` found or made."""
    for alias, menu_id in ids.items():
        uow.session.merge(RichMenu(alias=alias, menu_id=menu_id))


def take_job_lease(uow: UnitOfWork, name: str, owner: str, now_ms: int, until_ms: int) -> bool:
    """Whether this process runs the job now: it holds the lease, or the last holder's ran out."""
    if uow.session.get(JobLease, name) is None:
        uow.session.add(JobLease(name=name, owner=owner, until_ms=until_ms))
        uow.session.flush()
        return True
    taken = uow.session.execute(
        update(JobLease)
        .where(JobLease.name == name, (JobLease.owner == owner) | (JobLease.until_ms < now_ms))
        .values(owner=owner, until_ms=until_ms)
        .returning(JobLease.name)
    )
    return taken.one_or_none() is not None


def drop_job_lease(uow: UnitOfWork, name: str, owner: str) -> None:
    """This process has nothing more to do: the next one need not wait."""
    uow.session.execute(delete(JobLease).where(JobLease.name == name, JobLease.owner == owner))


def first_browser(uow: UnitOfWork, token: str, browser: str, expires_at: datetime) -> bool:
    """Bind a personal link to the first browser that opens it; False for any other browser."""
    token_digest, browser_digest = uow.vault.digest(token), uow.vault.digest(browser)
    held = uow.session.get(PageLink, token_digest)
    if held is None:
        uow.session.add(PageLink(token_digest=token_digest, browser_digest=browser_digest, expires_at=expires_at))
        uow.session.flush()
        return True
    return held.browser_digest == browser_digest


def bind_browser(uow: UnitOfWork, token: str, browser: str, expires_at: datetime) -> None:
    """Bind a personal link to a browser that was proved to be its person's, whichever had it before."""
    digests = {"token_digest": uow.vault.digest(token), "browser_digest": uow.vault.digest(browser)}
    uow.session.merge(PageLink(**digests, expires_at=expires_at))
    uow.session.flush()


def is_first_browser(uow: UnitOfWork, token: str, browser: str, now: datetime) -> bool:
    """Whether the personal link is bound to this browser; False while it is to none, and after the time it was for."""
    held = uow.session.get(PageLink, uow.vault.digest(token))
    return held is not None and held.expires_at > now and held.browser_digest == uow.vault.digest(browser)


def drop_expired_links(uow: UnitOfWork, now: datetime) -> None:
    """Forget browsers of links that no longer open anything."""
    uow.session.execute(delete(PageLink).where(PageLink.expires_at < now))
