"""Digital corruptions against PIL and plain arithmetic."""

import io
from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from trainers.evaluation.corruptions.digital import contrast, jpeg_compression, pixelate

Make = Callable[[int, int, int], Tensor]


def test_contrast_shrinks_the_distance_from_each_channels_mean(make_images: Make) -> None:
    images = make_images(2, 3, 8)
    for image, result in zip(images, contrast(images, 0.25), strict=True):
        for channel, lower in zip(image, result, strict=True):
            torch.testing.assert_close(lower, (channel - channel.mean()) * 0.25 + channel.mean())


@pytest.mark.parametrize("share", [0.25, 0.65, 0.95])
def test_pixelate_resizes_as_pil_does(make_images: Make, share: float) -> None:
    image = make_images(1, 1, 32)
    picture = Image.fromarray(image[0, 0].numpy())
    fewer = int(32 * share)
    picture = picture.resize((fewer, fewer), Image.Resampling.BOX).resize((32, 32), Image.Resampling.BOX)
    np.testing.assert_allclose(pixelate(image, share)[0, 0], np.asarray(picture), atol=1e-6)


@pytest.mark.parametrize(("channels", "side"), [(1, 8), (3, 32)])
def test_jpeg_reads_what_pil_reads(make_images: Make, channels: int, side: int) -> None:
    images = make_images(2, channels, side)
    for image, result in zip(images, jpeg_compression(images, 40), strict=True):
        file = io.BytesIO()
        pixels = (255 * image).round().byte().permute(1, 2, 0).numpy()
        Image.fromarray(pixels.squeeze()).save(file, "JPEG", quality=40)
        expected = np.asarray(Image.open(file)).reshape(side, side, channels)
        np.testing.assert_allclose(255 * result.permute(1, 2, 0), expected, atol=1e-4)
