"""Who an engine is: its row, its token, what it still holds. Synchronous."""

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, tokens
from accounts.authentication import identify
from accounts.choices import Action
from accounts.models import Token
from common.errors import Invalid, NotAllowed, NotSignedIn, TooMany
from common.sql import ask
from engines.protocol import Held, Hello
from recognition.gateway import settling
from recognition.models import Engine, Outcome
from recognition.models.engines import LONGEST_ID
from recordings.conf import conf
from recordings.models import StepRun

ENGINES_PER_TOKEN = 50
MOST_HOLDING = 2000
AUDIT_EVERY_SECONDS = 60
"""An engine whose connection flickers does not fill the audit trail."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """A step that the engine goes on with; `since`: seconds since it began."""

    step: StepRun
    since: float


@dataclass(slots=True)
class Admission:
    """An engine that was let in."""

    engine: int
    worker: str
    session: uuid.UUID
    draining: bool
    adopted: list[Adopted] = field(default_factory=list)
    cancelled: list[Held] = field(default_factory=list)
    """What it holds although it is not its own any more."""


def token_of(text: str) -> int:
    """The id of an engine's token. Raises NotSignedIn, NotAllowed."""
    principal = identify(text)
    if principal is None:
        raise NotSignedIn(_("This token is not known, has expired or was revoked: sign in again."))
    if not principal.is_engine or principal.token_id is None:
        raise NotAllowed(_("The gateway is for engine tokens."))
    return principal.token_id


def admit(token: int, hello: Hello, *, address: str | None = None) -> Admission:
    """Writes the engine down as connected, and gives it back what is still its own.

    Raises NotAllowed when the name belongs to another token, TooMany, Invalid.
    """
    if len(hello.engine_id) > LONGEST_ID:
        raise Invalid(_("The name of an engine has at most %(n)d letters.") % {"n": LONGEST_ID})
    with transaction.atomic():
        engine = _row_of(token, hello.engine_id)
        _write(engine, token, hello, address)
    admission = Admission(engine.pk, engine.worker, _session(engine), engine.draining)
    for held in hello.holding[:MOST_HOLDING]:
        _judge(engine, held, admission)
    return admission


def _session(engine: Engine) -> uuid.UUID:
    assert engine.session is not None
    return engine.session


def _row_of(token: int, name: str) -> Engine:
    Engine.objects.get_or_create(engine_id=name, defaults={"token_id": token})
    engine = Engine.objects.select_for_update().get(engine_id=name)
    if engine.token_id != token:
        if engine.token_id and Token.objects.filter(tokens.alive(), pk=engine.token_id).exists():
            raise NotAllowed(_("An engine of this name has another token."))
        engine.token_id = token
    others = connected().filter(token=token).exclude(pk=engine.pk)
    if others.count() >= ENGINES_PER_TOKEN:
        raise TooMany(
            _("Too many engines are connected with this token."), wait_seconds=conf().lease_seconds
        )
    return engine


def _write(engine: Engine, token: int, hello: Hello, address: str | None) -> None:
    before = engine.connected_at
    engine.version = hello.version[:200]
    engine.capabilities = sorted(set(hello.capabilities))
    engine.languages = sorted(set(hello.languages))[:300]
    engine.slots = hello.slots
    engine.shared_files = hello.shared_files
    engine.session = uuid.uuid4()
    now = timezone.now()
    engine.connected_at = engine.heard_at = now
    engine.save()
    if before is None or (now - before).total_seconds() > AUDIT_EVERY_SECONDS:
        audit.record(
            None,
            Action.SIGN_IN,
            "engine",
            engine.pk,
            address=address,
            actor_name=engine.engine_id,
            data={"token": token},
        )


def _judge(engine: Engine, held: Held, admission: Admission) -> None:
    request = settling.find(engine.pk, held.request_id, held.attempt)
    taken = settling.take_up(request) if request else None
    if taken:
        admission.adopted.append(Adopted(*taken))
    elif request is None or request.outcome != Outcome.DONE:
        admission.cancelled.append(held)


def connected() -> QuerySet[Engine]:
    """Engines that are heard. Of a web process that was killed they look connected for a while."""
    alive = Now() - dt.timedelta(seconds=conf().lease_seconds)
    return Engine.objects.filter(session__isnull=False, heard_at__gt=alive)


def leave(engine: int, session: uuid.UUID) -> None:
    """Its connection ended, unless it has another one by now."""
    Engine.objects.filter(pk=engine, session=session).update(session=None)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the database says of a connection."""

    engine: int
    session: uuid.UUID
    current: bool
    """False: replaced by a newer connection, or disconnected by an administrator."""
    draining: bool
    known: bool
    """False: its token is no longer good."""


WISHES = """
SELECT w.engine, w.session, COALESCE(e.session = w.session, false) AS current,
    COALESCE(e.draining, false) AS draining,
    EXISTS (SELECT FROM accounts_token t WHERE t.id = w.token AND t.revoked_at IS NULL
        AND (t.expires_at IS NULL OR t.expires_at > now())) AS known
FROM unnest(%(engines)s::bigint[], %(sessions)s::uuid[], %(tokens)s::bigint[])
    AS w(engine, session, token) LEFT JOIN recognition_engine e ON e.id = w.engine"""

HEARD = """
UPDATE recognition_engine e SET heard_at = now() - w.ago * interval '1 second'
FROM unnest(%(engines)s::bigint[], %(sessions)s::uuid[], %(agos)s::float8[])
    AS w(engine, session, ago)
WHERE e.id = w.engine AND e.session = w.session RETURNING e.id"""


def look(engines: Sequence[int], sessions: Sequence[uuid.UUID], using: Sequence[int]) -> list[Wish]:
    """What became of these connections: parallel sequences of engines, sessions and tokens."""
    rows = ask(WISHES, engines=list(engines), sessions=list(sessions), tokens=list(using))
    return [Wish(**row) for row in rows]


def note_heard(
    engines: Sequence[int], sessions: Sequence[uuid.UUID], agos: Iterable[float]
) -> None:
    """They were heard so many seconds ago."""
    ask(HEARD, engines=list(engines), sessions=list(sessions), agos=list(agos))
