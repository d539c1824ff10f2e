"""Text that others wrote, made safe to stand in one row."""

import unicodedata

# Of the format characters (Cf) people do write these: joiners of emoji and of Persian or Indian
# letters, and the tags that spell a region's flag.
_WRITTEN = {"\u200c", "\u200d", *map(chr, range(0xE0020, 0xE0080))}


def one_row(text: str) -> str:
    """The text in one row, without anything that a file format or a terminal obeys.

    Control characters, lone surrogates and marks that reverse the direction of writing go; what
    people write, emoji and all alphabets, stays as it is.
    """
    return " ".join("".join(" " if _is_command(char) else char for char in text).split())


def _is_command(char: str) -> bool:
    if ord(char) & 0xFFFE == 0xFFFE:
        return True
    category = unicodedata.category(char)
    return category in {"Cc", "Cf", "Cs", "Zl", "Zp"} and char not in _WRITTEN
