#!/usr/bin/env python3
"""Writes tests/parity/decoder_values.h: decoders of images by PyTorch, for tests/parity/test_decoders.c.

Run with Debian's python3-torch and python3-torchvision:
    python3 tests/parity/decoder_values.py | clang-format-14 --assume-filename=decoder_values.h > x &&
        mv x tests/parity/decoder_values.h

A case is a piece of YAML whose weights are by formula (tests/support/formula.h), and the same network as a plain
torch.nn.Sequential with the same names. The loss is a fixed linear functional of the image, channels last.
"""
import torch
from torch import nn

from values import far, fill, images, numbers, write_rows


def up(before, width, norm):
    layers = [nn.Conv2d(before, width, 3, 1, 1, bias=not norm)] + ([nn.BatchNorm2d(width)] if norm else [])
    return layers + [nn.ReLU(), nn.Upsample(scale_factor=2)]


def decoder(before, widths, channels, norm=True, start=None):
    """start: height and width of the first map that is made of a code; None: x is a map already."""
    layers = []
    if start:
        h, w = start
        layers = [nn.Linear(before, widths[0] * h * w), nn.Unflatten(1, (widths[0], h, w))]
        layers += ([nn.BatchNorm2d(widths[0])] if norm else []) + [nn.ReLU()]
        before = widths[0]
    for width in widths:
        layers += up(before, width, norm)
        before = width
    return nn.Sequential(*layers, nn.Conv2d(before, channels, 3, 1, 1))


class Code(nn.Module):
    """test.weight"""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(6, 5))

    def forward(self):
        return self.weight


class Map(nn.Module):
    """encoder.cnn, its output `map`"""

    def __init__(self):
        super().__init__()
        for i, (a, b) in enumerate([(3, 4), (4, 6)]):
            self.add_module(str(4 * i), nn.Conv2d(a, b, 3, 1, 1, bias=False))
            self.add_module(str(4 * i + 1), nn.BatchNorm2d(b))

    def forward(self):
        m = self._modules
        x = torch.relu(m["1"](m["0"](images(range(5), 8, 8, 3).to(m["0"].weight.dtype))))
        return torch.relu(m["5"](m["4"](nn.functional.max_pool2d(x, 2))))


CASES = [
    ("code: {type: test.weight, rows: 6, width: 5}",
     "in: code, widths: [6, 4], size: [8, 12], channels: 3, activation: sigmoid",
     lambda: {"code": Code(), "decoder": decoder(5, [6, 4], 3, start=(2, 3))}, torch.sigmoid),
    ("code: {type: test.weight, rows: 6, width: 5}", "in: code, widths: [3], size: 6, norm: false, activation: tanh",
     lambda: {"code": Code(), "decoder": decoder(5, [3], 1, norm=False, start=(3, 3))}, torch.tanh),
    ("data: {type: source.formula, size: 8, channels: 3, batch: 5}\\n"
     "      encoder: {type: encoder.cnn, in: data, widths: [4, 6]}",
     "in: encoder.map, widths: [5], channels: 2",
     lambda: {"encoder": Map(), "decoder": decoder(6, [5], 2)}, lambda x: x),
]


def run(make, act, dtype, train):
    nets = nn.ModuleDict({k: fill(k, v) for k, v in make().items()}).to(dtype).train(train)
    first = next(k for k in nets if k != "decoder")
    y = act(nets["decoder"](nets[first]())).permute(0, 2, 3, 1)
    loss = (y.reshape(-1) * torch.from_numpy(numbers("functional", y.numel())).to(dtype)).sum()
    loss.backward()
    stats = {k: v.clone() for k, v in nets.state_dict().items() if "running" in k}
    return y, {k: p.grad for k, p in nets.named_parameters()}, stats


def main():
    print("/* Written by tests/parity/decoder_values.py with PyTorch %s. */" % torch.__version__)
    print("#ifndef SDAG_TESTS_PARITY_DECODER_VALUES_H\n#define SDAG_TESTS_PARITY_DECODER_VALUES_H\n")
    print('#include "tests/support/golden.h"\n')
    print("typedef struct decoder_case {\n    const char *nodes, *decoder; /* YAML */\n"
          "    const golden *eval, *train, *grads, *stats; /* image in inference and in training, ... */\n"
          "} decoder_case; /* ends with no nodes */\n")
    rows = []
    for i, (nodes, options, make, act) in enumerate(CASES):
        y, grads, stats = run(make, act, torch.float64, True)
        fy, fgrads, _ = run(make, act, torch.float32, True)
        print("/* PyTorch in float is off by %.0e (image) and %.0e (gradients). */" %
              (far({"y": y}, {"y": fy}), far(grads, fgrads)))
        write_rows("case_%d_eval" % i, {"decoder.image": run(make, act, torch.float64, False)[0]})
        write_rows("case_%d_train" % i, {"decoder.image": y})
        write_rows("case_%d_grads" % i, grads)
        write_rows("case_%d_stats" % i, stats)
        rows.append('    {"%s", "%s", case_%d_eval, case_%d_train, case_%d_grads, case_%d_stats},' %
                    (nodes, options, i, i, i, i))
    print("static const decoder_case decoder_cases[] = {\n%s\n    {0},\n};\n\n#endif" % "\n".join(rows))


main()
