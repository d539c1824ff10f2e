"""A start that cannot be: one line that says what to do."""


class Refusal(Exception):
    """The message is the line; the launcher prints it and ends with status 1."""
