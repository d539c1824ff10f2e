"""Where a Whisper model runs: the candidates in order, best first.

`ctranslate2` says what each device can compute; `nvidia-smi`, where there is one, how much memory
is free. A candidate that still does not load makes room for the next.
"""

import contextlib
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

_ROOM = 1.3
_SPARE_BYTES = 1 << 30
_BATCH = {"cuda": 16, "cpu": 2}
_TYPES = {"cuda": ("float16", "int8_float16", "int8", "float32"), "cpu": ("int8", "float32")}
_INT8_SHARE = 0.6


@dataclass(frozen=True)
class Placement:
    """`batch`: windows of 30 s at once; small on a CPU, so that a cancel is heard soon."""

    device: str
    index: int
    compute_type: str

    @property
    def batch(self) -> int:
        return _BATCH[self.device]


def placements(
    *,
    device: str,
    compute_type: str,
    model_bytes: int,
    free_bytes: Sequence[int | None],
    supported: dict[str, set[str]],
) -> list[Placement]:
    """Candidates, best first. `device` and `compute_type` may be "auto"; what is set is obeyed.

    `free_bytes`: per visible GPU, None where unknown. `supported`: compute types per device.
    """
    found: list[Placement] = []
    if device in ("auto", "cuda"):
        order = sorted(range(len(free_bytes)), key=lambda gpu: -(free_bytes[gpu] or 0))
        for kind in _wanted("cuda", compute_type, supported):
            need = model_bytes * _ROOM * (_INT8_SHARE if "int8" in kind else 1.0) + _SPARE_BYTES
            for gpu in order[:1]:
                free = free_bytes[gpu]
                if device == "cuda" or free is None or free >= need:
                    found.append(Placement("cuda", gpu, kind))
    if device in ("auto", "cpu"):
        found.extend(Placement("cpu", 0, kind) for kind in _wanted("cpu", compute_type, supported))
    return found


def _wanted(device: str, compute_type: str, supported: dict[str, set[str]]) -> list[str]:
    if compute_type not in ("auto", "default"):
        return [compute_type]
    return [kind for kind in _TYPES[device] if kind in supported.get(device, set())]


def supported_types() -> dict[str, set[str]]:
    """Compute types per device as `ctranslate2` sees them; absent devices have no key."""
    import ctranslate2

    found = {"cpu": set(ctranslate2.get_supported_compute_types("cpu"))}
    if ctranslate2.get_cuda_device_count():
        found["cuda"] = set(ctranslate2.get_supported_compute_types("cuda"))
    return found


def free_gpu_bytes() -> list[int | None]:
    """Free memory per GPU that this process sees; None where nvidia-smi can't be matched to it.

    nvidia-smi ignores CUDA_VISIBLE_DEVICES: with another number of GPUs its order means nothing.
    """
    import ctranslate2

    count = ctranslate2.get_cuda_device_count()
    if not count:
        return []
    free: list[int | None] = []
    with contextlib.suppress(OSError, subprocess.SubprocessError, ValueError):
        asked = subprocess.run(
            ["nvidia-smi", "--query-gpu=memory.free", "--format=csv,noheader,nounits"],
            capture_output=True,
            timeout=10,
            check=True,
            text=True,
        )
        free = [int(line) << 20 for line in asked.stdout.split()]
    return free if len(free) == count else [None] * count
