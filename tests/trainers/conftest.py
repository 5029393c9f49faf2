"""One thread for PyTorch, and a small trainable for the tests of the loop."""

from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor, nn

from trainers.datasets.labelled import InMemoryImages
from trainers.distributed import ALONE
from trainers.draws import Draws
from trainers.health import Health, spread_of
from trainers.loop import Training
from trainers.objective import BatchLoss, Objective
from trainers.optimizers.schedules import make_scheduler
from trainers.precision import Precision, PrecisionName


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Networks this small only wait for each other on several threads, and the more so beside other processes."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def on_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps to the CPU on a machine with a GPU: for equal bits, and for workers that share one machine."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


class Regression(Objective):
    """Fits the class number to the pixels, with noise of its own: every part of a training, in two parameters."""

    views_per_image = 2

    def __init__(self) -> None:
        super().__init__(lambda images_BCHW, draws: images_BCHW, ALONE)
        self.layer = nn.Linear(4, 1)

    def training_loss(self, images_BCHW: Tensor, labels_B: Tensor, draws: Draws) -> BatchLoss:
        noisy_BF = images_BCHW.flatten(1) + 0.1 * draws.normal(len(labels_B), 4)
        found_B1 = self.layer(noisy_BF)
        loss = (found_B1[:, 0] - labels_B).square().mean()
        return BatchLoss(loss, spread_of(found_B1), uninformed_loss=1.0)

    def fit_classifier(self, train: InMemoryImages) -> Callable[[Tensor], Tensor]:
        return lambda images_NCHW: self.layer(images_NCHW.flatten(1))


@pytest.fixture
def nine_images() -> InMemoryImages:
    images = torch.rand(9, 1, 2, 2, generator=torch.Generator().manual_seed(0))
    return InMemoryImages(images, torch.arange(9) % 3)


@pytest.fixture
def make_training() -> Callable[..., Training]:
    """Makes equal trainings of `Regression` for equal arguments."""

    def make(
        learning_rate: float = 0.1,
        batch_size: int = 4,
        gradient_clip: float | None = None,
        precision: PrecisionName = "fp32",
    ) -> Training:
        torch.manual_seed(0)
        objective = Regression()
        optimizer = torch.optim.SGD(objective.parameters(), lr=learning_rate, momentum=0.9)
        return Training(
            objective,
            optimizer,
            make_scheduler(optimizer, "cosine", steps_total=20, warmup_steps=2),
            order=torch.Generator().manual_seed(1),
            augmentation=torch.Generator().manual_seed(2),
            health=Health(warmup_epochs=0),
            precision=Precision(precision, torch.device("cpu")),
            batch_size=batch_size,
            gradient_clip=gradient_clip,
            world=ALONE,
        )

    return make
