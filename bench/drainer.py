"""`python -m bench.drainer`: drains the queue between "go" and "stop" on its standard input."""

import select
import sys

import django

QUEUE = "cpu"


def main() -> None:
    django.setup()
    import sai.celery  # noqa: F401  hints go out through it
    from recordings import tasks

    print("ready", flush=True)
    while sys.stdin.readline():
        while not select.select([sys.stdin], [], [], 0)[0]:
            if not tasks.drain(QUEUE):
                select.select([sys.stdin], [], [], 0.002)
        sys.stdin.readline()
        print("ready", flush=True)


if __name__ == "__main__":
    main()
