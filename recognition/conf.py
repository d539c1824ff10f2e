"""The settings of this app, with types. The only reader of `settings.RECOGNITION`."""

from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from django.core.signals import setting_changed

from engines import models


@dataclass(frozen=True, slots=True)
class Conf:
    engine: str
    whisper_model: str
    device: str
    compute_type: str
    models_dir: str
    language: str = ""

    @property
    def model(self) -> str:
        """The Whisper model: the one that was set, else what suits the device."""
        return self.whisper_model or models.recommended(self.device)


@lru_cache(maxsize=1)
def conf() -> Conf:
    return Conf(**settings.RECOGNITION)


setting_changed.connect(lambda **_: conf.cache_clear(), weak=False, dispatch_uid="recognition.conf")
