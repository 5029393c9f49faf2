"""Encoders by name."""

from typing import get_args

import pytest
import torch

from trainers.models.encoders import make_encoder
from trainers.models.resnet import ResNet, ResNetName
from trainers.models.tiny_resnet import TinyResNet


def test_tiny_resnet_is_made_for_the_channels() -> None:
    encoder = make_encoder("tiny_resnet", image_size=8, channels=3)
    assert isinstance(encoder, TinyResNet)
    assert encoder(torch.rand(2, 3, 8, 8)).shape == (2, encoder.feature_dim)


@pytest.mark.parametrize("name", get_args(ResNetName)[:3])
def test_resnets_are_made_for_size_and_channels(name: ResNetName) -> None:
    encoder = make_encoder(name, image_size=9, channels=1)
    assert isinstance(encoder, ResNet)
    assert encoder(torch.rand(2, 1, 9, 9)).shape == (2, encoder.feature_dim)
