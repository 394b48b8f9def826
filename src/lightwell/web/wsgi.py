"""The door that a web server opens: `application` (WSGI)."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lightwell.web.settings")
application = get_wsgi_application()
