"""What is found of raw rows, kind by kind, in words."""

from collections.abc import Mapping

MEANING = {
    "duplicates": "said twice alike",
    "no_time": "without a time",
    "conflicting": "another row of the same time says otherwise; the first is kept",
    "not_finite": "a price or volume missing or infinite",
    "price_not_positive": "a price of 0 or less",
    "volume_negative": "a volume below 0",
    "high_below_low": "a high below the low",
    "open_or_close_outside": "open or close outside of high and low",
    "outside_calendar": "outside of the contract's sessions",
    "off_grid": "not a whole number of rows after the session's open",
    "vendor_filled": "flat and without volume: nothing traded",
    "thin_lead": "of the file's first session, whose beginning it may not hold, or of all up to "
    "the first one that traded densely: bars begin after it",
    "outliers_dropped": "far from the trailing median",
    "roll_mixed": "of the old contract in the bar of a roll",
    "incomplete_last_bar": "of a last bar that the file does not reach the end of",
    "bar_without_volume": "of a bar in which nothing traded",
    "out_of_order": "earlier than the row before; sorted",
    "outliers": "far from the trailing median; kept, cleaning.outliers: drop removes them",
    "off_tick": "a price that is no multiple of the contract's tick_size: sub-penny trades, "
    "adjusted prices or averages; kept",
    "fractional_volume": "a volume that is no whole number",
    "zero_volume_moving": "prices move, volume is 0",
}
"""Every kind of row that the account of the bars counts, removed or noted."""


def in_words(counts: Mapping[str, int], of: int | None = None) -> str:
    """The kinds that occur, how often, as which share of ``of`` rows, and what each means."""
    return "; ".join(
        f"{kind} {n}{f', {share_in_words(n, of)}' if of else ''} ({MEANING[kind]})"
        for kind, n in counts.items()
        if n
    )


def share_in_words(n: int, of: int) -> str:
    """A share in percent; one that is small says so and is not 0.

    >>> [share_in_words(n, 10_000) for n in (2_345, 21, 1, 0)]
    ['23%', '0.2%', 'under 0.1%', '0%']
    """
    share = n / of
    if 0 < share < 0.001:
        return "under 0.1%"
    return f"{share:.1%}" if 0 < share < 0.1 else f"{share:.0%}"
