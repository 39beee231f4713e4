#!/usr/bin/env python3
"""Writes tests/parity/values.h: what PyTorch makes of the pipelines of tests/parity/test_parity.c.

Run with Debian's python3-torch and python3-torchvision:
    python3 tests/parity/values.py | clang-format-14 --assume-filename=values.h > values.h && mv values.h tests/parity/

Both sides make pixels, labels and weights with the same integer hash (tests/support/formula.h), so that only results are
stored. They are computed in double precision; how far PyTorch's own float is from them stands beside each case.
A tensor is stored as its length, its largest number, two sums against formula vectors and four of its elements.
"""
import math

import numpy as np
import torch
import torchvision
from torch import nn
from torch.nn import functional as F
from torchvision.models import resnet

MASK = np.uint64(0xFFFFFFFF)


def key_of(name):
    h = 2166136261
    for c in name.encode():
        h = (h ^ c) * 16777619 & 0xFFFFFFFF
    return h


def words(name, n, first=0):
    """u32[n]: the hash of first, first + 1, ... keyed by a name."""
    i = np.arange(first, first + n, dtype=np.uint64)
    h = np.uint64(key_of(name)) ^ (i * np.uint64(0x9E3779B9) & MASK)
    h ^= h >> np.uint64(16)
    h = h * np.uint64(0x85EBCA6B) & MASK
    h ^= h >> np.uint64(13)
    h = h * np.uint64(0xC2B2AE35) & MASK
    return h ^ h >> np.uint64(16)


def numbers(name, n):
    """In -1..1, exact in float."""
    return (words(name, n) >> np.uint64(8)).astype(np.float64) * 2.0**-23 - 1


def number_of(name, shape):
    return torch.from_numpy(numbers(name, math.prod(shape)).reshape(shape))


def weight_of(name, shape):
    """The starting value of a weight, by its name and shape; rounded to float as the C side has it."""
    u = numbers(name, math.prod(shape)).astype(np.float32)
    if name.endswith("running_mean") or name.endswith("bias"):
        v = np.float32(0.2) * u
    elif name.endswith("running_var"):
        v = np.float32(1) + np.float32(0.5) * u
    elif len(shape) < 2:
        v = np.float32(1) + np.float32(0.25) * u
    else:
        v = np.float32(math.sqrt(6 / math.prod(shape[1:]))) * u
    return torch.from_numpy(v.astype(np.float64).reshape(shape))


def fill(node, module):
    with torch.no_grad():
        for name, t in module.state_dict().items():
            if name.endswith("num_batches_tracked"):
                t.zero_()
            else:
                t.copy_(weight_of(node + "." + name, list(t.shape)))
    return module


def images(ids, h, w, c, key="pixels"):
    """f64[B,C,H,W] in 0..1: a shade for every image and channel, and noise."""
    out = np.zeros((len(ids), h, w, c))
    for k, i in enumerate(ids):
        shade = words(key + ".shade", 8, int(i) * 8)[:c] >> np.uint64(25)
        noise = words(key, h * w * c, int(i) * h * w * c) >> np.uint64(25)
        out[k] = shade + noise.reshape(h, w, c)
    return torch.from_numpy(out).permute(0, 3, 1, 2).contiguous() / 255


def labels(ids, classes, unknown=0):
    y = np.array([int(words("label", 1, int(i))[0]) % classes for i in ids])
    if unknown:
        y[np.array(ids) % unknown == 0] = -1
    return torch.from_numpy(y)


# ---- what is written

def text(v):
    s = "%.9g" % v
    return s if any(c in s for c in ".en") else s + ".0"


def row(name, t):
    x = t.detach().double().reshape(-1).numpy()
    n = len(x)
    sums = [float(x @ numbers("%s.sum%d" % (name, k), n)) for k in range(2)]
    at = [x[n * (2 * k + 1) // 8] for k in range(4)]
    values = [np.sqrt((x * x).sum()), np.abs(x).max()] + sums + at
    return '    {"%s", %d, %s, %s, {%s}, {%s}},' % (name, n, text(values[0]), text(values[1]),
                                                  ", ".join(map(text, sums)), ", ".join(map(text, at)))


def write_rows(name, tensors):
    print("static const golden %s[] = {" % name)
    for k, t in tensors.items():
        print(row(k, t))
    print("    {0},\n};")


def write_numbers(name, x):
    x = [float(v) for v in torch.as_tensor(x).detach().reshape(-1)]
    print("static const double %s[] = {" % name)
    for i in range(0, len(x), 8):
        print("    " + " ".join(text(v) + "," for v in x[i:i + 8]))
    print("};")


def far(a, b):
    """Largest difference of two dictionaries of tensors, relative to the largest number of each."""
    worst = 0.0
    for k in a:
        x, y = a[k].detach().double(), b[k].detach().double()
        worst = max(worst, float((x - y).abs().max() / x.abs().max().clamp_min(1e-30)))
    return worst


# ---- (a) networks

class ResNet(nn.Module):
    """torchvision's blocks and names, with any width and with the small stem."""

    def __init__(self, depth, small, width):
        super().__init__()
        block = resnet.Bottleneck if depth == 50 else resnet.BasicBlock
        blocks = [2, 2, 2, 2] if depth == 18 else [3, 4, 6, 3]
        self.conv1 = nn.Conv2d(3, width, 3, 1, 1, bias=False) if small else nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.pool = None if small else nn.MaxPool2d(3, 2, 1)
        planes = width
        for s in range(4):
            layer = []
            for k in range(blocks[s]):
                out, stride, down = (width << s) * block.expansion, 2 if s and not k else 1, None
                if stride != 1 or planes != out:
                    down = nn.Sequential(resnet.conv1x1(planes, out, stride), nn.BatchNorm2d(out))
                layer.append(block(planes, width << s, stride, down))
                planes = out
            setattr(self, "layer%d" % (s + 1), nn.Sequential(*layer))

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.pool(x) if self.pool else x
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return x.mean((2, 3))


def one_step(net, x, functional):
    """Features in both modes, gradients of their sum against `functional`, running statistics after the step."""
    fill("encoder", net)
    net.eval()
    frozen = net(x)
    net.train()
    y = net(x)
    net.zero_grad()
    (y * functional).sum().backward()
    grads = {"encoder." + k: p.grad.clone() for k, p in net.named_parameters()}
    stats = {"encoder." + k: v.clone() for k, v in net.state_dict().items() if "running" in k}
    return frozen, y, grads, stats


def write_network(name, depth, small, width, size, batch):
    net = ResNet(depth, small, width)
    x = images(range(batch), size, size, 3)
    features = (width << 3) * (4 if depth == 50 else 1)
    functional = number_of("functional", [batch, features])
    f = one_step(net.float(), x.float(), functional.float())
    d = one_step(net.double(), x, functional)
    pair = [far({"x": d[i]}, {"x": f[i]}) for i in range(2)] + [far(d[i], f[i]) for i in (2, 3)]
    print("\n/* PyTorch in float is off by %.0e (inference), %.0e (training), %.0e (gradients), %.0e (statistics). */" %
          tuple(pair))
    write_numbers(name + "_eval", d[0])
    write_numbers(name + "_train", d[1])
    write_rows(name + "_grads", d[2])
    write_rows(name + "_stats", d[3])


# ---- (b) NT-Xent

def nt_xent(za, zb, temperature, normalize=True):
    z = torch.cat([za, zb])
    if normalize:
        z = F.normalize(z, dim=1, eps=1e-12)
    s = z @ z.t() / temperature
    n = len(z)
    s = s.masked_fill(torch.eye(n, dtype=torch.bool), -math.inf)
    return F.cross_entropy(s, (torch.arange(n) + n // 2) % n)


def write_nt_xent():
    print("\n/* temperature, whether rows are made unit; then the loss, and its gradient for both views. */")
    rows = []
    for i, (t, unit) in enumerate([(0.05, True), (0.2, True), (0.5, True), (2.0, True), (5.0, False)]):
        za, zb = (weight_of(k + ".weight", [5, 7]).requires_grad_() for k in ("za", "zb"))
        loss = nt_xent(za, zb, t, unit)
        loss.backward()
        write_numbers("nt_xent_%d" % i, torch.cat([za.grad, zb.grad]))
        rows.append('    {", temperature: %g, normalize: %s", %s, nt_xent_%d, NULL},' %
                    (t, "true" if unit else "false", text(loss.item()), i))
    print("static const loss_case nt_xent_cases[] = {\n%s\n    {0},\n};" % "\n".join(rows))


# ---- (c) cross-entropy

def write_cross_entropy():
    print("\n/* Options of the loss (and which target); the loss, and its gradient for the logits. */")
    y, rows = labels(range(6), 5, 4), []
    hard = y.clone()
    hard[y < 0] = labels(range(6), 5)[y < 0]
    soft = (number_of("soft", [6, 5]) + 1) / 2
    cases = [("", "data.label", hard, {}), (", ignore_index: %d" % hard[1], "data.label", hard, {"ignore_index": int(hard[1])}),
             (", ignore_index: -1", "partly.label", y, {"ignore_index": -1}),
             (", label_smoothing: 0.1", "data.label", hard, {"label_smoothing": 0.1}),
             (", label_smoothing: 0.3, ignore_index: -1", "partly.label", y,
              {"ignore_index": -1, "label_smoothing": 0.3}),
             ("", "soft", soft, {}), (", label_smoothing: 0.2", "soft", soft, {"label_smoothing": 0.2})]
    for i, (options, target, t, kw) in enumerate(cases):
        x = (weight_of("logits.weight", [6, 5]) * 3).requires_grad_()
        loss = F.cross_entropy(x, t, **kw)
        loss.backward()
        write_numbers("cross_entropy_%d" % i, x.grad * 3)
        rows.append('    {"%s", %s, cross_entropy_%d, "%s"},' % (options, text(loss.item()), i, target))
    print("static const loss_case cross_entropy_cases[] = {\n%s\n    {0},\n};" % "\n".join(rows))


# ---- (d) training

def classifier():
    encoder = nn.Sequential(nn.Conv2d(3, 4, 3, 1, 1, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
                            nn.Conv2d(4, 8, 3, 1, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU())
    head = nn.Linear(8, 5)
    return nn.ModuleDict({"encoder": encoder, "head": head})


class LARS(torch.optim.Optimizer):
    """You et al. 2017: a layer's own rate on decayed parameters, plain momentum on the others; the rate comes last."""

    def __init__(self, groups, lr, momentum, eta=1e-3, nesterov=False):
        super().__init__(groups, dict(lr=lr, momentum=momentum, eta=eta, nesterov=nesterov, weight_decay=0))

    @torch.no_grad()
    def step(self):
        for g in self.param_groups:
            for p in g["params"]:
                d, wd, m = p.grad.clone(), g["weight_decay"], g["momentum"]
                if wd:
                    pn, gn = p.norm(), d.norm()
                    trust = g["eta"] * pn / (gn + wd * pn + 1e-8) if pn > 0 and gn > 0 else 1
                    d = (d + wd * p) * trust
                v = self.state[p].setdefault("v", torch.zeros_like(p))
                v.mul_(m).add_(d)
                p -= g["lr"] * (d + m * v if g["nesterov"] else v)


STEPS, BATCH, COUNT = 20, 8, 40


def run(make, dtype, rates=None, clip=0, split=None):
    """split(name, p): the options of a parameter's group. rates: the learning rate of every step."""
    nets = classifier()
    for k in nets:
        fill(k, nets[k])
    nets.to(dtype)
    nets.train()
    groups = []
    for name, p in nets.named_parameters():
        groups.append({"params": [p], **split(name, p)})
    optimizer = make(groups)
    losses = []
    for t in range(STEPS):
        ids = [(t * BATCH + i) % COUNT for i in range(BATCH)]
        x, y = images(ids, 8, 8, 3).to(dtype), labels(ids, 5)
        if rates:
            for g in optimizer.param_groups:
                g["lr"] = rates[t]
        loss = F.cross_entropy(nets["head"](nets["encoder"](x).mean((2, 3))), y)
        optimizer.zero_grad()
        loss.backward()
        if clip:
            nn.utils.clip_grad_norm_(nets.parameters(), clip)
        optimizer.step()
        losses.append(loss.item())
    return losses, {k: v.clone() for k, v in nets.state_dict().items() if "num_batches" not in k}


def decay(wd):
    return lambda name, p: {"weight_decay": wd if p.dim() > 1 else 0}


def cosine(start, end, steps, warmup):
    """By PyTorch's own schedule behind the warm-up."""
    p = nn.Parameter(torch.zeros(1))
    o = torch.optim.SGD([p], lr=start)
    s = torch.optim.lr_scheduler.CosineAnnealingLR(o, steps - warmup - 1, end)
    out = [start * (t + 1) / warmup for t in range(warmup)]
    while len(out) < steps:
        out.append(o.param_groups[0]["lr"])
        o.step()
        s.step()
    return out


def scheduled(make, steps):
    p = nn.Parameter(torch.zeros(1))
    o = torch.optim.SGD([p], lr=0.8)
    s, out = make(o), []
    for _ in range(steps):
        out.append(o.param_groups[0]["lr"])
        o.step()
        s.step()
    return out


def write_training():
    print("\n/* %d steps of a small classifier: the optimizer, the loss of every step, the weights at the end. */" % STEPS)
    S, A = torch.optim.SGD, torch.optim.AdamW
    head = lambda name, p: {"weight_decay": 0.01 if p.dim() > 1 else 0, "lr": 0.025 if "head" in name else 0.1}
    cases = [
        ("type: optimizer.sgd, lr: 0.1, momentum: 0", lambda g: S(g, lr=0.1), {"split": decay(0)}),
        ("type: optimizer.sgd, lr: 0.05, momentum: 0.9, weight_decay: 0.01",
         lambda g: S(g, lr=0.05, momentum=0.9), {"split": decay(0.01)}),
        ("type: optimizer.sgd, lr: 0.05, momentum: 0.9, nesterov: true, weight_decay: 0.01, exclude: []",
         lambda g: S(g, lr=0.05, momentum=0.9, nesterov=True), {"split": lambda n, p: {"weight_decay": 0.01}}),
        ("type: optimizer.sgd, lr: 0.05, momentum: 0.9, clip: 0.3",
         lambda g: S(g, lr=0.05, momentum=0.9), {"split": decay(0), "clip": 0.3}),
        ("type: optimizer.sgd, lr: 0.1, momentum: 0.5, weight_decay: 0.01, "
         "groups: [{group: {match: \\\"head.*\\\", lr_scale: 0.25}}]",
         lambda g: S(g, lr=0.1, momentum=0.5), {"split": head}),
        ("type: optimizer.adamw, lr: 0.01, weight_decay: 0.05", lambda g: A(g, lr=0.01), {"split": decay(0.05)}),
        ("type: optimizer.adamw, lr: {cosine: [0.02, 0], warmup: 4 steps}, weight_decay: 0.1, betas: [0.8, 0.95], "
         "clip: 0.5", lambda g: A(g, lr=0.02, betas=(0.8, 0.95)),
         {"split": decay(0.1), "clip": 0.5, "rates": cosine(0.02, 0, STEPS, 4)}),
        ("type: optimizer.lars, lr: 0.5, eta: 0.02, momentum: 0.9, weight_decay: 0.01",
         lambda g: LARS(g, lr=0.5, momentum=0.9, eta=0.02), {"split": decay(0.01)}),
        ("type: optimizer.lars, lr: {cosine: [1, 0], warmup: 4 steps}, eta: 0.01, nesterov: true, weight_decay: 1e-4",
         lambda g: LARS(g, lr=1.0, momentum=0.9, eta=0.01, nesterov=True),
         {"split": decay(1e-4), "rates": cosine(1.0, 0, STEPS, 4)}),
    ]
    rows = []
    for i, (options, make, kw) in enumerate(cases):
        losses, state = run(make, torch.float64, **kw)
        fl, fs = run(make, torch.float32, **kw)
        print("/* PyTorch in float is off by %.0e (loss) and %.0e (weights). */" %
              (max(abs(a - b) for a, b in zip(losses, fl)), far(state, fs)))
        write_numbers("training_%d_loss" % i, losses)
        write_rows("training_%d_end" % i, state)
        rows.append('    {"%s", training_%d_loss, training_%d_end},' % (options, i, i))
    print("static const training_case training_cases[] = {\n%s\n    {0},\n};" % "\n".join(rows))


def write_schedules():
    print("\n/* Learning rates by PyTorch's schedulers, 30 steps of 5 epochs. */")
    L = torch.optim.lr_scheduler
    cases = [("{cosine: [0.8, 0.1]}", cosine(0.8, 0.1, 30, 0)),
             ("{cosine: [0.8, 0.0], warmup: 2 epochs}", cosine(0.8, 0, 30, 12)),
             ("{linear: [0.8, 0.2]}", scheduled(lambda o: L.LinearLR(o, 1.0, 0.25, 29), 30)),
             ("{steps: 0.8, at: [12 steps, 20 steps]}", scheduled(lambda o: L.MultiStepLR(o, [12, 20], 0.1), 30))]
    for i, (_, rates) in enumerate(cases):
        write_numbers("schedule_%d" % i, rates)
    print("static const struct {\n    const char *yaml;\n    const double *rates;\n} schedule_cases[] = {\n%s\n};" %
          "\n".join('    {"%s", schedule_%d},' % (c[0], i) for i, c in enumerate(cases)))


# ---- two views of a step of SimCLR

def write_views():
    print("\n/* SimCLR, one step: views that share batch statistics (joint), and that do not. */")
    for mode in ("joint", "separate"):
        net = nn.Sequential(nn.Conv2d(3, 6, 3, 1, 1, bias=False), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2),
                            nn.Conv2d(6, 8, 3, 1, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU()).double()
        head = nn.Sequential(nn.Linear(8, 8, bias=False), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 5)).double()
        nets = nn.ModuleDict({"encoder": fill("encoder", net), "projector": fill("projector", head)})
        nets.train()
        a, b = images(range(6), 8, 8, 3), images(range(6), 8, 8, 3, "other")
        if mode == "joint":
            z = head(net(torch.cat([a, b])).mean((2, 3)))
            za, zb = z[:6], z[6:]
        else:
            features = [net(v).mean((2, 3)) for v in (a, b)]
            za, zb = (head(f) for f in features)
        loss = nt_xent(za, zb, 0.5)
        loss.backward()
        print("static const double views_%s_loss = %s;" % (mode, text(loss.item())))
        write_rows("views_%s_grads" % mode, {k: p.grad for k, p in nets.named_parameters()})
        write_rows("views_%s_stats" % mode, {k: v for k, v in nets.state_dict().items() if "running" in k})


def main():
    torch.manual_seed(0)
    print("/* Written by tests/parity/values.py with PyTorch %s and torchvision %s. */" %
          (torch.__version__, torchvision.__version__))
    print("#ifndef SDAG_TESTS_PARITY_VALUES_H\n#define SDAG_TESTS_PARITY_VALUES_H\n\n#include <stddef.h>\n#include <stdint.h>\n\n"
          "#include \"tests/support/golden.h\"\n")
    print("typedef struct loss_case {\n    const char *options;\n    double loss;\n    const double *grad;\n"
          "    const char *target;\n} loss_case; /* ends with no options */\n")
    print("typedef struct training_case {\n    const char *optimizer;\n    const double *loss;\n    const golden *end;\n"
          "} training_case;")
    write_network("small18", 18, True, 8, 16, 6)
    write_network("imagenet18", 18, False, 4, 36, 4)
    write_network("small50", 50, True, 4, 20, 5)
    write_nt_xent()
    write_cross_entropy()
    write_views()
    write_training()
    write_schedules()
    print("\n#endif")


if __name__ == "__main__":
    main()
