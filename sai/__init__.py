"""The roof: settings, wiring, urls, sockets, schedule and the launcher.

The only package that knows all the others. Nobody imports it.
"""

from sai.celery import app as celery_app

__all__ = ["celery_app"]
