"""`python -m conferences.fake_tcs`: no Django, no database."""

import sys

from conferences.fake_tcs.cli import main

if __name__ == "__main__":
    sys.exit(main())
