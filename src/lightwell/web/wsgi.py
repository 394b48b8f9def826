"""The door that a web server opens: `application` (WSGI), ready to answer at once."""

from __future__ import annotations

import gc
import os
from pathlib import Path

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lightwell.web.settings")


def warm_up() -> None:
    """Load every view and template; else the first readers of each process wait a second for that.

    What is loaded stays for ever: left to the garbage collector, it was looked through again with each long
    page, which took a quarter of its time.
    """
    from django.template.loader import get_template
    from django.urls import get_resolver

    get_resolver().url_patterns  # noqa: B018  # imports the views
    root = Path(__file__).parent / "templates"
    for path in root.rglob("*.*"):
        get_template(path.relative_to(root).as_posix())
    gc.collect()
    gc.freeze()


application = get_wsgi_application()
warm_up()
