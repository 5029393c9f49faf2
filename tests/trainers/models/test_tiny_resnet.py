"""TinyResNet: shapes, the blocks' arithmetic, and that every weight is trained."""

import pytest
import torch
from torch.nn.functional import batch_norm, conv2d, relu

from trainers.models.tiny_resnet import TinyResNet


@pytest.mark.parametrize("side", [8, 15, 32])
@pytest.mark.parametrize(("channels", "width"), [(1, 16), (3, 8)])
def test_features_are_as_wide_as_announced(channels: int, width: int, side: int) -> None:
    encoder = TinyResNet(channels, width)
    features = encoder(torch.rand(5, channels, side, side))
    assert features.shape == (5, encoder.feature_dim)
    assert encoder.feature_dim == 4 * width


def test_forward_equals_the_layers_written_out() -> None:
    torch.manual_seed(0)
    encoder = TinyResNet(channels=2, width=4)
    images = torch.rand(6, 2, 9, 9)
    weights = dict(encoder.named_parameters())

    def convolve(maps: torch.Tensor, name: str, stride: int = 1) -> torch.Tensor:
        kernel = weights[f"{name}.weight"]
        return conv2d(maps, kernel, stride=stride, padding=kernel.shape[-1] // 2)

    def norm(maps: torch.Tensor, name: str) -> torch.Tensor:
        return batch_norm(maps, None, None, weights[f"{name}.weight"], weights[f"{name}.bias"], training=True)

    maps = relu(norm(convolve(images, "stem.0"), "stem.1"))
    for block, stride in enumerate((1, 2, 2)):
        at = f"blocks.{block}"
        hidden = relu(norm(convolve(maps, f"{at}.residual.0", stride), f"{at}.residual.1"))
        residual = norm(convolve(hidden, f"{at}.residual.3"), f"{at}.residual.4")
        kept = norm(convolve(maps, f"{at}.shortcut.0", stride), f"{at}.shortcut.1") if stride > 1 else maps
        maps = relu(residual + kept)
    torch.testing.assert_close(encoder(images), maps.mean(dim=(2, 3)), rtol=1e-4, atol=1e-5)


def test_every_parameter_gets_a_gradient() -> None:
    encoder = TinyResNet(channels=1)
    encoder(torch.rand(4, 1, 8, 8)).square().sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in encoder.parameters())


def test_an_image_is_evaluated_apart_from_its_batch() -> None:
    encoder = TinyResNet(channels=1).eval()
    images = torch.rand(4, 1, 8, 8)
    torch.testing.assert_close(encoder(images)[:1], encoder(images[:1]))


def test_the_same_seed_gives_the_same_weights() -> None:
    torch.manual_seed(3)
    one = TinyResNet(channels=1).state_dict()
    torch.manual_seed(3)
    assert all(torch.equal(value, one[name]) for name, value in TinyResNet(channels=1).state_dict().items())


def test_images_under_eight_pixels_are_refused() -> None:
    with pytest.raises(ValueError, match=r"at least 8, got \(2, 1, 8, 7\)"):
        TinyResNet(channels=1)(torch.rand(2, 1, 8, 7))
