"""Muon in the weights' own precision: momentum whose step is made orthogonal, for matrices.

torch.optim.Muon iterates in bfloat16, which a CPU without instructions for it multiplies a hundred times more slowly.
Formula and constants: https://kellerjordan.github.io/posts/muon/. Must not know: the model.
"""

import torch

A, B, C = 3.4445, -4.7750, 2.0315


def orthogonal(gradient, iterations=5):
    """(R, K) -> about U V^T of its singular value decomposition, by Newton and Schulz."""
    tall = gradient.shape[0] > gradient.shape[1]
    x = gradient.T if tall else gradient
    x = x / x.norm().clamp(min=1e-7)
    for _ in range(iterations):
        gram = x @ x.T
        x = A * x + (B * gram + C * gram @ gram) @ x
    return x.T if tall else x


class Muon(torch.optim.Optimizer):
    def __init__(self, parameters, lr, momentum=0.95, weight_decay=0.01):
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                buffer = self.state[p].setdefault("momentum_buffer", torch.zeros_like(p))
                buffer.lerp_(p.grad, 1 - group["momentum"])
                update = orthogonal(p.grad.lerp(buffer, group["momentum"]))
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_(update, alpha=-group["lr"] * max(1, p.shape[0] / p.shape[1]) ** 0.5)
