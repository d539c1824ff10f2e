"""The ground as a Django application: it holds commands and nothing in the database."""

from django.apps import AppConfig


class CommonConfig(AppConfig):
    name = "common"
