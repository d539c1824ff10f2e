"""Settings of web processes that are killed: the product's own, with the times of a test."""

from sai.settings import *  # noqa: F403
from sai.settings import PIPELINES  # noqa: F401
from tests.faults.settings import RECORDINGS  # noqa: F401
