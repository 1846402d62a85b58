"""On one core, fits a model and loads a saved one; prints what both predict, in hexadecimal."""

import os
import sys
from pathlib import Path

# Before any library counts the cores; not where doctests are looked for, in the tests' own process.
if __name__ == "__main__" and hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
sys.path.insert(0, str(Path(__file__).parents[1]))

from naive_models import make, market, part

if __name__ == "__main__":
    name, folder = sys.argv[1:]
    data = market(name)
    model = make(name)
    model.fit(*part(data, 0, 600), *part(data, 600, 700))
    print(model.predict(data.X).tobytes().hex())
    print(type(model).load(Path(folder)).predict(data.X).tobytes().hex())
