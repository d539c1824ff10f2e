"""`python -m engines.agent`."""

import sys

from engines.agent.program import main

if __name__ == "__main__":
    sys.exit(main())
