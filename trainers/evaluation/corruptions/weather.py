"""Corruptions that lie between the camera and what it sees."""

# N images, C channels (1 or 3), H height, W width (= H)

import torch
from torch import Tensor

from trainers.evaluation.corruptions.blur import streak
from trainers.evaluation.corruptions.plasma import plasma
from trainers.evaluation.corruptions.separable import apply_to_both_sides, zoom_matrix

LUMINANCE = (0.299, 0.587, 0.114)
"""Shares of red, green and blue in grey (ITU-R BT.601)."""
STEEPEST_FALL, FLATTEST_FALL = -135.0, -45.0
"""Degrees between which snow falls."""

FROST_LEVELS = (0.5, 0.82)
"""Range of the brightness of frosted glass: that of the photographs behind the published corruption."""
FROST_TINT = (0.88, 1.0, 1.06)
"""Red, green and blue of their frost, relative to its brightness."""
NEEDLES, CLOUDS = 0.06, 0.07
"""Deviation of the brightness from crystal to crystal, and over the pane; about theirs."""
NEEDLES_PER_SIDE = 10
CLOUD_DECAY = 1.5


def snow(
    images_NCHW: Tensor,
    mean: float,
    deviation: float,
    flake: float,
    threshold: float,
    radius: float,
    sigma: float,
    clearness: float,
    *,
    generator: torch.Generator,
) -> Tensor:
    """Whitens the image by 1 − `clearness` and lets flakes of `flake` pixels (at least one) fall, streaked.

    A flake is where normal noise of that mean and deviation passes the threshold.
    """
    count, _, side, _ = images_NCHW.shape
    noise_N1HW = mean + deviation * torch.randn(count, 1, side, side, generator=generator)
    flakes_N1HW = apply_to_both_sides(noise_N1HW, zoom_matrix(side, max(1.0, flake)))
    flakes_N1HW = torch.where(flakes_N1HW < threshold, 0.0, flakes_N1HW).clamp(max=1)
    degrees_N = STEEPEST_FALL + (FLATTEST_FALL - STEEPEST_FALL) * torch.rand(count, generator=generator)
    fallen_N1HW = streak(flakes_N1HW, radius, sigma, degrees_N).to(images_NCHW.device)
    white_NCHW = torch.maximum(images_NCHW, 1.5 * _grey(images_NCHW) + 0.5)
    return torch.lerp(white_NCHW, images_NCHW, clearness) + fallen_N1HW + fallen_N1HW.rot90(2, dims=(2, 3))


def _grey(images_NCHW: Tensor) -> Tensor:
    """N × 1 × H × W."""
    if images_NCHW.shape[1] == 1:
        return images_NCHW
    return (images_NCHW * images_NCHW.new_tensor(LUMINANCE)[:, None, None]).sum(dim=1, keepdim=True)


def frost(images_NCHW: Tensor, clearness: float, thickness: float, *, generator: torch.Generator) -> Tensor:
    """Mixes the image, times `clearness`, with frosted glass, times `thickness`.

    The published corruption lays photographs over the image; here the glass is drawn, in their brightness and tint.
    """
    count, channels, side, _ = images_NCHW.shape
    low, high = FROST_LEVELS
    levels_N11 = low + (high - low) * torch.rand(count, 1, 1, generator=generator)
    clouds_NHW = CLOUDS * _standardised(plasma(count, side, CLOUD_DECAY, generator))
    needles_NHW = NEEDLES * _standardised(_needles(count, side, generator))
    glass_N1HW = (levels_N11 + clouds_NHW + needles_NHW)[:, None].to(images_NCHW.device)
    tint_C11 = images_NCHW.new_tensor(FROST_TINT if channels == 3 else (1.0,))[:, None, None]
    return clearness * images_NCHW + thickness * (glass_N1HW * tint_C11).clamp(0, 1)


def _needles(count: int, side: int, generator: torch.Generator) -> Tensor:
    """Bright lines in random directions, `count` × side × side: cubed noise, which is sparse, dragged both ways."""
    length = max(1.0, side / NEEDLES_PER_SIDE)
    needles_N1HW = torch.zeros(count, 1, side, side)
    for _ in range(3):
        points_N1HW = torch.randn(count, 1, side, side, generator=generator) ** 3
        degrees_N = 360 * torch.rand(count, generator=generator)
        needles_N1HW += streak(points_N1HW, length, length / 2, degrees_N)
    return needles_N1HW[:, 0]


def _standardised(maps_NHW: Tensor) -> Tensor:
    centred_NHW = maps_NHW - maps_NHW.mean(dim=(1, 2), keepdim=True)
    return centred_NHW / centred_NHW.std(dim=(1, 2), keepdim=True)


def fog(images_NCHW: Tensor, thickness: float, decay: float, *, generator: torch.Generator) -> Tensor:
    """Adds a cloudy pattern, from 0 to `thickness`, and darkens the sum to the image's own brightest value."""
    count, _, side, _ = images_NCHW.shape
    brightest_N111 = images_NCHW.amax(dim=(1, 2, 3), keepdim=True)
    haze_N1HW = thickness * plasma(count, side, decay, generator)[:, None].to(images_NCHW.device)
    return (images_NCHW + haze_N1HW) * brightest_N111 / (brightest_N111 + thickness)


def brightness(images_NCHW: Tensor, change: float) -> Tensor:
    """Adds to the value of hue, saturation and value, which scales all channels alike; black becomes grey."""
    value_N1HW = images_NCHW.amax(dim=1, keepdim=True)
    brighter_N1HW = (value_N1HW + change).clamp(max=1)
    return torch.where(value_N1HW > 0, images_NCHW / value_N1HW * brighter_N1HW, brighter_N1HW)
