#!/usr/bin/env python3
"""Writes tests/parity/expr_values.h: formulas of `type: expr` and their gradients by PyTorch, for
tests/parity/test_losses.c.

Run with Debian's python3-torch and python3-torchvision:
    python3 tests/parity/expr_values.py | clang-format-14 --assume-filename=expr_values.h > x && mv x tests/parity/expr_values.h

As tests/parity/loss_values.py; each formula stands beside the same in PyTorch. Some are losses of recent papers.
"""
import math

import torch
from torch.nn import functional as F

from loss_values import B, classes, constant, weight, write_cases


def unit(x):
    return F.normalize(x, dim=1)


def siglip(a, b, t=10.0, bias=-10.0):
    """Zhai et al. 2023, algorithm 1."""
    logits = unit(a) @ unit(b).t() * t + bias
    labels = 2 * torch.eye(B, dtype=a.dtype) - 1
    return -F.logsigmoid(labels * logits).sum() / B


def alignment_uniformity(a, b):
    """Wang & Isola 2020, the paper's code: alpha 2, t 2."""
    a, b = unit(a), unit(b)
    uniform = lambda x: torch.pdist(x).pow(2).mul(-2).exp().mean().log()
    return (a - b).norm(p=2, dim=1).pow(2).mean() + (uniform(a) + uniform(b)) / 2


def supervised(z, y, t=0.2):
    """Khosla et al. 2020, eq. 2, one view of each; rows without another of their class count as 0."""
    z = unit(z)
    s = (z @ z.t() / t).masked_fill(torch.eye(B, dtype=torch.bool), -torch.inf)
    same = ((y[:, None] == y[None, :]) & ~torch.eye(B, dtype=torch.bool)).to(z.dtype)
    log_p = s.masked_fill(torch.eye(B, dtype=torch.bool), 0) - torch.logsumexp(s, 1, keepdim=True)
    return -((same * log_p).sum(1) / same.sum(1).clamp(min=1)).mean()


def tico(a, b, rho=8.0):
    """Zhu et al. 2022, eq. 6, with the covariance of the batch."""
    a, b = unit(a), unit(b)
    c = a.t() @ a / B
    return 1 - (a * b).sum(1).mean() + rho * ((a @ c) * a).sum(1).mean()


def expr(form, **ins):
    return 'type: expr, in: {%s}, role: loss, formula: "%s"' % (
        ", ".join("%s: %s" % kv for kv in ins.items()), form)


def cases():
    x, y, soft, some = weight("x"), weight("y"), constant("soft"), constant("some")
    views = [weight("za"), weight("zb")]
    two = dict(a="za", b="zb")
    yield (expr("-sum(log_sigmoid((2 * eye(rows(a)) - 1) * (10 * normalize(a) @ normalize(b)' - 10))) / rows(a)", **two), views,
           siglip)
    yield (expr("u(x) = log(sum(offdiag(exp(2 * (2 * x @ x' - 2)))) / (rows(x) * (rows(x) - 1))); na = normalize(a); "
                "nb = normalize(b); mean(sum((na - nb)^2, axis=1)) + (u(na) + u(nb)) / 2", **two), views,
           alignment_uniformity)
    yield (expr("n = normalize(x); s = n @ n' / 0.2; same = offdiag(column(y) == row(y)); "
                "p = offdiag(s) - column(logsumexp(offdiag(s, -inf))); "
                "-mean(sum(same * p, axis=1) / maximum(sum(same, axis=1), 1))", x="x", y="data.label"),
           [x, classes()], supervised)
    yield (expr("na = normalize(a); nb = normalize(b); c = na' @ na / rows(a); "
                "1 - mean(dot(na, nb)) + 8 * mean(dot(na @ c, na))", **two), views, tico)
    yield (expr("mean(cross_entropy(x, y))", x="x", y="data.label"), [x, classes()],
           lambda x, y: F.cross_entropy(x, y.long()))
    yield (expr("sum(soft * (log(soft + 1e-3) - log_softmax(x, axis=1))) / rows(x)", x="x", soft="soft"), [x, soft],
           lambda x, s: (s * (torch.log(s + 1e-3) - F.log_softmax(x, 1))).sum() / B)
    yield (expr("mean(var(x, axis=1, unbiased=true)) + std(y) + mean(std(x, axis=0)^3)", x="x", y="y"), [x, y],
           lambda x, y: x.var(1).mean() + y.std(unbiased=False) + x.std(0, unbiased=False).pow(3).mean())
    yield (expr("mean(max(x, axis=1) - min(y, axis=1)) + sum(clamp(x, -0.3, 0.4) * minimum(x, y))", x="x", y="y"), [x, y],
           lambda x, y: (x.max(1)[0] - y.min(1)[0]).mean() + (x.clamp(-0.3, 0.4) * torch.minimum(x, y)).sum())
    yield (expr("mean(where(abs(x - y) < 0.5, (x - y)^2, abs(x - y) - 0.25)) + mean(softmax(x, axis=0) @ softmax(y)')",
                x="x", y="y"), [x, y],
           lambda x, y: (torch.where((x - y).abs() < 0.5, (x - y) ** 2, (x - y).abs() - 0.25).mean() +
                         (F.softmax(x, 0) @ F.softmax(y, 1).t()).mean()))
    yield (expr("mean(gelu(x) * tanh(y)) + mean((some + 0.1)^1.7 * x) + log(mean(exp(sigmoid(x) + relu(y))))", x="x", y="y",
                some="some"), [x, y, some],
           lambda x, y, s: ((F.gelu(x) * torch.tanh(y)).mean() + ((s + 0.1) ** 1.7 * x).mean() +
                            torch.log(torch.exp(torch.sigmoid(x) + F.relu(y)).mean())))
    yield (expr("sum(roll(x, 1) * reshape(slice(concat(x, y, axis=1), 3, 10, axis=1), [-1, 7])) / pi", x="x", y="y"), [x, y],
           lambda x, y: (torch.roll(x, 1, 0) * torch.cat([x, y], 1)[:, 3:10]).sum() / math.pi)


def main():
    print("/* Written by tests/parity/expr_values.py with PyTorch %s. */" % torch.__version__)
    print("#ifndef SDAG_TESTS_PARITY_EXPR_VALUES_H\n#define SDAG_TESTS_PARITY_EXPR_VALUES_H\n")
    print('#include "tests/parity/loss_values.h"\n')
    write_cases(cases(), "expr_")


main()
