"""Local speech models: what is there, where, whether whole; fetching one. Free of Django.

A model is a directory with CTranslate2's files, at `models_dir`/NAME, anywhere by path, or in
Hugging Face's own cache. `python -m engines.models download NAME DIR` is the same from a shell.
"""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from engines.errors import EngineError, EngineUnavailable, gettext_noop

NEEDED = ("model.bin", "config.json", "tokenizer.json")
_PATTERNS = ["config.json", "preprocessor_config.json", "model.bin", "tokenizer.json"]
_REACH_S = 5.0


@dataclass(frozen=True)
class LocalModel:
    """A model on this disk; `missing` names the files that a whole one would have."""

    name: str
    path: Path
    bytes: int
    missing: tuple[str, ...]

    @property
    def complete(self) -> bool:
        return not self.missing


def known_names() -> list[str]:
    """Names that `download` takes; a Hugging Face `owner/name` of a CTranslate2 model works too."""
    return list(_repositories())


def recommended(device: str = "auto") -> str:
    """The model for who named none: large where a GPU works, small where a processor must."""
    import ctranslate2

    gpu = device == "cuda" or (device == "auto" and ctranslate2.get_cuda_device_count() > 0)
    return "large-v3" if gpu else "small"


def list_models(models_dir: Path) -> list[LocalModel]:
    """Everything under `models_dir` that looks like a model, whole or not, by name."""
    if not models_dir.is_dir():
        return []
    found = [
        look_at(path, name=name)
        for path in models_dir.rglob("*")
        if _looks_like(path) and "." not in (name := str(path.relative_to(models_dir)))[:1]
    ]
    return sorted(found, key=lambda model: model.name)


def look_at(path: Path, *, name: str = "") -> LocalModel:
    """What stands in a directory (it may be missing or half fetched)."""
    missing = [file for file in NEEDED if not _has(path / file)]
    if not any(path.glob("vocabulary.*")):
        missing.append("vocabulary.json")
    size = sum(file.stat().st_size for file in path.glob("*") if file.is_file())
    return LocalModel(name=name or path.name, path=path, bytes=size, missing=tuple(missing))


def find_model(name: str, models_dir: Path | None) -> LocalModel | None:
    """A whole model by name or directory: the path itself, `models_dir`, Hugging Face's cache."""
    for path in _places(name, models_dir):
        model = look_at(path, name=name)
        if model.complete:
            return model
    return None


def download(name: str, models_dir: Path) -> LocalModel:
    """Fetch a model into `models_dir`/NAME; goes on where an earlier attempt stopped.

    Raises EngineError: "unknown_model" (final) or "model_not_reachable" (retryable).
    """
    from huggingface_hub import snapshot_download

    target = models_dir / name
    try:
        snapshot_download(
            repository_of(name), local_dir=target, allow_patterns=[*_PATTERNS, "vocabulary.*"]
        )
    except Exception as error:
        raise _not_reachable(name) from error
    return look_at(target, name=name)


def can_be_fetched(name: str) -> bool:
    """Whether the hub answers for this model within five seconds."""
    from huggingface_hub import HfApi

    try:
        HfApi().model_info(repository_of(name), timeout=_REACH_S)
    except Exception:  # noqa: BLE001 - no network, a proxy's page, no such model: not fetchable
        return False
    return True


def repository_of(name: str) -> str:
    """The hub's `owner/name`. Raises EngineError("unknown_model")."""
    if name.count("/") == 1 and not name.startswith(("/", ".")):
        return name
    if name not in _repositories():
        raise EngineError(
            "unknown_model",
            gettext_noop("There is no model called %(name)s."),
            retryable=False,
            next_action=gettext_noop("Choose one of: %(known)s."),
            name=name,
            known=", ".join(_repositories()),
        )
    return _repositories()[name]


def missing_model(name: str) -> EngineUnavailable:
    """The model is neither here nor to be had: names the one command to run."""
    return EngineUnavailable(
        "model_missing",
        gettext_noop("The speech model %(name)s is not on this machine and can't be fetched."),
        retryable=False,
        next_action=gettext_noop("Run: python manage.py models download %(name)s"),
        name=name,
    )


def _not_reachable(name: str) -> EngineUnavailable:
    return EngineUnavailable(
        "model_not_reachable",
        gettext_noop("The model %(name)s could not be fetched."),
        next_action=gettext_noop(
            "Check the network, or copy a CTranslate2 model into the models directory."
        ),
        name=name,
    )


def _places(name: str, models_dir: Path | None) -> Iterable[Path]:
    path = Path(name).expanduser()
    if path.is_absolute():
        yield path
        return
    if models_dir:
        yield models_dir / name
    if path.is_dir():
        yield path.resolve()
    yield from _cached(name)


def _cached(name: str) -> Iterable[Path]:
    from huggingface_hub import snapshot_download

    try:
        yield Path(snapshot_download(repository_of(name), local_files_only=True))
    except Exception:  # noqa: BLE001 - not cached, or no such name: simply not there
        return


@cache
def _repositories() -> dict[str, str]:
    """The one table of names stands in faster-whisper."""
    from faster_whisper import utils

    return dict(utils._MODELS)


def _looks_like(path: Path) -> bool:
    return path.is_dir() and any(_has(path / file) for file in NEEDED)


def _has(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def main() -> int:
    """`python -m engines.models download NAME DIR`: its own process, so that it can be killed."""
    command, name, directory = sys.argv[1:4]
    if command != "download":
        return 2
    download(name, Path(directory))
    return 0


if __name__ == "__main__":
    sys.exit(main())
