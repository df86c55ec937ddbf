"""What another price list would add, what is refused, and that writing touches nothing else."""

from __future__ import annotations

import json
import sys
import threading
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finopsctl.errors import DeliveryError, PricingError
from finopsctl.pricing import catalog
from finopsctl.pricing.price_text import with_lines, with_models
from finopsctl.pricing.update import NEW_MODEL, NEW_PRICE, NEW_TIER, Update, plan
from finopsctl.pricing.writing import edited, write
from pricing.price_files import costs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from finopsctl.pricing.book import PriceBook

OURS = """# OpenAI, by hand
schema = 1
provider = "openai"
per = 1_000_000
strip = ["openai/"]
urls = ["https://openai.example/pricing"]

[[model]]   # the small one
id = "gpt-a-mini"
rates = [
  { from = 2026-01-01, input = 0.25, cache_read = 0.025, output = 2.00 },   # launch
]
source = "https://openai.example/pricing"
checked = 2026-06-01

[[model]]
id = "gpt-a"
match = ["gpt-a-2026-01-01"]
rates = [{ from = 2026-01-01, input = 2.5, output = 10 }, { from = 2026-01-01, over = 200_000, input = 5, output = 15 }]
checked = 2026-06-01
note = "rates = [ is only a word here ]"

[[alias]]
name = "gpt-latest"
to = [ { from = 2026-01-01, model = "gpt-a-mini" } ]
"""
DAY = date(2026, 11, 22)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    prices = tmp_path / "prices"
    prices.mkdir()
    (prices / "openai.toml").write_text(OURS, encoding="utf-8")
    return prices


def book(folder: Path) -> PriceBook:
    return catalog.load(base=folder)


def litellm(folder: Path, **models: dict[str, Any]) -> str:
    """Write a price list in litellm's form, prices in USD per token; returns its name."""
    path = folder.parent / "list.json"
    full = {name: {"litellm_provider": "openai", "mode": "chat", **fields} for name, fields in models.items()}
    path.write_text(json.dumps(full), encoding="utf-8")
    return str(path)


def toml(folder: Path, text: str) -> str:
    path = folder.parent / "list.toml"
    path.write_text('schema = 1\nprovider = "openai"\n' + text, encoding="utf-8")
    return str(path)


def summary(update: Update) -> list[tuple[str, str, str, str, dict[str, float]]]:
    return [
        (c.kind, c.model, line.service_tier, f"{line.start:%Y-%m-%d}", {k: v / 1e6 for k, v in line.rates.items()})
        for c in update.changes
        for line in c.lines
    ]


def test_the_same_prices_change_nothing(folder: Path) -> None:
    source = litellm(folder, **{"gpt-a-mini": {"input_cost_per_token": 2.5e-07, "output_cost_per_token": 2e-06}})
    update = plan(book(folder), source, DAY)

    assert (update.changes, update.findings, update.compared) == ((), (), 1)


def test_another_price_becomes_a_line_from_the_day_of_comparison_on(folder: Path) -> None:
    """A tenth of input for cached tokens is not listed there: ours is kept."""
    source = litellm(folder, **{"gpt-a-mini": {"input_cost_per_token": 2e-07, "output_cost_per_token": 1.6e-06}})
    update = plan(book(folder), source, DAY)

    figures = {"input": 0.2, "cache_read": 0.025, "output": 1.6}
    assert summary(update) == [(NEW_PRICE, "gpt-a-mini", "standard", "2026-11-22", figures)]


def test_a_list_that_says_since_when_is_believed(folder: Path) -> None:
    source = toml(
        folder, '[[model]]\nid = "gpt-a-mini"\nrates = [ { from = 2026-09-01, input = 0.20, output = 1.60 } ]\n'
    )
    update = plan(book(folder), source, DAY)

    assert [change[3] for change in summary(update)] == ["2026-09-01"]


def test_an_announced_price_is_taken_with_its_day_and_marked(folder: Path) -> None:
    source = toml(
        folder,
        '[[model]]\nid = "gpt-a-mini"\nrates = [ { from = 2026-01-01, input = 0.25, output = 2.00 },'
        " { from = 2026-12-01, input = 0.50, output = 4.00 } ]\n",
    )
    update = plan(book(folder), source, DAY)
    text = edited(update, book(folder), folder)[folder / "openai.toml"]

    assert [(c[0], c[3]) for c in summary(update)] == [(NEW_PRICE, "2026-12-01")]
    assert "from = 2026-12-01" in text
    assert "announced = true" in text


def test_a_price_we_compared_since_is_a_disagreement_and_not_a_change(folder: Path) -> None:
    """Ours was compared on 2026-06-01, theirs is said to hold since May."""
    source = toml(
        folder, '[[model]]\nid = "gpt-a-mini"\nrates = [ { from = 2026-05-01, input = 0.20, output = 1.60 } ]\n'
    )
    update = plan(book(folder), source, DAY)
    forced = plan(book(folder), source, DAY, force=True)

    assert update.changes == ()
    assert [finding.code for finding in update.findings] == ["disagrees"]
    assert len(forced.changes) == 1


def test_history_before_our_line_in_force_is_never_added(folder: Path) -> None:
    source = toml(
        folder, '[[model]]\nid = "gpt-a-mini"\nrates = [ { from = 2025-05-01, input = 0.20, output = 1.60 } ]\n'
    )
    update = plan(book(folder), source, DAY, force=True)

    assert update.changes == ()
    assert [finding.code for finding in update.findings] == ["disagrees_with_history"]


@pytest.mark.parametrize("price", [2.5e-06, 2.5e-08, 0.0])
def test_ten_times_a_tenth_or_nothing_is_refused_unless_forced(folder: Path, price: float) -> None:
    source = litellm(folder, **{"gpt-a-mini": {"input_cost_per_token": price, "output_cost_per_token": 2e-06}})
    update = plan(book(folder), source, DAY)
    forced = plan(book(folder), source, DAY, force=True)

    assert update.changes == ()
    assert [(f.code, f.severity) for f in update.findings] == [("suspicious", "critical")]
    assert len(forced.changes) == 1


def test_a_change_that_would_leave_a_band_stale_is_refused(folder: Path) -> None:
    source = litellm(folder, **{"gpt-a": {"input_cost_per_token": 2e-06, "output_cost_per_token": 8e-06}})
    update = plan(book(folder), source, DAY)

    assert update.changes == ()
    assert [finding.code for finding in update.findings] == ["band_missing"]


def test_base_and_band_change_together(folder: Path) -> None:
    fields = {
        "input_cost_per_token": 2e-06,
        "output_cost_per_token": 8e-06,
        "input_cost_per_token_above_200k_tokens": 4e-06,
        "output_cost_per_token_above_200k_tokens": 1.2e-05,
    }
    update = plan(book(folder), litellm(folder, **{"openai/gpt-a": fields}), DAY)

    assert [(line.min_ctx, line.rates["input"]) for line in update.changes[0].lines] == [
        (0, 2_000_000),
        (200_001, 4_000_000),
    ]


def test_a_service_tier_we_do_not_list_is_added(folder: Path) -> None:
    fields = {"input_cost_per_token": 2.5e-07, "output_cost_per_token": 2e-06}
    halves = {"input_cost_per_token_batches": 1.25e-07, "output_cost_per_token_batches": 1e-06}
    update = plan(book(folder), litellm(folder, **{"gpt-a-mini": {**fields, **halves}}), DAY)

    assert summary(update) == [
        (NEW_TIER, "gpt-a-mini", "batch", "2026-11-22", {"input": 0.125, "output": 1.0}),
    ]


def test_a_service_tier_out_of_all_proportion_or_without_output_is_refused(folder: Path) -> None:
    """Fifty times standard, and no output rate at all."""
    fields = {"input_cost_per_token": 2.5e-07, "output_cost_per_token": 2e-06}
    odd = {"input_cost_per_token_priority": 1.25e-05, "input_cost_per_token_flex": 1e-07}
    update = plan(book(folder), litellm(folder, **{"gpt-a-mini": {**fields, **odd}}), DAY)

    assert update.changes == ()
    assert sorted(finding.code for finding in update.findings) == ["incomplete", "suspicious"]


def test_a_new_model_reaches_back_to_the_last_comparison_and_its_snapshot_is_not_a_second_one(folder: Path) -> None:
    fields = {"input_cost_per_token": 1e-06, "output_cost_per_token": 4e-06, "max_input_tokens": 400_000}
    source = litellm(folder, **{"openai/gpt-b": fields, "gpt-b-2026-10-05": fields})
    update = plan(book(folder), source, DAY)
    write(edited(update, book(folder), folder))
    added = book(folder).find("openai", "gpt-b")

    assert summary(update) == [(NEW_MODEL, "gpt-b", "standard", "2026-06-01", {"input": 1.0, "output": 4.0})]
    assert added is not None
    assert (added.kind, added.tier, added.context, added.checked) == ("chat", "standard", 400_000, DAY)
    assert added.source == "https://openai.example/pricing"


def test_an_unlisted_snapshot_at_the_price_of_its_model_is_left_alone(folder: Path) -> None:
    same = {"input_cost_per_token": 2.5e-07, "output_cost_per_token": 2e-06}
    dearer = {"input_cost_per_token": 3e-07, "output_cost_per_token": 2e-06}
    source = litellm(folder, **{"gpt-a-mini-2026-02-01": same, "gpt-a-mini-2026-08-01": dearer})
    update = plan(book(folder), source, DAY)

    assert [(c.kind, c.model) for c in update.changes] == [(NEW_MODEL, "gpt-a-mini-2026-08-01")]


def test_a_moving_name_is_compared_with_what_it_means_on_the_day(folder: Path) -> None:
    source = litellm(folder, **{"gpt-latest": {"input_cost_per_token": 2e-07, "output_cost_per_token": 1.6e-06}})
    update = plan(book(folder), source, DAY)

    assert [change.model for change in update.changes] == ["gpt-a-mini"]


def test_a_provider_without_a_file_here_is_not_ours_to_price(folder: Path) -> None:
    source = litellm(folder, x={"litellm_provider": "novita", "input_cost_per_token": 1e-06})

    assert plan(book(folder), source, DAY).compared == 0


def test_only_what_is_asked_for_is_compared(folder: Path) -> None:
    fields = {"input_cost_per_token": 1e-06, "output_cost_per_token": 4e-06}
    source = litellm(folder, **{"gpt-b": fields, "gpt-c": fields})
    update = plan(book(folder), source, DAY, only=["openai/gpt-c*"])

    assert [change.model for change in update.changes] == ["gpt-c"]


def test_a_reseller_is_not_given_lines_of_its_own(folder: Path) -> None:
    (folder / "azure.toml").write_text(
        'schema = 1\nprovider = "azure"\n[[model]]\nid = "gpt-a-mini"\nlike = "openai/gpt-a-mini"\n', encoding="utf-8"
    )
    fields = {"litellm_provider": "azure", "input_cost_per_token": 2e-07, "output_cost_per_token": 2e-06}
    update = plan(book(folder), litellm(folder, **{"azure/gpt-a-mini": fields}), DAY)

    assert update.changes == ()
    assert [finding.code for finding in update.findings] == ["reseller"]


def test_the_openrouter_list_is_read_for_makers_that_serve_their_own_models(folder: Path) -> None:
    prices = {"prompt": "0.0000002", "completion": "0.000002", "input_cache_read": "0.000000025"}
    models = [
        {"id": "openai/gpt-a-mini", "pricing": prices, "context_length": 1000},
        {"id": "openai/gpt-a-mini:free", "pricing": {"prompt": "0", "completion": "0"}},
        {"id": "openai/gpt-oss-20b", "pricing": prices},
        {"id": "meta/llama", "pricing": prices},
        {"id": "openai/broken", "pricing": None},
    ]
    path = folder.parent / "models.json"
    path.write_text(json.dumps({"data": models}), encoding="utf-8")
    update = plan(book(folder), str(path), DAY)

    figures = {"input": 0.2, "cache_read": 0.025, "output": 2.0}
    assert summary(update) == [(NEW_PRICE, "gpt-a-mini", "standard", "2026-11-22", figures)]


@contextmanager
def served(content: bytes) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path.startswith("/list") else 404)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_an_address_is_read_like_a_file(folder: Path) -> None:
    listed = {"gpt-b": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1e-06}}
    with served(json.dumps(listed).encode()) as address:
        update = plan(book(folder), f"{address}/list.json?key=1", DAY)
        with pytest.raises(DeliveryError):
            plan(book(folder), f"{address}/elsewhere", DAY)

    assert [change.model for change in update.changes] == ["gpt-b"]


@pytest.mark.parametrize(
    ("name", "content"),
    [("x.json", b"{"), ("x.json", b'{"a": 1}'), ("x.toml", b"= nothing"), ("x.txt", b"\xff\xfe\x00"), ("x.json", b"")],
)
def test_what_is_no_price_list_is_one_clear_error(folder: Path, name: str, content: bytes) -> None:
    path = folder.parent / name
    path.write_bytes(content)

    with pytest.raises(PricingError):
        plan(book(folder), str(path), DAY)


def test_a_missing_file_names_what_can_be_named(folder: Path) -> None:
    with pytest.raises(PricingError) as caught:
        plan(book(folder), "nowhere.toml", DAY)

    assert "genai-prices" in caught.value.hint


def test_a_library_that_is_not_installed_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices.data", None)

    with pytest.raises(PricingError, match="genai-prices is not installed"):
        plan(book(folder), "genai-prices", DAY)


def test_lines_are_added_and_every_other_byte_stays(folder: Path) -> None:
    fields = {"input_cost_per_token": 2e-07, "output_cost_per_token": 1.6e-06}
    update = plan(book(folder), litellm(folder, **{"gpt-a-mini": fields}), DAY)
    write(edited(update, book(folder), folder))
    text = (folder / "openai.toml").read_text(encoding="utf-8")
    added = (
        '  { from = 2026-11-22, service_tier = "standard", input = 0.20, cache_read = 0.025, output = 1.60, '
        "checked = 2026-11-22 },\n"
    )

    assert text == OURS.replace("   # launch\n", "   # launch\n" + added)


def test_lines_go_into_a_list_written_on_one_line() -> None:
    """The last item has no comma, and the note below holds brackets."""
    line = {"from": date(2026, 12, 1), "service_tier": "standard", "input": Decimal("2.00"), "output": Decimal("8.00")}
    text = with_lines(OURS, "gpt-a", [line])

    assert "output = 15 },\n  { from = 2026-12-01" in text
    assert text.replace('\n  { from = 2026-12-01, service_tier = "standard", input = 2.00, output = 8.00 },\n', "") == (
        OURS.replace("output = 15 }]", "output = 15 },]")
    )


def test_windows_line_ends_stay(folder: Path) -> None:
    path = folder / "openai.toml"
    path.write_bytes(OURS.replace("\n", "\r\n").encode())
    fields = {"input_cost_per_token": 2e-07, "output_cost_per_token": 1.6e-06}
    update = plan(book(folder), litellm(folder, **{"gpt-a-mini": fields, "gpt-b": fields}), DAY)
    write(edited(update, book(folder), folder))
    content = path.read_bytes()

    assert content.count(b"\n") == content.count(b"\r\n") > OURS.count("\n")
    assert content.replace(b"\r\n", b"\n").startswith(OURS[:100].encode())


def test_old_requests_cost_the_same_after_an_update_and_new_ones_the_new_price(folder: Path) -> None:
    request = {"model": "gpt-a-mini", "input_tokens": 1_000_000}
    yesterday = {**request, "charge_period_start": datetime(2026, 11, 21, 23, 59, tzinfo=UTC)}
    today = {**request, "charge_period_start": datetime(2026, 11, 22, tzinfo=UTC)}
    fields = {"input_cost_per_token": 2e-07, "output_cost_per_token": 1.6e-06}
    write(edited(plan(book(folder), litellm(folder, **{"gpt-a-mini": fields}), DAY), book(folder), folder))

    assert costs(book(folder), yesterday, today) == [Decimal("0.25"), Decimal("0.20")]


def test_doing_it_twice_adds_nothing_the_second_time(folder: Path) -> None:
    fields = {"input_cost_per_token": 2e-07, "output_cost_per_token": 1.6e-06}
    source = litellm(folder, **{"gpt-a-mini": fields, "gpt-b": fields})
    write(edited(plan(book(folder), source, DAY), book(folder), folder))

    assert plan(book(folder), source, DAY).changes == ()


def test_a_folder_of_ones_own_gets_a_copy_of_the_model_with_the_new_line(folder: Path, tmp_path: Path) -> None:
    """The folder lies over another one and does not hold the model itself."""
    own = tmp_path / "own"
    own.mkdir()
    over = catalog.load([own], base=folder)
    fields = {"input_cost_per_token": 2e-07, "output_cost_per_token": 1.6e-06}
    write(edited(plan(over, litellm(folder, **{"gpt-a-mini": fields}), DAY), over, own))
    model = catalog.load([own], base=folder).find("openai", "gpt-a-mini")

    assert (folder / "openai.toml").read_text(encoding="utf-8") == OURS
    assert model is not None
    assert [f"{line.start:%Y-%m-%d}" for line in model.rates] == ["2026-01-01", "2026-11-22"]


def test_nothing_is_written_without_writing(folder: Path) -> None:
    fields = {"input_cost_per_token": 2e-07, "output_cost_per_token": 1.6e-06}
    update = plan(book(folder), litellm(folder, **{"gpt-a-mini": fields}), DAY)
    edited(update, book(folder), folder)

    assert (folder / "openai.toml").read_text(encoding="utf-8") == OURS


def test_a_model_without_rates_of_its_own_is_an_error_and_not_a_guess() -> None:
    text = 'schema = 1\nprovider = "x"\n[[model]]\nid = "m"\nlike = "openai/m"\n'

    with pytest.raises(PricingError, match="no `rates"):
        with_lines(text, "m", [{"from": DAY, "input": Decimal(1)}])
    with pytest.raises(PricingError, match="was not found"):
        with_lines(text, "n", [{"from": DAY, "input": Decimal(1)}])


@settings(max_examples=25, deadline=None)
@given(
    note=st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=30),
    comment=st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=20),
    comma=st.sampled_from([",", ""]),
    break_=st.sampled_from(["\n", " "]),
)
def test_whatever_stands_around_it_a_line_is_added_where_it_belongs_or_not_at_all(
    note: str, comment: str, comma: str, break_: str
) -> None:
    """``with_lines`` and ``with_models`` parse what they wrote and compare it with the document they expect."""
    remark = f" # {comment}\n" if break_ == "\n" else " "
    text = with_models("schema = 1\n", [{"id": "first", "note": note, "rates": [{"from": DAY, "input": Decimal(1)}]}])
    text += f'\n[[model]]\nid = "m"\nrates = [{break_}{{ from = 2026-01-01, input = 1 }}{comma}{remark}]\nnote = "]"\n'
    line = {"from": DAY, "service_tier": "batch", "input": Decimal("0.5"), "note": note or "x"}

    added = with_lines(text, "m", [line])

    assert len(added) > len(text)
    assert added.startswith(text[: text.index('id = "m"')])
