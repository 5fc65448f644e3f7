"""Muon: momentum whose step is made orthogonal, for matrices.

Ours rather than torch.optim.Muon, which iterates in bfloat16 (a hundred times slower where the CPU has no instructions for it)
and takes one matrix at a time: those of one shape together are twice as fast on two cores.
Formula and constants: https://kellerjordan.github.io/posts/muon/. Must not know: the model.
"""

from collections import defaultdict

import torch

A, B, C = 3.4445, -4.7750, 2.0315


def orthogonal(gradients, iterations=5):
    """(N, R, K) -> of each about U V^T of its singular value decomposition, by Newton and Schulz."""
    tall = gradients.shape[1] > gradients.shape[2]
    x = gradients.mT if tall else gradients
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    for _ in range(iterations):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=B, alpha=C), x, beta=A)
    return x.mT if tall else x


class Muon(torch.optim.Optimizer):
    """Iterates in `dtype`; weights and momentum keep their own."""

    def __init__(self, parameters, lr, momentum=0.95, weight_decay=0.01, dtype=torch.float32):
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
        self.dtype = dtype

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            alike = defaultdict(list)
            for p in group["params"]:
                buffer = self.state[p].setdefault("momentum_buffer", torch.zeros_like(p))
                buffer.lerp_(p.grad, 1 - group["momentum"])
                alike[p.shape].append((p, p.grad.lerp(buffer, group["momentum"])))
            for shape, members in alike.items():
                updates = orthogonal(torch.stack([update for _, update in members]).to(self.dtype))
                for (p, _), update in zip(members, updates):
                    p.mul_(1 - group["lr"] * group["weight_decay"])
                    p.add_(update, alpha=-group["lr"] * max(1, shape[0] / shape[1]) ** 0.5)
