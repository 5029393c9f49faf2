"""Encoders by name: from images to features, one row of `feature_dim` numbers per image."""

from typing import Literal

from trainers.models.resnet import ResNet, ResNetName
from trainers.models.tiny_resnet import TinyResNet

EncoderName = Literal["tiny_resnet"] | ResNetName
Encoder = TinyResNet | ResNet


def make_encoder(name: EncoderName, image_size: int, channels: int) -> Encoder:
    """An encoder of images_BCHW of `channels` × `image_size` × `image_size`, made from torch's global randomness.

    Raises ValueError for sides of less than 8 pixels.
    """
    if name == "tiny_resnet":
        return TinyResNet(channels)
    return ResNet(name, channels, image_size)
