"""`python -m tests.browser.look [port]`: the pages with something on them, to look at by hand.

Its own PostgreSQL and Redis in a temporary folder; users anna and admin, the password is printed.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from sai import embedded


def main() -> None:
    port = sys.argv[1] if len(sys.argv) > 1 else "8111"
    with tempfile.TemporaryDirectory(prefix="sai-look-") as folder:
        servers = embedded.start(Path(folder), durable=False)
        try:
            _serve(folder, servers, port)
        finally:
            servers.stop()


def _serve(folder: str, servers: embedded.Servers, port: str) -> None:
    os.environ |= {
        "SAI_VAR": folder,
        "DATABASE_URL": servers.database_url,
        "REDIS_URL": servers.redis_url,
        "SAI_SECRET_KEY": "only-to-look-at-pages-0123456789-0123456789-0123456789",
        "SAI_PORT": port,
        "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "sai.settings"),
    }
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], check=True)
    subprocess.run([sys.executable, "-c", FILL], check=True)
    print(f"http://127.0.0.1:{port}  anna / admin / correct horse battery", flush=True)
    command = [sys.executable, "-m", "uvicorn", "sai.asgi:application", "--port", port]
    watch = ["--reload", "--reload-dir", "recordings", "--reload-dir", "locale"]
    subprocess.run([*command, "--log-level", "warning", *watch], check=False)


FILL = """
import django
django.setup()
from tests.browser import scene
anna = scene.person()
scene.person("admin", role="admin")
scene.others(anna)
scene.meeting(anna)
scene.meeting(anna, repeats=400, title="Долгая встреча")
scene.prompts()
"""

if __name__ == "__main__":
    main()
