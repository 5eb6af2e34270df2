"""What a bucket of S3 is set to: who may see it, encryption, versions, CORS and lifecycle. Nothing is changed.

Each answer is True, False, or None where we may not ask or the server knows no such question.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from storage.files import FileStore
from storage.files_s3 import S3Store
from storage.uploads import QUARANTINE

if TYPE_CHECKING:
    from botocore.client import BaseClient

ABSENT = frozenset(
    {
        "NoSuchPublicAccessBlockConfiguration", "ServerSideEncryptionConfigurationNotFoundError",
        "NoSuchCORSConfiguration", "NoSuchLifecycleConfiguration",
    }
)  # fmt: skip
PASSING = (QUARANTINE, "judged", "handover", "probe")
"""Folders of what only passes through."""
BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
Answer = Mapping[str, Any]


@dataclass(frozen=True)
class BucketState:
    """`cors`: a browser on our pages may post a file; `lifecycle`: what waits in quarantine goes by itself.

    `kept`: no rule lets anything expire that has to stay.
    """

    private: bool | None
    encrypted: bool | None
    versioned: bool | None
    cors: bool | None
    lifecycle: bool | None
    kept: bool | None


def state(store: FileStore, origin: str) -> BucketState | None:
    """How the bucket is set for pages at `origin`; None for a store that is no bucket."""
    if not isinstance(store, S3Store):
        return None
    client, bucket, prefix = store.whereabouts()
    ask = _Asking(client, bucket)
    return BucketState(
        private=ask("get_public_access_block", _is_private),
        encrypted=ask("get_bucket_encryption", lambda found: bool(_rules(found, "ServerSideEncryptionConfiguration"))),
        versioned=ask("get_bucket_versioning", lambda found: found.get("Status") == "Enabled"),
        cors=ask("get_bucket_cors", lambda found: lets_post(found.get("CORSRules", ()), origin)),
        lifecycle=ask(
            "get_bucket_lifecycle_configuration", lambda found: clears(found.get("Rules", ()), f"{prefix}{QUARANTINE}/")
        ),
        kept=ask(
            "get_bucket_lifecycle_configuration",
            lambda found: keeps(found.get("Rules", ()), [f"{prefix}{folder}/" for folder in PASSING]),
            absent=True,
        ),
    )


@dataclass(frozen=True)
class _Asking:
    client: "BaseClient"
    bucket: str

    def __call__(self, operation: str, judge: Callable[[Answer], bool], *, absent: bool = False) -> bool | None:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return judge(getattr(self.client, operation)(Bucket=self.bucket))
        except ClientError as error:
            return absent if error.response.get("Error", {}).get("Code") in ABSENT else None
        except BotoCoreError:
            return None


def _is_private(found: Answer) -> bool:
    return all(found.get("PublicAccessBlockConfiguration", {}).get(block) for block in BLOCKS)


def _rules(found: Answer, name: str) -> Sequence[Answer]:
    return found.get(name, {}).get("Rules", ())


def lets_post(rules: Sequence[Answer], origin: str) -> bool:
    """Whether a rule lets a page at `origin` post a form."""
    return any(
        "POST" in rule.get("AllowedMethods", ())
        and any(fnmatchcase(origin, allowed) for allowed in rule.get("AllowedOrigins", ()))
        for rule in rules
    )


def clears(rules: Sequence[Answer], folder: str) -> bool:
    """Whether a rule lets everything in `folder` expire."""
    return any(folder.startswith(prefix) for prefix in _expiring(rules))


def keeps(rules: Sequence[Answer], passing: Sequence[str]) -> bool:
    """Whether nothing expires but what is in the folders of `passing`."""
    return all(prefix.startswith(tuple(passing)) for prefix in _expiring(rules))


def _expiring(rules: Sequence[Answer]) -> list[str]:
    """The prefixes under which current versions expire after a time, whatever their tags and sizes."""
    return [
        _prefix(rule)
        for rule in rules
        if rule.get("Status") == "Enabled" and {"Days", "Date"} & set(rule.get("Expiration", ()))
    ]


def _prefix(rule: Answer) -> str:
    of = rule.get("Filter", {})
    return of.get("Prefix") or of.get("And", {}).get("Prefix") or rule.get("Prefix") or ""
