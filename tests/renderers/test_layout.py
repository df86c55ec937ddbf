"""Which columns a screen has room for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from finopsctl.renderers._layout import GAP, SHORTEST_NAME, Span, fit

NAME = Span(cells=40, heading=4, folded=4, shrinks=True, priority=0)
MONEY = Span(cells=10, heading=5, folded=5, shrinks=False, priority=0)
EXTRA = Span(cells=8, heading=14, folded=8, shrinks=False, priority=2)

SPANS = st.lists(
    st.builds(
        lambda cells, heading, fold, shrinks, priority: Span(cells, heading, max(1, heading - fold), shrinks, priority),
        st.integers(0, 60),
        st.integers(1, 20),
        st.integers(0, 10),
        st.booleans(),
        st.integers(0, 4),
    ),
    min_size=1,
    max_size=8,
)


def test_without_a_limit_everything_is_as_wide_as_it_likes() -> None:
    assert fit([NAME, MONEY, EXTRA], None).widths == {0: 40, 1: 10, 2: 14}


def test_headings_fold_before_names_are_cut() -> None:
    """40 + 10 + 8 and two gaps of 2 are 62; the heading of 14 finds no room."""
    assert fit([NAME, MONEY, EXTRA], 62).widths == {0: 40, 1: 10, 2: 8}


def test_names_are_cut_before_columns_are_left_out() -> None:
    """60 wide: 2 less for the name."""
    assert fit([NAME, MONEY, EXTRA], 60).widths == {0: 38, 1: 10, 2: 8}


def test_the_least_important_column_goes_when_names_cannot_shrink() -> None:
    """16 + 10 + 8 + 4 = 38 is the least with the extra column; without it 37 leaves 25 for the name."""
    layout = fit([NAME, MONEY, EXTRA], 37)

    assert layout.dropped == (2,)
    assert layout.widths == {0: 25, 1: 10}


def test_a_mere_extra_goes_before_names_are_cut_short() -> None:
    """30 + 10 + 8 + 4 = 52 is the least that leaves the name readable; at 51 the extra goes and the name has 39."""
    extra = Span(cells=8, heading=8, folded=8, shrinks=False, priority=3)

    assert fit([NAME, MONEY, extra], 52).widths == {0: 30, 1: 10, 2: 8}
    assert fit([NAME, MONEY, extra], 51).widths == {0: 39, 1: 10}


def test_a_screen_too_narrow_for_what_must_be_shown_gets_records() -> None:
    assert not fit([NAME, MONEY, EXTRA], SHORTEST_NAME + GAP + 9).widths


@given(SPANS, st.integers(1, 200))
def test_a_layout_fits_and_never_cuts_a_number(spans: list[Span], limit: int) -> None:
    layout = fit(spans, limit)

    if layout.widths:
        assert sum(layout.widths.values()) + GAP * (len(layout.widths) - 1) <= limit
        assert all(layout.widths[i] >= spans[i].cells for i in layout.widths if not spans[i].shrinks)
        assert all(layout.widths[i] >= min(spans[i].cells, SHORTEST_NAME) for i in layout.widths)
        assert sorted([*layout.widths, *layout.dropped]) == list(range(len(spans)))
        assert all(spans[i].priority for i in layout.dropped)
