"""What is wrong with a file, each with its path in it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mistake:
    path: str
    """As `users[0].role`; empty for the file as a whole."""
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class Mistakes(Exception):
    """The file was not applied; nothing has changed."""

    def __init__(self, found: list[Mistake]) -> None:
        super().__init__("\n".join(map(str, found)))
        self.found = found


def path_of(*parts: str | int) -> str:
    """`("users", 0, "role")` as `users[0].role`."""
    path = ""
    for part in parts:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path
