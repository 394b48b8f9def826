"""What may be asked of a view, as typed decorators around Django's own."""

from __future__ import annotations

from collections.abc import Callable

from csp.constants import SELF
from csp.decorators import csp_update
from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

View = Callable[..., HttpResponse]
# The Content-Security-Policy of what is no page: a picture or a file that a browser shows by itself.
BARE = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def only_read(view: View) -> View:
    """Answer GET and HEAD only."""
    return require_safe(view)


def read_or_send(view: View) -> View:
    """Answer GET, HEAD and POST."""
    return require_http_methods(["GET", "HEAD", "POST"])(view)


def without_token(view: View) -> View:
    """Take a POST without a token, which needs a cookie: only where no session and no authority counts."""
    return csrf_exempt(view)


def with_late_token(view: View) -> View:
    """Leave the form's token to the view, which asks for it once it knows who sends (`web/uploads`)."""
    return csrf_exempt(view)


def with_own_script(view: View) -> View:
    """Allow our own script files on this page, as a sweetener; everywhere else scripts are forbidden."""
    return csp_update({"script-src": [SELF]})(view)


def only_send(view: View) -> View:
    """Answer POST only."""
    return require_http_methods(["POST"])(view)
