#!/usr/bin/env python3
"""Writes tests/parity/momentum_values.h: training with moving averages by PyTorch, for tests/parity/test_momentum.c.

Run with Debian's python3-torch and python3-torchvision:
    python3 tests/parity/momentum_values.py | clang-format-14 --assume-filename=momentum_values.h > x &&
        mv x tests/parity/momentum_values.h

BYOL and MoCo written out as their papers' pseudocode has them, in double precision. A step is: forward with the average
of before, the optimizer, then average <- m average + (1 - m) weights with the m of this step, then the queue.
"""
import copy
import math

import torch
from torch import nn
from torch.nn import functional as F

from values import far, fill, images, weight_of, write_numbers, write_rows

STEPS, COUNT = 10, 40


class Mean(nn.Module):
    def forward(self, x):
        return x.mean((2, 3))


def encoder():
    return nn.Sequential(nn.Conv2d(3, 4, 3, 1, 1, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Conv2d(4, 8, 3, 1, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), Mean())


def mlp(inside, hidden, outside, norm):
    if norm:
        return nn.Sequential(nn.Linear(inside, hidden, bias=False), nn.BatchNorm1d(hidden), nn.ReLU(),
                             nn.Linear(hidden, outside))
    return nn.Sequential(nn.Linear(inside, hidden), nn.ReLU(), nn.Linear(hidden, outside))


def filled(nets, dtype):
    nets = nn.ModuleDict(nets)
    for name in nets:
        fill(name, nets[name])
    return nets.to(dtype).train()


def averaged(nets):
    """Encoder and projector once more: the same start, no gradients, batch norms with statistics of their own."""
    return nn.ModuleDict({k: copy.deepcopy(nets[k]) for k in ("encoder", "projector")}).train()


@torch.no_grad()
def follow(average, nets, m):
    for name, t in average.named_parameters():
        t.mul_(m).add_(nets.get_parameter(name), alpha=1 - m)


def views(t, batch, dtype):
    ids = [(t * batch + i) % COUNT for i in range(batch)]
    return [images(ids, 8, 8, 3, key).to(dtype) for key in ("pixels", "other")]


def numbers_of(nets, prefix=""):
    return {prefix + k: v.clone() for k, v in nets.state_dict().items() if "num_batches" not in k}


def byol(dtype):
    """Grill et al. 2020, algorithm 1 and eq. 2; both views go through a network together."""
    nets = filled({"encoder": encoder(), "projector": mlp(8, 8, 6, True), "predictor": mlp(6, 7, 6, True)}, dtype)
    target = averaged(nets)
    opt, losses = torch.optim.SGD(nets.parameters(), lr=0.05, momentum=0.9), []
    for t in range(STEPS):
        a, b = views(t, 8, dtype)
        both = torch.cat([a, b])
        p = F.normalize(nets["predictor"](nets["projector"](nets["encoder"](both))), dim=1)
        with torch.no_grad():
            z = F.normalize(target["projector"](target["encoder"](both)), dim=1)
        loss = (2 - 2 * (p * torch.cat([z[8:], z[:8]])).sum(1)).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        follow(target, nets, 1 - 0.1 * (math.cos(math.pi * t / (STEPS - 1)) + 1) / 2)
        losses.append(loss.item())
    return losses, {**numbers_of(nets), **numbers_of(target, "target.")}


def moco(dtype):
    """He et al. 2020, algorithm 1, with a queue that the batch does not divide."""
    batch, size = 6, 16
    nets = filled({"encoder": encoder(), "projector": mlp(8, 8, 5, False)}, dtype)
    key = averaged(nets)
    queue, at = weight_of("queue.queue", [size, 5]).to(dtype), 0
    opt, losses = torch.optim.SGD(nets.parameters(), lr=0.05, momentum=0.9), []
    for t in range(STEPS):
        a, b = views(t, batch, dtype)
        q = F.normalize(nets["projector"](nets["encoder"](a)), dim=1)
        with torch.no_grad():
            k = F.normalize(key["projector"](key["encoder"](b)), dim=1)
        negatives = F.normalize(queue, dim=1)
        logits = torch.cat([(q * k).sum(1, keepdim=True), q @ negatives.t()], dim=1)
        loss = F.cross_entropy(logits / 0.2, torch.zeros(batch, dtype=torch.long))
        opt.zero_grad()
        loss.backward()
        opt.step()
        follow(key, nets, 0.9)
        queue = queue.clone()
        for row in k:
            queue[at] = row
            at = (at + 1) % size
        losses.append(loss.item())
    return losses, {**numbers_of(nets), **numbers_of(key, "key."), "queue.queue": queue}, at


def main():
    torch.manual_seed(0)
    print("/* Written by tests/parity/momentum_values.py with PyTorch %s. */" % torch.__version__)
    print("#ifndef SDAG_TESTS_PARITY_MOMENTUM_VALUES_H\n#define SDAG_TESTS_PARITY_MOMENTUM_VALUES_H\n\n"
          '#include "tests/support/golden.h"')
    for train in (byol, moco):
        (losses, end, *at), (small, small_end, *_) = train(torch.float64), train(torch.float32)
        print("\n/* PyTorch in float is off by %.0e (losses), %.0e (weights and statistics). */" %
              (max(abs(a / b - 1) for a, b in zip(small, losses)), far(end, small_end)))
        write_numbers(train.__name__ + "_loss", losses)
        write_rows(train.__name__ + "_end", end)
        if at:
            print("static const int %s_pointer = %d;" % (train.__name__, at[0]))
    print("\n#endif")


if __name__ == "__main__":
    main()
