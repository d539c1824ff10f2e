"""What administrators do with engines of the gateway. Web processes notice within a second."""

from django.http import HttpRequest

from accounts import audit
from accounts.choices import Action
from accounts.models import User
from recognition.models import Engine


def drain(
    engine: Engine, *, on: bool, actor: User | None, request: HttpRequest | None = None
) -> None:
    """It finishes what it holds and gets nothing new; or, with `on` false, is given work again."""
    Engine.objects.filter(pk=engine.pk).update(draining=on)
    engine.draining = on
    _note(engine, actor, request, draining=on)


def disconnect(engine: Engine, *, actor: User | None, request: HttpRequest | None = None) -> None:
    """Closes its connection. It may come back; to keep it out, revoke its token."""
    Engine.objects.filter(pk=engine.pk).update(session=None)
    _note(engine, actor, request, disconnected=True)


def _note(engine: Engine, actor: User | None, request: HttpRequest | None, **what: bool) -> None:
    audit.record(actor, Action.CHANGE, "engine", engine.pk, request=request, data=what)
