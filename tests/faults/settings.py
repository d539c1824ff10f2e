"""Settings of the workers that are killed: the product's own, with pipelines of stand-in steps."""

import json
import os

from sai.settings import *  # noqa: F403
from sai.settings import RECORDINGS as PRODUCT
from tests.faults.pipelines import PIPELINES  # noqa: F401

RECORDINGS = {**PRODUCT, **json.loads(os.environ.get("FAULTS_RECORDINGS", "{}"))}
