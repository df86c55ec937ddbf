"""``python -m finopsctl`` and the ``finopsctl`` script."""

from __future__ import annotations

import gc

# Importing the libraries makes several hundred thousand objects that live to the end. Looking for garbage among them
# again and again takes a tenth of the time of a short command.
gc.set_threshold(200_000, 20, 20)

from finopsctl.cli.app import main  # noqa: E402 - the threshold has to be set before the imports

if __name__ == "__main__":
    main()
