"""ResNet: published parameter counts, torchvision's own arithmetic, and the stem of each image size."""

import subprocess
import sys

import pytest
import torch
from torch import nn
from torchvision.models import resnet50

from trainers.models.resnet import ResNet, ResNetName

PUBLISHED: dict[ResNetName, int] = {
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "resnet101": 44_549_160,
    "resnet200": 64_673_832,
}
"""Parameters with a head of 1000 classes: torchvision's documentation; timm's for resnet200."""


def shapes(name: ResNetName, channels: int, image_size: int) -> dict[str, torch.Size]:
    """Of every parameter, without making one."""
    with torch.device("meta"):
        return {key: weight.shape for key, weight in ResNet(name, channels, image_size).named_parameters()}


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_are_as_many_as_published(name: ResNetName) -> None:
    features = 512 if name in ("resnet18", "resnet34") else 2048
    assert sum(shape.numel() for shape in shapes(name, 3, 224).values()) + 1000 * features + 1000 == PUBLISHED[name]


@pytest.mark.parametrize("name", PUBLISHED)
def test_small_stem_and_grey_images_change_the_first_kernel_alone(name: ResNetName) -> None:
    large, small = shapes(name, 3, 224), shapes(name, 1, 28)
    assert large | {"layers.conv1.weight": (64, 1, 3, 3)} == small
    assert large["layers.conv1.weight"] == (64, 3, 7, 7)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("image_size", [8, 28, 32, 224])
def test_features_are_as_wide_as_announced(image_size: int, channels: int) -> None:
    encoder = ResNet("resnet18", channels, image_size)
    assert encoder.feature_dim == 512
    assert encoder(torch.rand(2, channels, image_size, image_size)).shape == (2, 512)


def test_bottleneck_encoders_have_2048_features() -> None:
    encoder = ResNet("resnet50", channels=1, image_size=8)
    assert encoder(torch.rand(2, 1, 8, 8)).shape == (2, encoder.feature_dim) == (2, 2048)


@pytest.mark.parametrize(("image_size", "first_map", "last_map"), [(63, 63, 8), (64, 16, 2), (32, 32, 4), (224, 56, 7)])
def test_images_under_64_pixels_keep_their_resolution(image_size: int, first_map: int, last_map: int) -> None:
    encoder = ResNet("resnet18", channels=3, image_size=image_size)
    sides = {}
    for stage in ("layer1", "layer4"):
        module = getattr(encoder.layers, stage)
        module.register_forward_hook(lambda _, __, maps, stage=stage: sides.update({stage: maps.shape[-1]}))
    encoder(torch.rand(1, 3, image_size, image_size))
    assert sides == {"layer1": first_map, "layer4": last_map}


def test_large_images_see_torchvisions_resnet50() -> None:
    encoder, theirs = ResNet("resnet50", channels=3, image_size=64), resnet50()
    weights = theirs.state_dict()
    theirs.fc = nn.Identity()
    encoder.layers.load_state_dict({name: weight for name, weight in weights.items() if not name.startswith("fc.")})
    images = torch.rand(2, 3, 64, 64, dtype=torch.float64)
    torch.testing.assert_close(encoder.double()(images), theirs.double()(images))


def test_every_block_starts_as_the_identity() -> None:
    blocks = ResNet("resnet50", channels=3, image_size=32).layers.layer2
    maps = torch.rand(2, 512, 4, 4)
    assert torch.equal(blocks[1](maps), maps)


def test_every_parameter_but_the_gated_ones_gets_a_gradient() -> None:
    encoder = ResNet("resnet18", channels=1, image_size=8)
    for module in encoder.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)
    encoder(torch.rand(4, 1, 8, 8)).square().sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in encoder.parameters())


def test_the_same_seed_gives_the_same_weights() -> None:
    torch.manual_seed(3)
    one = ResNet("resnet18", 1, 8).state_dict()
    torch.manual_seed(3)
    assert all(torch.equal(value, one[name]) for name, value in ResNet("resnet18", 1, 8).state_dict().items())


def test_images_under_eight_pixels_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 8, got image_size=7"):
        ResNet("resnet18", channels=1, image_size=7)


def test_torchvision_is_not_imported_before_a_resnet_is_made() -> None:
    program = "import sys, trainers.models.encoders; sys.exit('torchvision' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
