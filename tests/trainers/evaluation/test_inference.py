"""Outputs of frozen modules."""

import torch
from torch import nn

from trainers.datasets.labelled import InMemoryImages
from trainers.distributed import ALONE
from trainers.evaluation.inference import LARGEST_BATCH, frozen, outputs_of


def normalising_network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten())


def test_batches_give_what_one_pass_gives() -> None:
    network, images = normalising_network(), torch.rand(LARGEST_BATCH + 3, 1, 4, 4)
    labelled = InMemoryImages(images, torch.zeros(len(images), dtype=torch.int64))
    outputs = outputs_of(frozen(network), labelled, ALONE)
    assert not outputs.requires_grad
    with torch.no_grad():
        torch.testing.assert_close(outputs, network.eval()(images))


def test_running_statistics_and_mode_are_left_alone() -> None:
    network = normalising_network()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    frozen(network)(torch.rand(8, 1, 4, 4))
    assert network.training
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
