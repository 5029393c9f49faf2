"""SimCLR's jitter, greyscale and blur (arXiv:2002.05709, App. A): with the crop, they are SimAugment.

A strength of 1 (magnitude 30) is SimCLR's on ImageNet, 0.5 that of the released SupCon run on CIFAR-10. It scales the
jitter, as in that code; the chances of greyscale and blur do not depend on it.
"""

# B images, N those that are blurred, C channels, H height, W width

from dataclasses import dataclass

from torch import Tensor

from trainers.augmentations.color import adjust_hue, adjust_saturation
from trainers.augmentations.filters import gaussian_blur
from trainers.augmentations.intensity import adjust_brightness, adjust_contrast, blend, greyscale
from trainers.draws import Draws

LARGEST_JITTER = 0.8
"""Of the factors of brightness, contrast and saturation."""
LARGEST_TURN = 0.2
"""Of the hue, as a share of the circle."""
JITTER_PROBABILITY = 0.8
GREYSCALE_PROBABILITY = 0.2
BLUR_PROBABILITY = 0.5
SMALLEST_SIGMA, LARGEST_SIGMA = 0.1, 2.0
"""Of the blur, in pixels."""
SIDES_PER_KERNEL = 10
"""The blur's kernel is a tenth of the side wide."""


@dataclass(frozen=True)
class ColorJitter:
    """Brightness, contrast, saturation and hue, each changed at random in proportion to `strength`.

    SimCLR draws their order too. Here it is fixed: the first three commute but for values cut at black and white.
    """

    strength: float

    def __call__(self, images_BCHW: Tensor, draws: Draws) -> Tensor:
        """Four of five images changed. One-channel images have neither saturation nor hue."""
        jitter_4B = self.strength * draws.uniform(-1, 1, len(images_BCHW), 4)
        is_done_B = draws.uniform(0, 1, len(images_BCHW)) < JITTER_PROBABILITY
        jitter_4B = (jitter_4B * is_done_B).to(images_BCHW.device, non_blocking=True)
        brightness_B, contrast_B, saturation_B = 1 + LARGEST_JITTER * jitter_4B[:3]
        images_BCHW = adjust_contrast(adjust_brightness(images_BCHW, brightness_B), contrast_B)
        return adjust_hue(adjust_saturation(images_BCHW, saturation_B), LARGEST_TURN * jitter_4B[3])


@dataclass(frozen=True)
class Greyscale:
    """Takes the colour from one of five images, whatever the strength."""

    def __call__(self, images_BCHW: Tensor, draws: Draws) -> Tensor:
        """As many channels as before, equal ones in those without colour."""
        is_grey_B = draws.uniform(0, 1, len(images_BCHW)) < GREYSCALE_PROBABILITY
        is_grey_B = is_grey_B.float().to(images_BCHW.device, non_blocking=True)
        return blend(images_BCHW, greyscale(images_BCHW), is_grey_B)


@dataclass(frozen=True)
class Blur:
    """Blurs every other image, whatever the strength. Sides must be of 20 pixels at least."""

    def __call__(self, images_BCHW: Tensor, draws: Draws) -> Tensor:
        """Each blurred image gets its own width of the Gaussian."""
        sigma_B = draws.uniform(SMALLEST_SIGMA, LARGEST_SIGMA, len(images_BCHW))
        chosen_N = (draws.uniform(0, 1, len(images_BCHW)) < BLUR_PROBABILITY).nonzero().squeeze(1)
        if len(chosen_N) == 0:
            return images_BCHW
        places_N = chosen_N.to(images_BCHW.device, non_blocking=True)
        sigma_N = sigma_B[chosen_N].to(images_BCHW.device, non_blocking=True)
        kernel_size = images_BCHW.shape[3] // SIDES_PER_KERNEL // 2 * 2 + 1
        blurred_NCHW = gaussian_blur(images_BCHW.index_select(0, places_N), sigma_N, kernel_size)
        return images_BCHW.index_copy(0, places_N, blurred_NCHW)
