import subprocess
import sys

CODE = """
import sys
import numpy as np
from mlfactory.barriers import average_true_range

values = np.arange(1.0, 4.0)
average_true_range(values, values, values, np.zeros(3, dtype=bool), 2)
assert "scipy.linalg" not in sys.modules, "a kernel imports scipy.linalg"
import scipy.linalg

assert scipy.linalg.norm([3.0, 4.0]) == 5.0
"""


def test_kernels_do_without_scipy_linalg_and_leave_it_usable():
    run = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
