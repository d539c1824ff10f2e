"""What was given on the command line, looked at before anything begins."""

from pathlib import Path

from engines.errors import BadMedia
from engines.media import reading


class Refused(Exception):
    """One line for the user; the command ends with status 2."""


def look(paths: list[Path]) -> None:
    """Every file exists and holds sound that can be opened. Raises Refused for the first that
    doesn't: then nothing has been changed."""
    for path in paths:
        if not path.is_file():
            raise Refused(f"{path}: there is no such file")
        try:
            reading.inspect(path)
        except BadMedia as error:
            advice = f" {error.next_action}" if error.next_action else ""
            raise Refused(f"{path}: {error.message}{advice}") from error
        except OSError as error:
            raise Refused(f"{path}: {error.strerror}") from error
