# One virtual environment for each Python: .venv for python3, .venv-3.13 for PYTHON=python3.13.
PYTHON ?= python3
VENV ?= $(if $(filter python3,$(PYTHON)),.venv,.venv-$(patsubst python%,%,$(notdir $(PYTHON))))
BIN := $(VENV)/bin
SETUP := @PYTHON="$(PYTHON)" VENV="$(VENV)" scripts/setup
ARGS ?=

# Run a command in its own foreground process group: Ctrl-C then ends the command cleanly, and make,
# which would report an error, does not get the signal. The command ends with the shell that started it.
IN_FRONT := bash -c '[ ! -t 0 ] || set -m; "$$0" "$$@"; exit $$?' setpriv --pdeathsig TERM

# Debian has mosquitto in /usr/sbin, which is not in a user's PATH.
export PATH := $(PATH):/usr/sbin:/sbin
# Blinka must not look for packages, nor ask to install any.
export BLINKA_SKIP_DEPENDENCY_CHECK := 1
# Some machines forbid storing compiled modules; programs that are started hundreds of times would be compiled each time.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help setup run test check bench bench-fleet test-slow soak install install-hub lock clean
.DEFAULT_GOAL := help

help: ## this list | 本列表
	@. scripts/words; words "Minshan 岷山: the software of a weather station in a mountain orchard" "岷山 Minshan：山地果园气象站软件"
	@echo
	@. scripts/words; sed -n 's/^\([a-z-]*\):[^#]*## \(.*\) | \(.*\)/\1|\2|\3/p' $(MAKEFILE_LIST) | \
		while IFS='|' read -r target english chinese; do \
			words "$$(printf '  make %-12s %s' "$$target" "$$english")" "$$(printf '  make %-12s %s' "$$target" "$$chinese")"; \
		done
	@echo
	@. scripts/words; words "Another Python: make test PYTHON=python3.13. More words for the command: make run ARGS=\"--speed 60\"." \
		"换一个 Python：make test PYTHON=python3.13。给命令加选项：make run ARGS=\"--speed 60\"。"

setup: ## .venv with the locked dependencies and the `minshan` command | 准备 .venv：锁定版本的依赖和 `minshan` 命令
	$(SETUP) run

run: ## a whole station on simulated devices, live; Ctrl-C ends it | 在模拟设备上运行整个站，实时显示；按 Ctrl-C 结束
	$(SETUP) run
	@$(IN_FRONT) $(BIN)/minshan demo $(ARGS) $(if $(findstring --for,$(ARGS))$(findstring --capture,$(ARGS))$(findstring --until-sent,$(ARGS)),,|| [ $$? = 130 ])

test: ## all tests but the slow ones | 慢测试以外的全部测试
	$(SETUP) test
	$(BIN)/python -m pytest -n 3 $(ARGS)

test-slow: ## the tests that take minutes | 每项要几分钟的测试
	$(SETUP) test
	$(BIN)/python -m pytest -n 4 -m slow --timeout 1800 $(ARGS)

soak: ## 200 simulated station-days under all faults, on two cores (an hour); ARGS="--year": one box for a year | 模拟 200 个站日，故障齐全，占两个核（约一小时）；ARGS="--year"：一个站一年
	$(SETUP) test
	$(BIN)/python -m tests.soak $(ARGS)

check: ## linters, types, the rules of the code, the documents | 代码检查、类型、代码规则、文档
	$(SETUP) test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_house.py tests/test_encodings.py tests/test_docstrings.py tests/test_wire_bounds.py tests/unit/test_docs.py tests/unit/edge/wire/test_schemas.py

bench: ## measure this machine, each figure beside a reference | 测量这台机器，每个数字旁有参照
	$(SETUP) test
	$(BIN)/python -m tests.bench $(ARGS)

bench-fleet: ## 1,000 stations with a day each into a broker, two hubs and PostgreSQL, all of which are killed (an hour) | 1000 个站各一天的数据，经一个消息服务器进两个中心和 PostgreSQL，其间逐一杀掉（约一小时）
	$(SETUP) test
	$(BIN)/python -m tests.fleet $(ARGS)

install: ## as root on a Pi: /opt/minshan, /etc/minshan, /var/lib/minshan, the units | 在树莓派上以 root 安装：/opt/minshan、/etc/minshan、/var/lib/minshan 和服务
	$(SETUP) install
	@PYTHON="$(PYTHON)" DESTDIR="$(DESTDIR)" CONFIG="$(CONFIG)" scripts/install station $(ARGS)

install-hub: ## as root in an office: the hub in /opt/minshan, /etc/minshan-hub, /var/lib/minshan-hub, its unit | 在办公室的机器上以 root 安装中心：/opt/minshan、/etc/minshan-hub、/var/lib/minshan-hub 和服务
	$(SETUP) install
	@PYTHON="$(PYTHON)" DESTDIR="$(DESTDIR)" CONFIG="$(CONFIG)" scripts/install hub $(ARGS)

lock: ## regenerate requirements/*.lock from pyproject.toml | 由 pyproject.toml 重新生成 requirements/*.lock
	$(SETUP) run
	@VENV="$(VENV)" scripts/lock $(ARGS)

clean: ## remove what make created; stations' data are kept | 删除 make 生成的文件；站的数据保留
	rm -rf .venv .venv-* build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
