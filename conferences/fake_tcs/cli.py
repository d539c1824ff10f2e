"""The command line: `python -m conferences.fake_tcs` and `manage.py fake_tcs` are one."""

import argparse
import contextlib
import signal
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from conferences.fake_tcs import meetings, plans
from conferences.fake_tcs.server import FakeServer

Write = Callable[[str], object]
DESCRIPTION = "Run a TrueConf Server that is not one: for tests, demos and faults on purpose."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at")
    parser.add_argument("--port", type=int, default=4443, help="0: any free one")
    parser.add_argument("--public-url", default="", help="how others reach it, for its links")
    parser.add_argument("--name", default="tcs.example", help="the server's own name, in ids")
    parser.add_argument("--v3", action="store_true", help="an old server without /api/v4")
    parser.add_argument("--https", action="store_true", help="with a self-signed certificate")
    parser.add_argument(
        "--certificate-days", type=float, default=365.0, help="negative: expired already"
    )
    parser.add_argument("--meetings", type=int, help="how many meetings there are (1)")
    parser.add_argument(
        "--tracks",
        default="sample",
        help="sample, a number of tiny tracks for each meeting, or a folder of sound files",
    )
    parser.add_argument("--sessions", type=int, default=1, help="2: calls that broke once")
    parser.add_argument("--live", type=float, help="the last meeting runs, and ends after so long")
    parser.add_argument("--state", type=Path, help="YAML: users, meetings, faults, app")
    parser.add_argument(
        "--keep", type=Path, help="file to remember everything in; read again at the next start"
    )
    parser.add_argument("--token-seconds", type=float, help="life of access tokens")
    parser.add_argument("--seed", type=int, default=1, help="of faults that strike by chance")
    parser.add_argument("--client-id", default="", help="random unless given")
    parser.add_argument("--client-secret", default="", help="random unless given")
    parser.add_argument("--control-key", default="", help="random unless given")
    parser.add_argument("--clock", type=float, default=0.0, help="the Date header is off so much")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="KIND[,NAME=VALUE...]",
        help="switch a fault on from the start; may be repeated",
    )


def made(options: Mapping[str, Any]) -> FakeServer:
    """The server that the options describe, not started. Raises ValueError, OSError."""
    declared = _declared(options["state"])
    app = dict(declared.pop("app", {}))
    server = FakeServer(
        name=str(declared.pop("name", options["name"])),
        generation="v3" if options["v3"] else "v4",
        host=options["host"],
        public_url=options["public_url"],
        port=options["port"],
        client_id=options["client_id"] or str(app.pop("client_id", "")),
        client_secret=options["client_secret"] or str(app.pop("client_secret", "")),
        access_seconds=options["token_seconds"],
        https=options["https"],
        certificate_days=options["certificate_days"],
        keep=options["keep"],
        seed=options["seed"],
    )
    if options["control_key"]:
        server.state.control_key = options["control_key"]
    if not server.meetings:  # nothing was kept
        _declare(server, declared, app)
        _add_meetings(server, options, is_declared="meetings" in declared)
    server.state.changed()
    if options["clock"]:
        server.faults.add("clock_skew", seconds=options["clock"])
    for text in options["fault"]:
        kind, *pairs = text.split(",")
        values = dict(pair.partition("=")[::2] for pair in pairs)
        server.faults.add(kind, **{name: yaml.safe_load(value) for name, value in values.items()})
    return server


def _declared(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    found = yaml.safe_load(path.read_text()) or {}
    known = {"name", "app", "users", "meetings", "faults"}
    if not isinstance(found, dict) or set(found) - known:
        raise ValueError(f"{path} may hold {', '.join(sorted(known))}.")
    return found


def _declare(server: FakeServer, declared: Mapping[str, Any], app: Mapping[str, Any]) -> None:
    for name in ("scopes", "grants", "redirect_uris"):
        if name in app:
            setattr(server.app, name, set(app[name]))
    if "access_seconds" in app:
        server.app.access_seconds = float(app["access_seconds"])
    for user in declared.get("users") or []:
        server.add_user(**user)
    for meeting in declared.get("meetings") or []:
        meetings.build(server.state, plans.from_dict(meeting))
    for fault in declared.get("faults") or []:
        server.faults.add(**fault)


def _add_meetings(server: FakeServer, options: Mapping[str, Any], *, is_declared: bool) -> None:
    count = options["meetings"]
    if count is None:
        count = 0 if is_declared else 1
    tracks: plans.Sounds = options["tracks"]
    if isinstance(tracks, str) and tracks.isdigit():
        tracks = int(tracks)
    for number in range(1, count + 1):
        server.add_meeting(
            f"Product meeting {number}" if count > 1 else "Product meeting",
            tracks=None if tracks == "sample" else tracks,
            sessions=options["sessions"],
            live_seconds=options["live"] if number == count else None,
            video=options["v3"],
        )


def told(server: FakeServer) -> str:
    """What whoever started it must know, in words and as a file for `manage.py apply`."""
    app, state = server.app, server.state
    people = ", ".join(state.users)
    trust = f"  certificate    {server.certificate}\n" if server.certificate else ""
    return (
        f"Fake TrueConf Server {state.name} ({state.version})\n"
        f"  address        {state.base_url}\n"
        f"  client id      {app.client_id}\n"
        f"  client secret  {app.client_secret}\n"
        f"  control key    {state.control_key}   (header X-Fake-Key, addresses /_fake/...)\n"
        f"  people         {people}; password: <login>-password; olga is an administrator\n"
        f"  meetings       {len(state.meetings)}\n{trust}\n"
        "Connect it in the admin (Conferences, Connections, Add) with these, or by a file for\n"
        "`manage.py apply`:\n\n"
        "connections:\n"
        "  - name: fake-tcs\n"
        "    platform: trueconf\n"
        f"    url: {state.base_url}\n"
        f"    client_id: {app.client_id}\n"
        f"    client_secret: {app.client_secret}\n"
        + ("    verify_tls: false\n" if server.https else "")
        + "    poll_seconds: 5\n    auto_recognize: true\n\n"
        "Ctrl-C stops it.\n"
    )


def run(options: Mapping[str, Any], write: Write) -> None:
    """Until SIGINT or SIGTERM. Raises ValueError and OSError before it runs."""
    server = made(options)
    ended = threading.Event()
    with server:
        write(told(server))
        with contextlib.suppress(ValueError):  # signals belong to the main thread
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: ended.set())
        ended.wait()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m conferences.fake_tcs", description=DESCRIPTION)
    add_arguments(parser)
    options = vars(parser.parse_args(arguments))
    try:
        run(options, lambda text: print(text, flush=True))  # noqa: T201 - a command's output
    except (ValueError, TypeError, OSError, yaml.YAMLError) as error:
        parser.exit(2, f"{error}\n")
    return 0
