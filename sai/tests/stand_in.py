"""A launcher with stand-in children, for the tests: `python -m sai.tests.stand_in PLAN.json`.

The plan holds `var`, `port` and `children` (name -> Python code), and the URLs if there are any.
"""

import json
import sys
from pathlib import Path

from sai.launcher.children import Child, Family
from sai.launcher.launch import Plan, run
from sai.launcher.refusal import Refusal

WEB = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def python(name: str, code: str, *arguments: str) -> Child:
    return Child(name, [sys.executable, "-S", "-c", code, *arguments])


def main(path: str) -> int:
    asked = json.loads(Path(path).read_text())
    port = asked["port"]
    processes = [python(name, code) for name, code in asked["children"].items()]
    family = Family(
        before=[python("setup", asked.get("setup", "print('set up')"))],
        processes=[python("web", WEB, str(port)), *processes],
        ready_url=f"http://127.0.0.1:{port}/healthz",
        first_time=[python("sample", "print('sample submitted')")],
    )
    url = f"http://127.0.0.1:{port}"
    urls = asked.get("database_url", ""), asked.get("redis_url", "")
    try:
        run(Plan(Path(asked["var"]), Path.cwd(), "127.0.0.1", port, url, *urls, family))
    except Refusal as refusal:
        print(f"sai: {refusal}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
