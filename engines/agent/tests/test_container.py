"""Dockerfile.engine, read as data: what is copied is enough, what is promised in docs is there."""

import ast
import re
import sys
from pathlib import Path

import pytest

from engines.agent.settings import read
from engines.agent.tests.stand_in import ROOT

TEXT = (ROOT / "Dockerfile.engine").read_text()
PAGE = (ROOT / "docs" / "remote-engine.md").read_text()
ENVIRONMENT = dict(re.findall(r"^(?:ENV)? +(\w+)=(\S+)", TEXT, re.M))


def locked(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text().splitlines()
    return dict(line.split("==", 1) for line in lines if "==" in line)


def test_its_images_have_a_version_and_its_user_is_not_root():
    bases = re.findall(r"^FROM (\S+)", TEXT, re.M)
    assert bases == ["python:3.11-slim-bookworm"] * 2
    last = TEXT.rpartition("FROM ")[2]
    assert "USER sai" in last
    server = (ROOT / "Dockerfile").read_text()
    assert re.search(r"--uid (\d+)", server)[1] == re.search(r"--uid (\d+)", TEXT)[1]
    assert 'ENTRYPOINT ["python", "-m", "engines.agent"]' in last
    assert "HEALTHCHECK" in last


def test_no_secret_is_built_in():
    assert not re.search(r"TOKEN|API_KEY|PASSWORD", TEXT)
    assert "Dockerfile" not in re.findall(r"^COPY (.*)$", TEXT, re.M)


def test_everything_that_is_copied_exists():
    for sources in re.findall(r"^COPY (?!--from)(.+) \S+$", TEXT, re.M):
        for source in sources.split():
            assert (ROOT / source).exists(), source


def test_what_the_engine_imports_is_in_the_image():
    """Of ours only engines and the two files of common; of others only what is locked."""
    ours, others = set(), set()
    for path in (ROOT / "engines").rglob("*.py"):
        if "tests" not in path.parts:
            for name in imported(path):
                ours.add(name) if (ROOT / name.partition(".")[0]).is_dir() else others.add(name)
    assert {name for name in ours if not name.startswith("engines")} == {"common.errors"}
    packages = set(locked("requirements-engine.txt"))
    names = {"faster_whisper": "faster-whisper", "pydantic_ai": "pydantic-ai-slim"}
    known = {names.get(package, package).replace("_", "-") for package in roots(others)}
    assert known <= packages, known - packages


def roots(names: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names)


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


def test_its_versions_are_those_of_the_server():
    server, engine = locked("requirements.txt"), locked("requirements-engine.txt")
    assert engine.items() <= server.items()
    assert not {"django", "celery", "channels", "psycopg"} & set(engine)


def test_the_cuda_libraries_are_found_by_the_pattern():
    pattern = re.search(r"grep -E '([^']+)'", TEXT)[1]
    lines = (ROOT / "requirements-gpu.txt").read_text().splitlines()
    found = {line.partition("==")[0] for line in lines if re.search(pattern, line)}
    assert found == {"nvidia-cublas-cu12", "nvidia-cudnn-cu12", "nvidia-cuda-nvrtc-cu12"}


def test_its_environment_is_understood(tmp_path):
    settings = read([], {**ENVIRONMENT, "SAI_SERVER": "wss://x", "SAI_ENGINE_TOKEN": "t"})
    assert str(settings.state) == "/state"
    assert settings.work.engine_options["models_dir"] == "/models"
    assert settings.work.log_format == "json"
    assert str(settings.pulse) in TEXT.partition("HEALTHCHECK")[2]


def test_the_page_knows_every_setting():
    source = (ROOT / "engines" / "agent" / "settings.py").read_text()
    arguments = set(re.findall(r'add\("(--[a-z-]+)"', source))
    variables = set(re.findall(r'"(SAI_[A-Z_]+)"', source))
    assert len(arguments) > 20
    for name in [*arguments, *variables]:
        assert name in PAGE, name
    for name in set(re.findall(r"\bSAI_[A-Z_]+\b", PAGE)):
        assert name in variables, name


@pytest.mark.parametrize("name", ["engine-protocol.md", "remote-engine.md"])
def test_links_between_the_pages_lead_somewhere(name):
    folder = ROOT / "docs"
    text = (folder / name).read_text()
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (folder / target).exists(), target
    for anchor in re.findall(r"\]\(#([^)]+)\)", text):
        heads = re.findall(r"^##+ (.+)$", text, re.M)
        assert anchor in {head.lower().replace(" ", "-") for head in heads}, anchor
