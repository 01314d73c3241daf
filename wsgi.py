"""Where servers and `flask --app wsgi …` find the application."""

import gc
import sys

from app import create_app
from app.config import BadSetting

try:
    app = create_app()
except BadSetting as error:
    sys.exit(f"Dear Friday cannot start. {error}")

# What was made at the start lives as long as the process: the garbage collector need not look at it again.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 50)
