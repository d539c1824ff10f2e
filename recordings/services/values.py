"""What people may give: titles, names, languages, kinds and pipelines, made safe or refused."""

import re
from collections.abc import Iterable

from django.conf import settings
from django.utils.translation import gettext as _

from common.errors import Invalid
from common.texts import one_row
from recordings.choices import Kind

LANGUAGES = frozenset(
    re.findall(
        r"\w+",
        """
        af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw
        he hi hr ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt
        my ne nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl
        tr tt uk ur uz vi yi yo yue zh
        """,
    )
)
"""ISO 639 codes of the languages that Whisper knows."""
LONGEST = 200


def clean_text(text: str, *, limit: int = LONGEST) -> str:
    """One line without control characters, at most `limit` characters."""
    return one_row(text)[:limit].strip()


def name_of(file_name: str) -> str:
    """A file's name as a title: without folders and without its ending."""
    last = re.split(r"[\\/]", clean_text(file_name, limit=1000))[-1]
    stem, dot, ending = last.rpartition(".")
    known = stem and dot and 0 < len(ending) <= 5 and ending.isalnum()
    return clean_text(stem if known else last)


def check_kind(kind: str) -> Kind:
    if kind not in Kind.values:
        raise _unknown(_("Unknown kind of recording."), "kind", Kind.values)
    return Kind(kind)


def check_pipeline(pipeline: str | None) -> str | None:
    if pipeline and pipeline not in settings.PIPELINES:
        raise _unknown(_("Unknown pipeline."), "pipeline", settings.PIPELINES)
    return pipeline or None


def check_language(language: str) -> str:
    """The code in lower case; empty (or `auto`) where the engine shall find out."""
    code = language.strip().lower()
    if code in ("", "auto"):
        return ""
    if re.split("[-_]", code)[0] not in LANGUAGES or len(code) > 10:
        raise _unknown(_("Unknown language; give its two-letter code."), "language", LANGUAGES)
    return code.replace("_", "-")


def _unknown(message: str, name: str, known: Iterable[str]) -> Invalid:
    allowed = sorted(known)
    return Invalid(
        message,
        code=f"unknown_{name}",
        next_action=_("Use one of: %(allowed)s.") % {"allowed": ", ".join(allowed)},
        details={"allowed": allowed},
    )
