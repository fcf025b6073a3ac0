"""The two networks in plain PyTorch, layer for layer, for comparison (optional: needs `torch`)."""

import torch
from torch import nn

L2_FACTOR = 0.001


def step(architecture: str, memory_format: torch.memory_format, *, autocast: bool):
    """A function that makes one update from a batch: (N, 1, 48, 48) float32 in [0, 1] and (N,) int64 labels.

    Args:
        autocast: compute the network in bfloat16, as PyTorch itself chooses where.
    """
    network = (baseline() if architecture == "baseline" else updated()).to(memory_format=memory_format)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.001)
    criterion = nn.CrossEntropyLoss(label_smoothing=0.0 if architecture == "baseline" else 0.1)
    kernels = [each.weight for each in network.modules() if isinstance(each, nn.Conv2d | nn.Linear)]

    def update(images: torch.Tensor, labels: torch.Tensor) -> None:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
            answers = network(images)
        loss = criterion(answers.float(), labels)
        if architecture == "updated":
            loss = loss + L2_FACTOR * sum(kernel.square().sum() for kernel in kernels)
        loss.backward()
        optimizer.step()

    return update


def baseline() -> nn.Module:
    """Three convolutions, each with a pooling, and a hidden layer."""
    layers, channels = [], 1
    for filters in (32, 64, 128):
        layers += [nn.Conv2d(channels, filters, 3), nn.ReLU(), nn.MaxPool2d(2)]
        channels = filters
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(128 * 4 * 4, 128), nn.ReLU(), nn.Linear(128, 6))


def updated() -> nn.Module:
    """Three blocks of two convolutions with batch normalization, pooling and dropout."""
    layers, channels = [], 1
    for filters in (32, 64, 128):
        for _ in range(2):
            layers += [nn.Conv2d(channels, filters, 3, padding=1), nn.BatchNorm2d(filters), nn.ReLU()]
            channels = filters
        layers += [nn.MaxPool2d(2), nn.Dropout(0.25)]
    hidden = [nn.Linear(128 * 6 * 6, 256), nn.BatchNorm1d(256), nn.ReLU(), nn.Dropout(0.5), nn.Linear(256, 6)]
    return nn.Sequential(*layers, nn.Flatten(), *hidden)
