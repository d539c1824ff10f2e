"""Tests tell stories; real parts, no eager Celery."""
