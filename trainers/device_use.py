"""How much of a device and of its machine a training uses: what tells a slow trial from one that waits.

What is said of the machine has the names under which MLflow shows system metrics.
"""

import logging
import time
from collections.abc import Callable

import psutil
import torch

from trainers.clock import Clock

log = logging.getLogger(__name__)

MEGABYTE = 1e6
"""As MLflow counts them."""


class DeviceUse:
    """Measures from its creation on, in the clock's seconds."""

    def __init__(self, device: torch.device, clock: Clock) -> None:
        self._device = device
        self._clock = clock
        self._start_seconds = clock.seconds
        self._start_cpu_seconds = time.process_time()
        psutil.cpu_percent()  # what is asked for next is over the time from here
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)

    def metrics(self) -> dict[str, float]:
        """On a CPU `cpu_use`: the share of its threads' time that was computed; on a GPU its `gpu_peak_bytes`.

        And `system/…`: CPUs over the whole time, memory and GPU as they are now, for the whole machine and whole GPU.
        """
        return self._own_use() | _machine_use() | (_gpu_use(self._device) if self._device.type == "cuda" else {})

    def _own_use(self) -> dict[str, float]:
        if self._device.type == "cuda":
            return {"gpu_peak_bytes": float(torch.cuda.max_memory_allocated(self._device))}
        seconds = (self._clock.seconds - self._start_seconds) * torch.get_num_threads()
        return {"cpu_use": (time.process_time() - self._start_cpu_seconds) / seconds}


def _machine_use() -> dict[str, float]:
    memory = psutil.virtual_memory()
    return {
        "system/cpu_utilization_percentage": psutil.cpu_percent(),
        "system/system_memory_usage_megabytes": memory.used / MEGABYTE,
        "system/system_memory_usage_percentage": memory.percent,
    }


def _gpu_use(device: torch.device) -> dict[str, float]:
    """What the driver tells of the whole GPU, other processes included; a part that it does not tell is left out."""
    name = f"system/gpu_{device.index or 0}"
    free_bytes, total_bytes = torch.cuda.mem_get_info(device)
    used_bytes = total_bytes - free_bytes
    use = {
        f"{name}_memory_usage_megabytes": used_bytes / MEGABYTE,
        f"{name}_memory_usage_percentage": 100 * used_bytes / total_bytes,
    }
    asked: dict[str, Callable[[], float]] = {
        "utilization_percentage": lambda: torch.cuda.utilization(device),
        "power_usage_watts": lambda: torch.cuda.power_draw(device) / 1000,
    }
    for what, ask in asked.items():
        try:
            use[f"{name}_{what}"] = float(ask())
        except Exception as error:  # the driver's library has errors of its own, and a trial goes on without it
            log.debug("not told by the driver: %s of %s: %r", what, device, error)
    return use
