#!/usr/bin/env python
"""Django's command line for SAI. Without Django it goes on with the project's own environment."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

OWN = Path(__file__).resolve().parent / ".venv" / "bin" / "python"


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sai.settings")
    from django.core.management import execute_from_command_line

    from sai.launcher.preflight import load_settings
    from sai.launcher.refusal import Refusal

    try:
        load_settings()
    except Refusal as refusal:
        sys.exit(f"sai: {refusal}")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    if find_spec("django") is None:
        if not OWN.exists():
            sys.exit("sai: nothing is installed yet: run `make run` (or `make install`) first")
        os.execv(OWN, [str(OWN), *sys.argv])  # noqa: S606 our own interpreter
    main()
