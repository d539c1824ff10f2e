"""Stored errors, told in the language of whoever reads them."""

import pytest
from django.utils.translation import override

from common.errors import StorageFull, as_stored
from engines.models import missing_model
from recordings.models import Recording
from recordings.pipeline.runner import describe
from recordings.tests import factories
from recordings.tests.doors import caller
from recordings.wording import told

pytestmark = pytest.mark.django_db


def test_an_engines_refusal_is_kept_in_english_and_told_in_russian() -> None:
    with override("ru"):
        kept = as_stored(missing_model("large-v3"))
    assert kept["message"].startswith("The speech model large-v3")
    with override("ru"):
        shown = told(kept)
    assert shown is not None
    assert "large-v3" in shown["message"]
    assert not shown["message"].isascii()
    assert "models download large-v3" in shown["next_action"]
    with override("en"):
        assert told(kept) == {name: kept[name] for name in kept if name != "said"}


def test_what_nobody_foresaw_names_its_kind_and_no_more() -> None:
    kept = describe(KeyError("a phone number"))
    with override("ru"):
        assert told(kept)["message"] == "Произошло непредвиденное (KeyError)."
    assert "phone" not in str(kept)


def test_a_text_written_for_the_worker_is_told_by_its_code() -> None:
    with override("ru"):
        kept = as_stored(StorageFull("Место закончилось."))
    with override("en"):
        assert told(kept)["message"] == "There is no room on the disk."


def test_an_unknown_row_is_told_as_it_stands() -> None:
    row = {"code": "older", "message": "100 % wrong", "next_action": None}
    assert told(row)["message"] == "100 % wrong"
    assert told(row)["next_action"] == ""
    assert told({"code": "bare"})["message"]
    assert told(None) is None


def test_the_api_speaks_the_callers_language_and_keeps_its_shape() -> None:
    recording = factories.recording()
    Recording.objects.filter(pk=recording.pk).update(error=as_stored(missing_model("small")))
    address = f"/api/v1/recordings/{recording.pk}/"
    client = caller(recording.owner)
    english = client.get(address, headers={"accept-language": "en"}).json()["error"]
    russian = client.get(address, headers={"accept-language": "ru"}).json()["error"]
    assert set(english) == {"code", "message", "retryable", "next_action"}
    assert english["message"].isascii()
    assert not russian["message"].isascii()
