"""The names of the feature families in the order of the table; each is a file of this folder.

They stand apart so that the configuration can be checked without the families' libraries.
"""

FAMILIES = (
    "price",
    "moving_average",
    "momentum",
    "volatility",
    "volume",
    "trend",
    "temporal",
    "regime",
    "microstructure",
    "wavelet",
    "timeframe",
)
