"""``python -m finopsctl`` and the ``finopsctl`` script."""

from __future__ import annotations

from finopsctl.cli.app import main

if __name__ == "__main__":
    main()
