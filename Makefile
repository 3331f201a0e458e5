# Every target sets itself up in .venv; an existing .venv is reused.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test test-slow test-lowest test-wheel fuzz torture check format docs tutorials clean

$(VENV)/made:
	$(PYTHON) -c 'import sys; assert (3, 11) <= sys.version_info[:2] <= (3, 13), "EvenVAE needs Python 3.11 to 3.13"'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/demo-installed: $(VENV)/made pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[demo]'
	touch $@

$(VENV)/test-installed: $(VENV)/made pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	touch $@

$(VENV)/check-installed: $(VENV)/made pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[test,check]'
	touch $@

demo: $(VENV)/demo-installed
	$(BIN)/evenvae demo

test: $(VENV)/test-installed
	$(BIN)/python -m pytest -m 'not slow' -n auto --dist loadscope

test-slow: $(VENV)/test-installed
	$(BIN)/python -m pytest -m slow

# with the lowest versions that pyproject.toml allows, in an environment of its own
$(VENV)-lowest/test-installed: pyproject.toml
	test -x $(VENV)-lowest/bin/python || $(PYTHON) -m venv $(VENV)-lowest
	$(VENV)-lowest/bin/python -m pip install --quiet uv
	VIRTUAL_ENV=$(VENV)-lowest $(VENV)-lowest/bin/uv pip install --quiet --resolution lowest-direct --editable '.[test]'
	touch $@

test-lowest: $(VENV)-lowest/test-installed
	$(VENV)-lowest/bin/python -m pytest -m 'not slow' -n auto --dist loadscope

# what would be published: the wheel where nothing else is installed, and the tests of the source archive against it
test-wheel:
	.ci/wheel $(VENV)-wheel $(PYTHON)

# ten thousand hostile inputs of every kind, and kills at random moments; both write their counts as they go
fuzz: $(VENV)/test-installed
	PYTHONPATH=tests $(BIN)/python -m fuzz --inputs 10000 --out benchmarks/results/fuzz.json

torture: $(VENV)/test-installed
	$(BIN)/python benchmarks/torture.py --kills 100

check: $(VENV)/check-installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/python -m pytest -q tests/test_imports.py

format: $(VENV)/check-installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

$(VENV)/docs-installed: $(VENV)/made pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	touch $@

docs: $(VENV)/docs-installed
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet --site-dir site

$(VENV)/tutorials-installed: $(VENV)/made pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[tutorials]'
	touch $@

# executes the tutorials whose source changed, and keeps them as notebooks with their outputs
tutorials: $(VENV)/tutorials-installed
	$(BIN)/python website/notebooks.py

clean:
	rm -rf $(VENV) $(VENV)-lowest $(VENV)-wheel evenvae-demo
