"""Doors from the queue to analytics."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from analytics.models import LanguageAnswer

KEEP = timedelta(days=7)


@shared_task
def forget_answers() -> int:
    """Removes answers of language models that no retry can need any more."""
    old = LanguageAnswer.objects.filter(created_at__lt=timezone.now() - KEEP)
    return old.delete()[0]
