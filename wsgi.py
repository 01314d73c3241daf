"""Where servers and `flask --app wsgi …` find the application."""

import sys

from app import create_app
from app.config import BadSetting

try:
    app = create_app()
except BadSetting as error:
    sys.exit(f"Dear Friday cannot start. {error}")
