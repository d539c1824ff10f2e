"""Machines that hear, speak and think.

Plain Python, free of Django, DRF, Celery and Channels: a remote engine runs these without our
database. Each kind is a folder: base.py (Protocol and frozen values), one file per vendor, fake.py
and a getter.
"""
