"""The tests. One thread each for NumPy and PyTorch, here and in the processes that tests start, and before either is loaded.

What a test computes is done before a second thread has woken up, and threads that wait take the time of the tests beside them.
"""

import os

for library in ("OPENBLAS", "OMP", "MKL", "VECLIB_MAXIMUM"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")
