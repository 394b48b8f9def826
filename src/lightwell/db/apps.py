"""The one Django app that holds the tables."""

from django.apps import AppConfig


class DbConfig(AppConfig):
    """Names the app of the models, whose migrations are in `db/migrations`."""

    name = "lightwell.db"
    label = "db"
