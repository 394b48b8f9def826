"""The one Django app that holds the tables."""

from django.apps import AppConfig


class DbConfig(AppConfig):
    name = "lightwell.db"
    label = "db"
