"""``python -m fiqa_studio.cli``."""

import sys

from fiqa_studio.cli.program import main

sys.exit(main())
