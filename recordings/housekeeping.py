"""A door of the queue that asks services: what the rules of retention say, once an hour."""

from celery import shared_task
from django.db import close_old_connections

from recordings import retention


@shared_task(name="recordings.keep_the_rules")
def keep_the_rules() -> None:
    close_old_connections()
    retention.keep_the_rules()
