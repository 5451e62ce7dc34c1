"""The built-in training loop: AdamW, one cycle of the learning rate, the best weights kept."""

from __future__ import annotations

import copy
import math
import random
from collections.abc import Sized
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss

from model.module import scores, threads
from model.module.augmented import shown_of
from model.module.label_scale import last_linear, scale_of
from model.module.load import NetworkModule
from model.module.outputs import outputs_of
from model.module.parts import Parts
from model.module.users_code import running
from support.errors import UserError
from support.progress import Progress

EPOCHS, BATCH_SIZE, LEARNING_RATE = 30, 64, 4e-3
"""Where the module has no EPOCHS, BATCH_SIZE and LEARNING_RATE of its own."""

STEPS, MOST_EPOCHS = 3000, 300
"""Few inputs are shown more often than EPOCHS times: until there were so many steps."""

WEIGHT_DECAY, LABEL_SMOOTHING = 0.01, 0.05
"""AdamW's, and the share of the target spread over all classes: those of MNIST's recipe."""


@dataclass(frozen=True)
class Epoch:
    """What one pass over the training part showed.

    Attributes:
        epoch: from 1.
        loss: mean over the inputs as they were seen while learning.
        validation: figures of the validation part (model/module/scores.py).
        validation_loss: cross entropy or mean square of the validation part.
    """

    epoch: int
    loss: float
    validation: dict[str, float]
    validation_loss: float

    @property
    def rank(self) -> tuple[float, float]:
        """What the best epoch has most of."""
        return self.validation.get("accuracy", 0.0), -self.validation_loss


@dataclass(frozen=True)
class Plan:
    """How long and how fast.

    Attributes:
        epochs: at most; `patience` of them in which neither the figures nor the loss of the
            validation part get better end the training.
        batch_size: inputs per step.
        learning_rate: the peak of the cycle.
        seed: of order and of what layers draw.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    seed: int

    @property
    def patience(self) -> int:
        """A third of the cycle, in which the learning rate still rises, shows nothing."""
        return max(5, self.epochs // 3)

    def steps(self, inputs: Sized) -> int:
        """Steps of one epoch."""
        return -(-len(inputs) // self.batch_size)


def plan_of(module: NetworkModule, inputs: int, epochs: int | None, seed: int) -> Plan:
    """The plan by the module's literals; `epochs` of the command line counts more.

    Args:
        inputs: of the training part.
    """
    batch_size = int(module.number("BATCH_SIZE", BATCH_SIZE))
    usual = max(EPOCHS, min(MOST_EPOCHS, STEPS * batch_size // inputs))
    return Plan(
        epochs=epochs or int(module.number("EPOCHS", usual)),
        batch_size=batch_size,
        learning_rate=module.number("LEARNING_RATE", LEARNING_RATE),
        seed=seed,
    )


def make_repeatable(seed: int) -> None:
    """The same seed, processor and number of threads give the same weights, bit for bit."""
    torch.set_num_threads(1)  # until it is known what for
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.manual_seed(seed)
    np.random.seed(seed)
    random.seed(seed)


def slower(plan: Plan) -> str:
    """A remedy for numbers that grew beyond all bounds."""
    return (
        "scale the inputs to about -1 to 1, or train slower: LEARNING_RATE ="
        f" {plan.learning_rate / 10:g}"
    )


@dataclass
class _Best:
    """The best weights so far, and whether it goes on.

    Attributes:
        weights: of the epoch `epoch`, which has the greatest `rank`.
        improved: the last epoch that was the best one, or had the least loss.
    """

    weights: dict[str, torch.Tensor]
    rank: tuple[float, float] = (-math.inf, -math.inf)
    epoch: int = 0
    least: float = math.inf
    improved: int = 0

    def look(self, epoch: Epoch, network: nn.Module) -> None:
        """Keep the weights if none were better."""
        if epoch.validation_loss < self.least:
            self.least, self.improved = epoch.validation_loss, epoch.epoch
        if epoch.rank > self.rank:
            self.weights = copy.deepcopy(network.state_dict())
            self.rank, self.epoch, self.improved = epoch.rank, epoch.epoch, epoch.epoch


@dataclass(frozen=True)
class _Learning:
    """What one pass over the training part needs.

    Attributes:
        inputs, labels: of the training part; labels as they are learnt.
        order: draws it.
    """

    module: NetworkModule
    network: nn.Module
    inputs: tuple[torch.Tensor, ...]
    labels: torch.Tensor
    regression: bool
    plan: Plan
    order: torch.Generator
    optimizer: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler

    def epoch(self, number: int, progress: Progress, note: str) -> float:
        """Learn from each input once; returns the mean loss.

        Args:
            progress: counts the steps.
            note: what is shown beside them.

        Raises:
            UserError: the loss is no number any more, or the module's code raised.
        """
        self.network.train()
        place = self.module.place("network")
        total, count = 0.0, len(self.labels)
        order = torch.randperm(count, generator=self.order)
        for batch in torch.split(order, self.plan.batch_size):
            if len(batch) > 1 or count == 1:  # BatchNorm needs two
                shown = shown_of(self.module, tuple(values[batch] for values in self.inputs))
                with running(self.module.path, f"training, epoch {number}", place):
                    outputs = self.network(*shown)
                    loss = _loss(outputs, self.labels[batch], regression=self.regression)
                    self.optimizer.zero_grad()
                    loss.backward()  # type: ignore[no-untyped-call]
                self.optimizer.step()
                total += loss.item() * len(batch)
            self.schedule.step()
            progress.advance(note=note)
        if not math.isfinite(total):
            raise UserError(
                f"{self.module.path}: epoch {number}: the loss is not a finite number",
                slower(self.plan),
            )
        return total / count


def fit(
    module: NetworkModule, network: nn.Module, parts: Parts, plan: Plan, *, again: bool = False
) -> list[Epoch]:
    """Train the network in place; it ends with the weights that validated best.

    Args:
        again: it was trained before, and gives outputs in the labels' unit.

    Raises:
        UserError: the loss, or an output for the validation part, is no number any more, or the
            module's code raised.
    """
    one = tuple(torch.from_numpy(v) for v in parts.train.spread(1).inputs)
    threads.choose(network, one, plan.batch_size)
    labels, validation = map(torch.from_numpy, (parts.train.labels, parts.validation.labels))
    last = last_linear(network, one) if parts.regression else None
    scale = scale_of(labels) if last is not None else None
    if scale is not None:
        labels, validation = scale.learnt(labels), scale.learnt(validation)
    if last is not None and scale is not None and again:
        scale.take(last)
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=plan.learning_rate, weight_decay=WEIGHT_DECAY
    )
    learning = _Learning(
        module=module,
        network=network,
        inputs=tuple(torch.from_numpy(values) for values in parts.train.inputs),
        labels=labels,
        regression=parts.regression,
        plan=plan,
        order=torch.Generator().manual_seed(plan.seed),
        optimizer=optimizer,
        schedule=torch.optim.lr_scheduler.OneCycleLR(
            optimizer, plan.learning_rate, epochs=plan.epochs, steps_per_epoch=plan.steps(labels)
        ),
    )
    history: list[Epoch] = []
    best = _Best(copy.deepcopy(network.state_dict()))
    progress = Progress(f"training {module.path.stem}, steps", plan.epochs * plan.steps(labels))
    note = f"epoch 1 of {plan.epochs}"
    for number in range(1, plan.epochs + 1):
        loss = learning.epoch(number, progress, note)
        found = torch.from_numpy(outputs_of(module, network, parts.validation, "validation"))
        missed = _loss(found, validation, regression=parts.regression, smoothing=0.0).item()
        real = found if scale is None else scale.real(found)
        figures = scores.of(real.numpy(), parts.validation.labels)
        if not all(map(math.isfinite, (missed, *figures.values()))):
            raise UserError(
                f"{module.path}: epoch {number}: the validation loss is not a finite number",
                slower(plan),
            )
        history.append(Epoch(number, loss, figures, missed))
        best.look(history[-1], network)
        shown = scores.shown(figures, parts.units)
        note = f"after epoch {number} of {plan.epochs}: loss {loss:.4f}, validation {shown}"
        if number - best.improved >= plan.patience:
            break
    network.load_state_dict(best.weights)
    if last is not None and scale is not None:
        scale.give_back(last)
    progress.finish(f"best: epoch {best.epoch} of {len(history)}")
    network.eval()
    return history


def _loss(
    outputs: torch.Tensor,
    labels: torch.Tensor,
    *,
    regression: bool,
    smoothing: float = LABEL_SMOOTHING,
) -> torch.Tensor:
    outputs = outputs.reshape(len(labels), -1)
    if regression:
        return mse_loss(outputs, labels)
    return cross_entropy(outputs, labels, label_smoothing=smoothing)
