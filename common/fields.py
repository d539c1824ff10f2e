"""Fields of the REST API that Django REST framework does not have."""

import datetime as dt

from rest_framework import serializers


class MomentField(serializers.DateTimeField):
    """A time that UTC can hold as well: PostgreSQL stores 0000-12-31 and nobody can read it back.

    A value is in UTC; a time without an offset was meant in the time zone of the installation.
    """

    def enforce_timezone(self, value: dt.datetime) -> dt.datetime:
        try:
            return super().enforce_timezone(value).astimezone(dt.UTC)
        except OverflowError:
            self.fail("overflow")
