"""Why an embedded server cannot be had, in one line that says what to do."""


class EmbeddedError(Exception):
    """The message is one line for the person who typed `make run`."""
