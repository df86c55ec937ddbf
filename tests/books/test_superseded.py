"""Buckets exported twice, once before they were over."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

from book_files import opened, total

if TYPE_CHECKING:
    from pathlib import Path


def test_a_day_exported_before_it_was_over_is_replaced_by_the_fuller_export(tmp_path: Path) -> None:
    """Noon: 400,000 tokens of 2 November; next day: 1,000,000. The bill is 1M x 2.50 = 2.50, not 3.50."""
    noon, later = tmp_path / "noon.json", tmp_path / "later.json"
    for path, tokens in ((noon, 400_000), (later, 1_000_000)):
        result = {
            "object": "organization.usage.completions.result",
            "input_tokens": tokens,
            "output_tokens": 0,
            "num_model_requests": 5,
            "model": "gpt-4o-2024-08-06",
        }
        bucket = {"object": "bucket", "start_time": 1793577600, "end_time": 1793664000, "results": [result]}
        path.write_text(json.dumps({"object": "page", "data": [bucket], "has_more": False, "next_page": None}))

    for order in ((noon, later), (later, noon)):
        books = opened(*order)

        assert total(books) == Decimal("2.5")
        (finding,) = [f for f in books.findings if f.code == "superseded"]
        assert str(noon) in finding.message
