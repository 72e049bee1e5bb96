# Everything a user types. `make help` lists it.

PYTHON ?= python3
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup setup-test sim docs test lint clean

# A sourced ROS 2 would mix its packages with those of .venv; the second variable would stop the
# ROS wheels from finding their libraries.
ifneq ($(origin AMENT_PREFIX_PATH),undefined)
unexport AMENT_PREFIX_PATH CMAKE_PREFIX_PATH COLCON_PREFIX_PATH PYTHONPATH LD_LIBRARY_PATH
endif
unexport _ROS_WHEELS_BOOTSTRAP_COMPLETE

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 20

setup:  ## build .venv: ROS 2 and everything that walking in simulation needs
	@$(PYTHON) tools/setup_environment.py

setup-test:  ## the same, with torch, training and test tools
	@$(PYTHON) tools/setup_environment.py --test

sim: setup  ## the A1 walks in simulation until Ctrl-C; options: make sim ARGS="--terrain rough --vx 0.4"
	@.venv/bin/wmp sim $(ARGS)

docs:  ## build the documentation into build/docs; open build/docs/index.html
	@$(PYTHON) tools/setup_environment.py --docs
	@NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build --strict --quiet
	@echo "docs: build/docs/index.html"

lint: setup-test  ## style and types
	.venv/bin/ruff check
	.venv/bin/mypy

test: lint  ## all tests; some of them: make test ARGS="tests -k layers"
	.venv/bin/python -m pytest $(ARGS)

clean:  ## remove .venv and what the tools left behind
	rm -rf .venv build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find . -name '*.egg-info' -type d -prune -exec rm -rf {} +
