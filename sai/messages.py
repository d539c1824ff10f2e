"""`python -m sai.messages`: collect what people read, and compile the translations.

Works without GNU gettext: Django turns templates into text that looks like Python, Babel reads it.
New texts land in `locale/ru/LC_MESSAGES/django.po` with an empty translation; fill it in and run
this again. `tests` fail while a text has no Russian or the compiled file is older than the source.
"""

import io
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
PO = ROOT / "locale" / "ru" / "LC_MESSAGES" / "django.po"
MO = PO.with_suffix(".mo")
PACKAGES = [
    *("sai", "accounts", "notifications", "common", "engines", "recordings", "recognition"),
    *("analytics", "crm", "conferences", "telephony", "bots"),
]
DAY_ZERO = datetime(2000, 1, 1, tzinfo=UTC)
KEYWORDS = {
    "_": None,
    "N_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
}
HEADER = "# Russian texts of SAI. Made by `python -m sai.messages`; see locale/README.md.\n"

Found = tuple[str, int, str | tuple[str, ...], str | None]
"""File, line, text (or singular and plural), context."""


def main() -> int:
    catalog = read()
    catalog.update(collect(), no_fuzzy_matching=True)
    catalog.obsolete.clear()
    PO.write_bytes(as_po(catalog))
    MO.write_bytes(compiled(read()))
    missing = untranslated(catalog)
    sys.stdout.write(f"{len(catalog)} texts, {len(missing)} without Russian\n")
    return 1 if missing else 0


def read() -> Catalog:
    """The Russian catalogue as it stands in the repository."""
    if not PO.exists():
        return Catalog(locale="ru", domain="django", header_comment=HEADER, fuzzy=False)
    with PO.open("rb") as file:
        return read_po(file, locale="ru", domain="django")


def collect() -> Catalog:
    """Every text that templates and code mark for translation."""
    template = Catalog(domain="django", header_comment=HEADER, fuzzy=False)
    for _file, _line, text, context in sorted(_found(), key=lambda one: (one[0], one[1])):
        template.add(text, context=context)
    return template


def untranslated(catalog: Catalog) -> list[str]:
    """Texts whose Russian, or one of its plural forms, is empty."""
    found = []
    for message in catalog:
        if not message.id:
            continue
        forms = message.string if isinstance(message.string, (list, tuple)) else [message.string]
        if not all(forms) or message.fuzzy:
            found.append(str(message.id))
    return found


def compiled(catalog: Catalog) -> bytes:
    # The header holds dates, and they would make every day's file another one.
    catalog.creation_date = catalog.revision_date = DAY_ZERO
    made = io.BytesIO()
    write_mo(made, catalog)
    return made.getvalue()


def as_po(catalog: Catalog) -> bytes:
    """Without dates and line numbers: two people's changes then seldom meet."""
    made = io.BytesIO()
    write_po(made, catalog, width=100, no_location=True, omit_header=False, sort_output=True)
    lines = made.getvalue().splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(DATED))


DATED = (b'"POT-Creation-Date', b'"PO-Revision-Date', b'"Last-Translator', b'"Language-Team')


def _found() -> Iterator[Found]:
    for path in _files():
        text = path.read_text()
        if path.suffix in (".html", ".txt"):
            # Each line is looked at by itself: indentation means nothing in a template.
            text = "\n".join(line.strip() for line in templatize(text).splitlines())
        name = str(path.relative_to(ROOT))
        for line, message, _comments, context in extract(
            "python", io.BytesIO(text.encode()), keywords=KEYWORDS
        ):
            yield name, line, message, context


def _files() -> Iterable[Path]:
    yield from sorted((ROOT / "templates").rglob("*.html"))
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*")):
            if path.suffix not in (".py", ".html") or {"tests", "migrations"} & set(path.parts):
                continue
            yield path


if __name__ == "__main__":
    raise SystemExit(main())
