"""`python -P -m route_switcher`."""

import sys

from route_switcher.cli import main

sys.exit(main())
