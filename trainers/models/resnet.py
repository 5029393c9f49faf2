"""ResNet-18 … 200 (arXiv:1512.03385) from torchvision's blocks, with a stem that fits the size of the images.

Small images keep their resolution, as in the released SupCon runs on CIFAR: a 3×3 stem of stride 1 without pooling.
"""

# B images, C channels, H height, W width, F features

from typing import Literal

import torch
from torch import Tensor, nn

ResNetName = Literal["resnet18", "resnet34", "resnet50", "resnet101", "resnet200"]

SMALLEST_IMAGE = 8
"""Pixels per side; the last of the four stages then works on 1×1."""
SMALLEST_LARGE_IMAGE = 64
"""Pixels per side from which the stem of the large images is used; it leaves a sixteenth of the pixels."""

BLOCKS_PER_STAGE: dict[ResNetName, list[int]] = {
    "resnet18": [2, 2, 2, 2],
    "resnet34": [3, 4, 6, 3],
    "resnet50": [3, 4, 6, 3],
    "resnet101": [3, 4, 23, 3],
    "resnet200": [3, 24, 36, 3],  # arXiv:1603.05027, Table 5
}


class ResNet(nn.Module):
    """Convolutions of the named ResNet, for images of `channels` × `image_size` × `image_size`.

    The last normalisation of every residual branch starts at 0, so that each block starts as the identity: as in the
    authors' released code (arXiv:1706.02677, Sec. 5.1). The PyTorch reference starts it at 1.
    """

    def __init__(self, name: ResNetName, channels: int, image_size: int) -> None:
        super().__init__()
        if image_size < SMALLEST_IMAGE:
            raise ValueError(f"images must have sides of at least {SMALLEST_IMAGE}, got {image_size=}")
        from torchvision.models import resnet  # noqa: PLC0415  # two seconds, which other encoders need not wait

        is_basic = name in ("resnet18", "resnet34")
        block = resnet.BasicBlock if is_basic else resnet.Bottleneck
        self.layers = resnet.ResNet(block, BLOCKS_PER_STAGE[name], zero_init_residual=True)
        self.feature_dim: int = self.layers.fc.in_features
        self.layers.fc = nn.Identity()
        self.layers.conv1 = _stem(channels, image_size)
        if image_size < SMALLEST_LARGE_IMAGE:
            self.layers.maxpool = nn.Identity()
        # What tensor cores want; on a CPU it made no difference (measured).
        self.to(memory_format=torch.channels_last)

    def forward(self, images_BCHW: Tensor) -> Tensor:
        """Features averaged over the image, shape B × `feature_dim`, not normalised."""
        features_BF: Tensor = self.layers(images_BCHW.contiguous(memory_format=torch.channels_last))
        return features_BF


def _stem(channels: int, image_size: int) -> nn.Conv2d:
    """The first convolution, initialised as torchvision initialises the others."""
    if image_size < SMALLEST_LARGE_IMAGE:
        convolution = nn.Conv2d(channels, 64, 3, stride=1, padding=1, bias=False)
    else:
        convolution = nn.Conv2d(channels, 64, 7, stride=2, padding=3, bias=False)
    nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
    return convolution
