"""The door from the queue: tidying up, called by beat once an hour."""

from celery import shared_task

from accounts import tidying


@shared_task(name="accounts.tidy", ignore_result=True)
def tidy() -> None:
    tidying.tidy()
