"""How the REST API reads JSON. Apart from `common.api` for the reason told in `renderers`."""

from collections.abc import Mapping
from typing import IO, Any

import orjson
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class OrjsonParser(JSONParser):
    """JSON by orjson, which is UTF-8 and nothing else.

    Refuses what the standard library lets in and others then stumble over: nesting without end
    (RecursionError), halves of surrogate pairs (can't be stored nor sent back), NaN and infinity.
    """

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            return orjson.loads(stream.read())
        except orjson.JSONDecodeError as error:
            raise ParseError(_("This is not JSON: %(why)s.") % {"why": error}) from None
