"""How much of a device a training uses: what tells a slow trial from one that waits."""

import time

import torch

from trainers.clock import Clock


class DeviceUse:
    """Measures from its creation on, in the clock's seconds."""

    def __init__(self, device: torch.device, clock: Clock) -> None:
        self._device = device
        self._clock = clock
        self._start_seconds = clock.seconds
        self._start_cpu_seconds = time.process_time()
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)

    def metrics(self) -> dict[str, float]:
        """On a CPU `cpu_use`: the share of its threads' time that was computed; on a GPU its `gpu_peak_bytes`."""
        if self._device.type == "cuda":
            return {"gpu_peak_bytes": float(torch.cuda.max_memory_allocated(self._device))}
        seconds = (self._clock.seconds - self._start_seconds) * torch.get_num_threads()
        return {"cpu_use": (time.process_time() - self._start_cpu_seconds) / seconds}
