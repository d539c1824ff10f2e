"""docker-compose.yml, read as data and, where docker is, by docker itself."""

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
EXAMPLE = ROOT / ".env.example"
# Every ${NAME...}; $$ is a dollar for the container's own shell.
VARIABLES = re.compile(r"(?<!\$)\$\{(\w+)(:?[-?+][^}]*)?\}")
SECRET_WORDS = ("PASSWORD", "SECRET", "API_KEY", "TOKEN")


def words(command: str | list[str] | None) -> list[str]:
    return command.split() if isinstance(command, str) else [str(word) for word in command or ()]


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_has_a_health_check_or_a_reason(name):
    service = SERVICES[name]
    assert ("healthcheck" in service) != bool(service.get("x-no-healthcheck")), name
    if "healthcheck" in service:
        assert {"test", "interval", "timeout", "retries"} <= set(service["healthcheck"])


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_has_a_version(name):
    tag = SERVICES[name]["image"].rpartition("/")[2].partition(":")[2]
    assert re.search(r"\d", tag), f"{name}: {SERVICES[name]['image']} names no version"


def test_what_the_dockerfile_builds_on_has_a_version():
    bases = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.M)
    assert bases
    assert all(base.startswith("python:3.11-") for base in bases)


def test_the_workers_serve_every_queue():
    commands = [words(service.get("command")) for service in SERVICES.values()]
    queues = {
        queue
        for command in commands
        if "worker" in command
        for queue in VARIABLES.sub(_default, command[command.index("-Q") + 1]).split(",")
    }
    assert queues == {"download", "cpu", "gpu", "llm"}


def test_the_gpu_worker_has_a_device_its_libraries_and_one_process():
    worker = SERVICES["worker-gpu"]
    device = worker["deploy"]["resources"]["reservations"]["devices"][0]
    assert device["capabilities"] == ["gpu"]
    assert worker["build"]["args"]["REQUIREMENTS"] == "requirements-gpu.txt"
    command = words(worker["command"])
    assert command[command.index("-c") + 1] == "1"


@pytest.mark.parametrize("name", SERVICES)
def test_no_secret_stands_in_the_file(name):
    for variable, value in SERVICES[name].get("environment", {}).items():
        secret = any(word in variable for word in SECRET_WORDS) or "://" in str(value)
        if secret and re.search(r"://[^@]*@", str(value)):
            password = str(value).partition("://")[2].rpartition("@")[0].partition(":")[2]
            assert VARIABLES.fullmatch(password), f"{name}: {variable}"
        elif secret and "://" not in str(value):
            assert VARIABLES.fullmatch(str(value)), f"{name}: {variable}"


def test_what_must_be_given_is_demanded_by_name():
    demanded = {name for name, rest in VARIABLES.findall(TEXT) if rest.startswith(":?")}
    assert demanded == {"SAI_SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD"}


def test_all_processes_of_sai_share_storage_secrets_and_order():
    ours = [s for s in SERVICES.values() if s["image"].startswith("sai")]
    assert len(ours) >= 8
    for service in ours:
        assert "storage:/data" in service["volumes"]
        assert {"SAI_SECRET_KEY", "DATABASE_URL", "REDIS_URL"} <= set(service["environment"])
    waiting = [s for s in ours if s is not SERVICES["setup"]]
    for service in waiting:
        assert service["depends_on"]["setup"]["condition"] == "service_completed_successfully"


@pytest.mark.parametrize("name", [n for n, s in SERVICES.items() if "uvicorn" in str(s)])
def test_the_applications_that_are_served_exist(name):
    target = next(word for word in words(SERVICES[name]["command"]) if ":application" in word)
    assert importlib.util.find_spec(target.partition(":")[0])


def test_profiles_keep_what_is_optional_away():
    optional = {
        name: service["profiles"] for name, service in SERVICES.items() if "profiles" in service
    }
    assert optional == {"minio": ["minio"], "vllm": ["vllm"], "media": ["voice"]}


def test_the_vllm_image_is_the_locked_version():
    locked = re.search(r"^vllm==(\S+)", (ROOT / "requirements-vllm.txt").read_text(), re.M)
    assert SERVICES["vllm"]["image"].endswith(f":v{locked[1]}")


def test_every_variable_is_documented():
    documented = set(re.findall(r"^#?\s*(\w+)=", EXAMPLE.read_text(), re.M))
    asked = {name for name, _ in VARIABLES.findall(TEXT)}
    assert asked - documented == set()


@pytest.mark.skipif(shutil.which("docker") is None, reason="there is no docker command here")
def test_docker_itself_accepts_it():
    required = {"SAI_SECRET_KEY": "x", "POSTGRES_PASSWORD": "x", "REDIS_PASSWORD": "x"}
    base = ["docker", "compose", "-f", str(ROOT / "docker-compose.yml")]
    if subprocess.run([*base[:2], "version"], capture_output=True, check=False).returncode:
        pytest.skip("docker has no compose command here")
    environment = {"PATH": "/usr/bin:/bin:/usr/local/bin", **required}
    done = subprocess.run(
        [*base, "config", "-q"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def _default(match: re.Match[str]) -> str:
    return (match[2] or "").lstrip(":-")
