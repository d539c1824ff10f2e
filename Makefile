# One word for everything one does with SAI. `make run` needs Python 3.11 with venv, and make.

PYTHON ?= python3.11
BIN := .venv/bin
ARGS ?=
export PYTHON

# What `manage.py check --deploy` and the other checks see: a production's settings, nobody's data.
CHECK_ENV := SAI_HTTPS=true SAI_DEBUG=false SAI_VAR=$${TMPDIR:-/tmp}/sai-check \
	SAI_SECRET_KEY=only-for-the-checks-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEF \
	SAI_PUBLIC_URL=https://sai.example.org

.PHONY: run demo demo-conferences test check lint format generate bench lock install install-dev

run: install ## start everything, stop with Ctrl-C
	@exec $(BIN)/python -m sai.launcher

demo: install ## the shipped meeting as subtitles
	@exec $(BIN)/python manage.py transcribe --format srt --as-tracks \
		samples/meeting/alice.opus samples/meeting/boris.opus samples/meeting/clara.opus

demo-conferences: install ## a meeting from a (fake) TrueConf Server to participants who were told
	@exec $(BIN)/python -m sai.demo.conferences

test: install-dev ## all tests; ARGS="-k word" chooses, ARGS=--campaign runs the long ones too
	$(BIN)/python -m pytest -n 2 --dist loadgroup $(ARGS)

check: lint ## format, lint, types, floors, Django, migrations, OpenAPI
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(CHECK_ENV) $(BIN)/python manage.py check --deploy --fail-level WARNING
	$(CHECK_ENV) $(BIN)/python manage.py makemigrations --check --dry-run
	$(CHECK_ENV) $(BIN)/python manage.py spectacular --validate --fail-on-warn --file /dev/null

lint: install-dev ## format and lint, nothing is changed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

format: install-dev ## put the code in order
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

PROTOS := $(shell find . -name '*.proto' -not -path './.venv/*' -not -path './var/*')

generate: install-dev ## code from *.proto
ifeq ($(PROTOS),)
	@echo "no *.proto file yet: nothing to generate"
else
	$(BIN)/python -m grpc_tools.protoc -I. --python_out=. --grpc_python_out=. $(PROTOS)
endif

bench: install-dev ## ours against the bare thing
	$(BIN)/python -m bench $(ARGS)

LOCK := $(BIN)/uv pip compile -q --python-version 3.11 --no-header --no-annotate
LOCK_LINUX := $(LOCK) --python-platform x86_64-unknown-linux-gnu

lock: install-dev ## newest versions that fit together; UPGRADE=--upgrade moves what is locked
	$(LOCK) $(UPGRADE) requirements.in -o requirements.txt
	$(LOCK) $(UPGRADE) requirements-engine.in -o requirements-engine.txt
	$(LOCK) $(UPGRADE) requirements-dev.in -o requirements-dev.txt
	$(LOCK_LINUX) $(UPGRADE) requirements-gpu.in -o requirements-gpu.txt
	$(LOCK_LINUX) $(UPGRADE) requirements-vllm.in -o requirements-vllm.txt

install:
	@GOAL=$(firstword $(MAKECMDGOALS)) .ci/install requirements.txt

install-dev:
	@GOAL=$(firstword $(MAKECMDGOALS)) .ci/install requirements-dev.txt
