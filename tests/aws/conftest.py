"""One cloud for all tests of this folder: starting a function takes a second, and they are to be used warm anyway."""

from collections.abc import Iterator

import pytest

from tests.aws.cloud import Cloud, open_cloud
from tests.support.databases import fresh
from tests.support.s3 import Seaweed


@pytest.fixture(scope="session")
def one_cloud(tmp_path_factory: pytest.TempPathFactory, s3: Seaweed) -> Iterator[Cloud]:
    """An account with everything in it."""
    folder = tmp_path_factory.mktemp("cloud")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in s3.env.items():
            patch.setenv(name, value)
        with open_cloud(folder, fresh("postgresql", folder), s3) as cloud:
            patch.setenv("AWS_ENDPOINT_URL_SQS", cloud.moto.url)
            yield cloud


@pytest.fixture
def cloud(one_cloud: Cloud) -> Iterator[Cloud]:
    """The account; whatever a test broke is mended after it, and nothing is left in the queue."""
    one_cloud.by_day()
    one_cloud.mapping.results.clear()
    one_cloud.mapping.seen.clear()
    yield one_cloud
    one_cloud.restored()
