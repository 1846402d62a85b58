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
    "thin_lead": "before trading was dense; at least the first session, the evidence",
    "outliers_dropped": "far from the trailing median",
    "roll_mixed": "of the old contract in the bar of a roll",
    "incomplete_last_bar": "of a last bar that the file does not reach the end of",
    "bar_without_volume": "of a bar in which nothing traded",
    "out_of_order": "earlier than the row before; sorted",
    "outliers": "far from the trailing median; kept, cleaning.outliers: drop removes them",
    "off_tick": "a price that is no multiple of the contract's tick_size, as averages are",
    "fractional_volume": "a volume that is no whole number",
    "zero_volume_moving": "prices move, volume is 0",
}
"""Every kind of row that the account of the bars counts, removed or noted."""


def in_words(counts: Mapping[str, int]) -> str:
    """The kinds that occur, how often, and what each means."""
    return "; ".join(f"{kind} {n} ({MEANING[kind]})" for kind, n in counts.items() if n)
