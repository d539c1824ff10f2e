"""What all tests share: long campaigns on demand, and the servers under them.

The servers themselves are started earlier, in `sai/embedded/pytest_plugin.py`.
"""

from collections.abc import Iterator

import pytest

from sai.embedded import Postgres, Redis, Servers
from sai.embedded.pytest_plugin import servers_key


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--campaign", action="store_true", help="run the long fault campaigns as well")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--campaign"):
        skip = pytest.mark.skip(reason="a long campaign: run with --campaign")
        for item in items:
            if item.get_closest_marker("campaign"):
                item.add_marker(skip)


@pytest.fixture
def servers(pytestconfig: pytest.Config) -> Iterator[Servers]:
    """PostgreSQL and Redis of this test process alone; stop, kill, freeze and restart them freely.

    Both are running again, at the same addresses, when the test ends.
    """
    found = pytestconfig.stash[servers_key]
    if found.postgres is None or found.redis is None:
        pytest.skip("needs servers of its own: unset DATABASE_URL and REDIS_URL")
    yield found
    _revive(found.postgres, found.redis)


def _revive(postgres: Postgres, redis: Redis) -> None:
    if redis.running:
        redis.thaw()
    else:
        redis.start()
    if not postgres.running:
        postgres.start()
