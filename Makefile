# All targets; `make help` lists them.

PYTHON ?= python3
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup setup-test sim demo docs test lint clean

# A sourced ROS 2 would mix its packages with those of .venv; _ROS_WHEELS_BOOTSTRAP_COMPLETE would keep
# the ROS wheels from finding their libraries.
ifneq ($(origin AMENT_PREFIX_PATH),undefined)
unexport AMENT_PREFIX_PATH CMAKE_PREFIX_PATH COLCON_PREFIX_PATH PYTHONPATH LD_LIBRARY_PATH
endif
unexport _ROS_WHEELS_BOOTSTRAP_COMPLETE

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 20

setup:  ## build .venv with ROS 2 and all that walking in simulation needs
	@$(PYTHON) tools/setup_environment.py

setup-test:  ## the same with torch, training and test tools
	@$(PYTHON) tools/setup_environment.py --test

sim: setup  ## walk in simulation until Ctrl-C; options: make sim ARGS="--terrain rough --vx 0.4"
	@.venv/bin/wmp sim $(ARGS)

demo: setup  ## the same with the cockpit: an A1 walks an obstacle course in the browser
	@.venv/bin/wmp sim --view --terrain course --difficulty 0.3 $(ARGS)

docs:  ## build the documentation: build/docs/index.html
	@$(PYTHON) tools/setup_environment.py --docs
	@NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build --strict --quiet
	@echo "docs: build/docs/index.html"

lint: setup-test  ## check style and types
	.venv/bin/ruff check
	.venv/bin/mypy

test: lint  ## run lint and all tests; some tests: make test ARGS="tests -k layers"
	.venv/bin/python -m pytest $(ARGS)

clean:  ## remove .venv, builds and caches
	rm -rf .venv build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find . -name '*.egg-info' -type d -prune -exec rm -rf {} +
