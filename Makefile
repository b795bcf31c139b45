# Every target calls the script of the same name in scripts/.
.DEFAULT_GOAL := help
.PHONY: help venv lint unit test test-full docs collection zipapp demo demo-clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

venv: ## .venv with all that developing needs
	@scripts/venv

lint: venv ## ruff, mypy, yamllint, ansible-lint
	@scripts/lint

unit: venv ## the tests that need no engine
	@scripts/test tests/unit

test: ## everything: venv, lint, then all tests against real engines
	@scripts/check

test-full: ## the same with the exhaustive sweeps
	@DOCKWRIGHT_FULL=1 scripts/check

docs: venv ## reference pages and JSON schema, into docs/reference
	@scripts/docs

collection: venv ## the collection as Galaxy gets it, into dist
	@scripts/collection

zipapp: venv ## the command line as one file, dist/dockwright.pyz
	@scripts/zipapp

demo: ## an engine if there is none, then playbooks/quickstart.yml on this machine
	@scripts/demo

demo-clean: ## take away what the demo made
	@scripts/demo-clean
