# One line a target; scripts/dev.py does the work and needs nothing but python3 and pip.
PYTHON ?= python3

.PHONY: run test check docs golden bench clean
run: ; @$(PYTHON) scripts/dev.py run
test: ; @$(PYTHON) scripts/dev.py test
check: ; @$(PYTHON) scripts/dev.py check
docs: ; @$(PYTHON) scripts/dev.py docs
golden: ; @$(PYTHON) scripts/dev.py golden
bench: ; @$(PYTHON) scripts/dev.py bench
clean: ; @$(PYTHON) scripts/dev.py clean
