"""How busy the device and its machine were."""

import psutil
import pytest
import torch

from trainers import device_use
from trainers.clock import Clock
from trainers.device_use import DeviceUse

MACHINE = {
    "system/cpu_utilization_percentage",
    "system/system_memory_usage_megabytes",
    "system/system_memory_usage_percentage",
}
GPU = {
    "system/gpu_0_memory_usage_megabytes",
    "system/gpu_0_memory_usage_percentage",
    "system/gpu_0_utilization_percentage",
    "system/gpu_0_power_usage_watts",
}


def test_a_cpu_tells_its_own_use_and_that_of_the_machine() -> None:
    use = DeviceUse(torch.device("cpu"), Clock(1.0, None))
    torch.rand(300, 300) @ torch.rand(300, 300)
    metrics = use.metrics()
    assert set(metrics) == {"cpu_use", *MACHINE}
    assert metrics["cpu_use"] > 0
    assert 0 <= metrics["system/cpu_utilization_percentage"] <= 100
    total_megabytes = psutil.virtual_memory().total / 1e6
    assert 0 < metrics["system/system_memory_usage_megabytes"] < total_megabytes


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """CUDA's answers without a GPU."""
    answers = {
        "reset_peak_memory_stats": lambda device: None,
        "max_memory_allocated": lambda device: 7,
        "mem_get_info": lambda device: (25_000_000, 100_000_000),
        "utilization": lambda device: 93,
        "power_draw": lambda device: 250_000,
    }
    for name, answer in answers.items():
        monkeypatch.setattr(device_use.torch.cuda, name, answer)
    return monkeypatch


def test_a_gpu_tells_memory_utilization_and_power(gpu: pytest.MonkeyPatch) -> None:
    metrics = DeviceUse(torch.device("cuda"), Clock(1.0, None)).metrics()
    assert set(metrics) == {"gpu_peak_bytes", *MACHINE, *GPU}
    assert metrics["system/gpu_0_memory_usage_megabytes"] == 75.0
    assert metrics["system/gpu_0_memory_usage_percentage"] == 75.0
    assert metrics["system/gpu_0_utilization_percentage"] == 93.0
    assert metrics["system/gpu_0_power_usage_watts"] == 250.0


def test_what_the_driver_does_not_tell_is_left_out(gpu: pytest.MonkeyPatch) -> None:
    def refuse(device: torch.device) -> int:
        raise RuntimeError("Not Supported")

    gpu.setattr(device_use.torch.cuda, "utilization", refuse)
    metrics = DeviceUse(torch.device("cuda:1"), Clock(1.0, None)).metrics()
    assert "system/gpu_1_utilization_percentage" not in metrics
    assert metrics["system/gpu_1_power_usage_watts"] == 250.0


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_real_gpu_tells_all_of_it() -> None:
    use = DeviceUse(torch.device("cuda"), Clock(1.0, None))
    metrics = use.metrics()
    assert set(metrics) == {"gpu_peak_bytes", *MACHINE, *GPU}
