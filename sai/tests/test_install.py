"""`make run` on a machine that lacks something: one line that says what."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("sh", "grep", "cksum", "cat", "basename", "tail", "rm", "dirname", "env")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone on a machine with a few tools and no Python."""
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool))
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    shutil.copy(ROOT / "requirements-dev.txt", tmp_path)
    (tmp_path / "requirements.txt").write_text("# nothing\n")
    return tmp_path


def install(clone: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", ".ci/install", "requirements.txt"],
        cwd=clone,
        env={"PATH": str(clone / "bin"), "HOME": str(clone), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def put(clone: Path, name: str, script: str) -> None:
    program = clone / "bin" / name
    program.write_text(f"#!{shutil.which('sh')}\n{script}\n")
    program.chmod(0o755)


def test_no_python(clone):
    done = install(clone)
    assert done.returncode == 1
    assert done.stderr.startswith("sai: Python 3.11 is needed")
    assert done.stderr.count("\n") == 1
    assert not (clone / ".venv").exists()


def test_only_another_python(clone):
    put(clone, "python3", "exit 1")
    done = install(clone)
    assert done.returncode == 1
    assert done.stderr.startswith("sai: Python 3.11 is needed")


def test_a_python_without_ensurepip_leaves_no_half_environment(clone):
    put(
        clone,
        "python3.11",
        'case "$*" in *venv*) mkdir -p .venv/bin; echo "ensurepip is not available"; exit 1;; esac',
    )
    (clone / "bin/mkdir").symlink_to(shutil.which("mkdir"))
    done = install(clone)
    assert done.returncode == 1
    assert "install python3.11-venv" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (clone / ".venv").exists()


def test_a_second_time_nothing_is_installed(clone):
    venv = clone / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin/python").symlink_to(sys.executable)
    log = clone / "uv-was-asked"
    (venv / "bin/uv").write_text(f'#!{shutil.which("sh")}\necho "$*" >> {log}\n')
    (venv / "bin/uv").chmod(0o755)
    assert install(clone).returncode == 0
    assert log.read_text().count("-r requirements.txt") == 1
    assert install(clone).returncode == 0
    assert log.read_text().count("-r requirements.txt") == 1
    (clone / "requirements.txt").write_text("# another nothing\n")
    assert install(clone).returncode == 0
    assert log.read_text().count("-r requirements.txt") == 2


def test_where_uv_fails_pip_does_it(clone):
    venv = clone / ".venv"
    (venv / "bin").mkdir(parents=True)
    python = venv / "bin/python"
    log = clone / "pip-was-asked"
    python.write_text(
        f'#!{shutil.which("sh")}\ncase "$*" in *"-r req"*) echo "$*" >> {log};; esac\n'
    )
    python.chmod(0o755)
    (venv / "bin/uv").write_text(
        f'#!{shutil.which("sh")}\n[ "$1" = --version ] || {{ echo broken >&2; exit 2; }}\n'
    )
    (venv / "bin/uv").chmod(0o755)
    done = install(clone, PYTHON="none")
    assert done.returncode == 0, done.stderr
    assert "uv could not do it (broken)" in done.stderr
    assert "-m pip install" in log.read_text()


def test_makefile_names_every_command_that_is_promised():
    text = (ROOT / "Makefile").read_text()
    for goal in ("run", "test", "check", "bench", "lint", "format", "generate"):
        done = subprocess.run(
            ["make", "-n", goal], cwd=ROOT, capture_output=True, text=True, check=False,
            env={**os.environ, "MAKEFLAGS": ""},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert f"\n{goal}:" in text
