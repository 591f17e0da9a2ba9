"""``python -m smokkel_nlp.cli``."""

import sys

from smokkel_nlp.cli import main

if __name__ == "__main__":  # the processes of a run import the module that began it
    sys.exit(main())
