"""Every way in which a file of the user's own folds is refused."""

from mistakes import FILE, OVERLAY, Mistake, ask, minutes

NAME = "folds.csv"
HEAD = "fold,start,end\n"
FIRST = "0,2024-01-01,2024-02-01\n"
COLUMNS = "write a line a block: fold,start,end, such as 0,2024-01-02,2024-04-01"

# what is wrong: the file's content, and the words of the answer
REFUSED = {
    "no file of folds": (
        None,
        "cannot be read (No such file or directory)",
        "folds.file names it: a csv file of the columns fold, start, end",
    ),
    "empty file of folds": ("", "is no csv file of the columns fold, start, end"),
    "spreadsheet for a file of folds": (
        b"PK\x03\x04\xff\xfe",
        "is no csv file of the columns fold, start, end",
    ),
    "file of folds with another separator": (
        "fold;start;end\n0;2024-01-01;2024-02-01\n",
        "lacks column fold",
        COLUMNS,
    ),
    "file of folds without ends": ("fold,start\n0,2024-01-01\n", "lacks column end", COLUMNS),
    "file of folds without a line": (HEAD, "lacks any row", COLUMNS),
    "line of folds with a field too many": (
        f"{HEAD}0,2024-01-01,2024-02-01,\n",
        "line 2: has more fields than the header has columns",
        "remove the last comma, or name the column",
    ),
    "later line of folds with fields too many": (
        f"{HEAD}{FIRST}1,2024-02-01,2024-03-01,a,b\n",
        "is no csv file of the columns fold, start, end",
        "Expected 3 fields in line 3, saw 5",
    ),
    "fold with a name": (
        f"{HEAD}{FIRST}spring,2024-02-01,2024-03-01\n",
        "line 3: fold='spring' is no whole number",
        "write 0, 1 and so on",
    ),
    "fold without a number": (
        f"{HEAD}{FIRST},2024-02-01,2024-03-01\n",
        "line 3: fold is missing",
        "write 0, 1 and so on",
    ),
    "folds numbered from 1": (
        f"{HEAD}1,2024-01-01,2024-02-01\n2,2024-02-01,2024-03-01\n",
        "folds are numbered 1, 2; number them 0, 1, two at least",
    ),
    "mistake in the folds after empty lines": (
        f"{HEAD}\n{FIRST},,\n1,2024-02-01,soon\n",
        "line 5: end='soon' is no time",
        "write it as 2024-01-31",
    ),
    "one fold": (HEAD + FIRST, "folds are numbered 0; number them 0, 1, two at least"),
    "block of folds on no day": (
        f"{HEAD}{FIRST}1,2024-02-01,2024-02-31\n",
        "line 3: end='2024-02-31' is no time",
        "write it as 2024-01-31",
    ),
    "block of folds with the day first": (
        f"{HEAD}{FIRST}1,01/02/2024,01/03/2024\n",
        "line 3: start='01/02/2024' is no time",
        "write it as 2024-01-31",
    ),
    "block of folds without an end": (
        f"{HEAD}{FIRST}1,2024-02-01,\n",
        "line 3: end is missing",
        "write it as 2024-01-31",
    ),
    "block of folds that ends before it starts": (
        f"{HEAD}{FIRST}1,2024-03-01,2024-02-01\n",
        "line 3: end 2024-02-01 00:00:00+00:00 is not after its start",
        "mend one",
    ),
    "blocks of folds that overlap": (
        f"{HEAD}{FIRST}1,2024-01-31,2024-03-01\n",
        "line 3: begins 2024-01-31 00:00:00+00:00, before the block of line 2 ends",
        "move one",
    ),
}

SHORT = """folds: {file: folds.csv}
features: {timeframes: [15min]}
splits: {embargo_sessions: 0, min_sessions: {train: 1, val: 1, test: 1}}
"""


def _files(content):
    return {OVERLAY: f"folds: {{file: {NAME}}}\n"} | ({} if content is None else {NAME: content})


MISTAKES = [
    Mistake(what, (f"error: {NAME}: ", *words), _files(content), ask)
    for what, (content, *words) in REFUSED.items()
]
MISTAKES.append(
    Mistake(
        "fold outside the training rows",
        (
            "error: folds.csv: fold 0 holds no row out; training rows that may be held out lie "
            "between 2024-07-",
            "move its blocks there",
        ),
        {
            FILE: minutes(n_sessions=12),
            NAME: f"{HEAD}{FIRST}1,2024-07-08,2024-08-01\n",
            OVERLAY: SHORT,
        },
    )
)
