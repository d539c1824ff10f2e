"""The roof as a Django application: its commands and checks."""

from django.apps import AppConfig


class SaiConfig(AppConfig):
    name = "sai"
