"""``python -m worker``: run the background processes."""

import sys

from worker.main import main

sys.exit(main())
