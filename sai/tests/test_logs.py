"""What the logs may say of a request: its path, and nothing that somebody typed or carries."""

import io
import logging

import pytest
from django.test import Client

from sai.settings import logs

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_query_and_no_link_stands_in_the_log(form: str) -> None:
    kind = logs._formatter(form)
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    handler.setFormatter(kind.pop("()")(**kind))
    logger = logging.getLogger("django.request")
    logger.addHandler(handler)
    try:
        Client().get("/api/v1/nothing/?link=wolfram&q=quetzal")
        Client().get("/l/zebulon/")
        Client().post("/l/zebulon/")
    finally:
        logger.removeHandler(handler)
    said = heard.getvalue()
    assert "/api/v1/nothing/" in said
    assert "status_code" in said
    for secret in ("wolfram", "quetzal", "zebulon"):
        assert secret not in said
