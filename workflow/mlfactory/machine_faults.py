"""What fails for want of memory, or because a GPU does: no mistake of the user or the program.

Libraries have no common error for either, so both are known by their words.
"""

import os
import re

_MEMORY = re.compile(
    r"bad_alloc|bad allocation|out of memory|(can't|cannot) allocate memory"
    r"|DefaultCPUAllocator|_STATUS_ALLOC_FAILED|cudaErrorMemoryAllocation",
    re.IGNORECASE,
)
_GPU = re.compile(r"CUDA (driver )?error|cudaError|CUDNN_STATUS|CUBLAS_STATUS|OpenCL")
_OF_GPU = re.compile(r"cuda|cublas|cudnn|opencl", re.IGNORECASE)
_MISTAKE = "device-side assert"
"""How CUDA words an index that the program got wrong: no fault of the machine."""

_LONGEST = 160


def in_words(error: BaseException, model: str | None = None) -> str | None:
    """What the machine lacks or which GPU of it failed, and the way out; None of another error.

    Parameters
    ----------
    model
        The model that is fitted, if one is: it can be made smaller.

    Examples
    --------
    >>> in_words(MemoryError("Unable to allocate 3. GiB")).partition(";")[0]
    'memory ran out (MemoryError: Unable to allocate 3. GiB)'
    >>> in_words(ValueError("no"))
    """
    kind, text = type(error).__name__, str(error).strip()
    words = f"{kind}: {text.partition(chr(10))[0]}"[:_LONGEST].removesuffix(": ")
    yaml = f"config/models/{model or '<model>'}.yaml"
    if isinstance(error, MemoryError) or _MEMORY.search(text):
        if _OF_GPU.search(text):
            return (
                f"the memory of {_gpu()} ran out ({words}); see with nvidia-smi who uses it, make "
                f"the model smaller, or set device: {{use_gpu: false}} in {yaml}"
            )
        smaller = f", or make the model smaller in {yaml}" if model else ""
        return (
            f"memory ran out ({words}); run fewer jobs at once by --cores{smaller}; a cluster "
            "submits it again with more, as often as retries in its profile says"
        )
    if _GPU.search(text) and _MISTAKE not in text:
        return (
            f"{_gpu()} failed ({words}); run again; if it fails once more, see nvidia-smi, or set "
            f"device: {{use_gpu: false}} in {yaml}"
        )
    return None


def _gpu() -> str:
    """The GPU that this process has, see `gpu.claimed`."""
    return f"GPU {os.environ.get('CUDA_VISIBLE_DEVICES') or '0'}"
