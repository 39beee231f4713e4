#!/usr/bin/env python3
"""Writes tests/parity/vit_values.h: vision transformers by PyTorch, for tests/parity/test_vit.c.

Run with Debian's python3-torch and python3-torchvision:
    python3 tests/parity/vit_values.py | clang-format-14 --assume-filename=vit_values.h > x && mv x tests/parity/vit_values.h

Weights are by formula, under timm's names; the forward pass is written out here, in double precision. That timm's own
class gives the same is shown by tests/parity/timm_roundtrip.py. A case is the nodes in YAML, and the same network.
"""
import math

import torch
from torch.nn import functional as F

from transformer_values import Weights
from values import far, images, number_of, text, write_numbers, write_rows

BATCH, SIDE, CHANNELS, PATCH, WIDTH = 3, 8, 3, 2, 12
GRID = SIDE // PATCH
TOKENS = GRID * GRID
VISIBLE = torch.tensor([[3 * k + (b + k) % 3 for k in range(5)] for b in range(BATCH)])
MASK = torch.tensor([[float((i * i + b) % 3 == 0) for i in range(TOKENS)] for b in range(BATCH)])


def sincos(width):
    """f64[1,N,D]: MAE's table. The first half tells the column, the second the row."""
    def of(at):
        w = 1 / 10000 ** (torch.arange(width // 4, dtype=torch.float64) / (width / 4))
        return torch.cat([torch.sin(at[:, None] * w), torch.cos(at[:, None] * w)], 1)
    y, x = torch.meshgrid(torch.arange(GRID), torch.arange(GRID), indexing="ij")
    return torch.cat([of(x.reshape(-1).double()), of(y.reshape(-1).double())], 1)[None]


class Net:
    def __init__(self, dtype):
        self.w, self.dtype = Weights(dtype), dtype

    def norm(self, name, x):
        d = x.shape[-1]
        return F.layer_norm(x, [d], self.w.get(name + ".weight", d), self.w.get(name + ".bias", d), 1e-6)

    def dense(self, name, x, out):
        return x @ self.w.get(name + ".weight", out, x.shape[-1]).t() + self.w.get(name + ".bias", out)

    def blocks(self, n, x, layers, heads, ratio=4):
        b, t, d = x.shape
        for i in range(layers):
            m = "%sblocks.%d." % (n, i)
            q, k, v = self.dense(m + "attn.qkv", self.norm(m + "norm1", x), 3 * d).split(d, 2)
            q, k, v = (u.reshape(b, t, heads, -1).transpose(1, 2) for u in (q, k, v))
            y = torch.softmax(q @ k.transpose(2, 3) / math.sqrt(d // heads), -1) @ v
            x = x + self.dense(m + "attn.proj", y.transpose(1, 2).reshape(b, t, d), d)
            y = F.gelu(self.dense(m + "mlp.fc1", self.norm(m + "norm2", x), int(ratio * d)))
            x = x + self.dense(m + "mlp.fc2", y, d)
        return self.norm(n + "norm", x)

    def positions(self, n, kind, before, width):
        if kind == "sincos":
            return sincos(width).to(self.dtype), 0
        all = self.w.get(n + "pos_embed", 1, before + TOKENS, width)
        return all[:, before:], all[:, :before]

    def encoder(self, x, layers, heads, kind="learned", cls=True, pool="class", visible=None, mask=None):
        n = "encoder."
        weight = self.w.get(n + "patch_embed.proj.weight", WIDTH, CHANNELS, PATCH, PATCH)
        t = F.conv2d(x, weight, self.w.get(n + "patch_embed.proj.bias", WIDTH), PATCH).flatten(2).transpose(1, 2)
        if mask is not None:
            m = mask.to(self.dtype)[..., None]
            t = t * (1 - m) + m * self.w.get(n + "mask_token", 1, 1, WIDTH)
        pos, prefix = self.positions(n, kind, int(cls), WIDTH)
        t = t + pos
        if visible is not None:
            t = torch.gather(t, 1, visible[..., None].expand(-1, -1, WIDTH))
        if cls:
            t = torch.cat([(self.w.get(n + "cls_token", 1, 1, WIDTH) + prefix).expand(BATCH, -1, -1), t], 1)
        t = self.blocks(n, t, layers, heads)
        return (t[:, 0] if pool == "class" else t[:, int(cls):].mean(1)), t[:, int(cls):]

    def decoder(self, x, width, layers, heads, kind, visible, ratio):
        n = "decoder."
        x = self.dense(n + "embed", x, width)
        t = self.w.get(n + "mask_token", 1, 1, width).expand(BATCH, TOKENS, -1)
        t = torch.scatter(t, 1, visible[..., None].expand(-1, -1, width), x)
        return self.blocks(n, t + self.positions(n, kind, 0, width)[0], layers, heads, ratio)

    def pixels(self, x):
        """f[B,H,W,C] from f[B,N,D], by MAE's own words: nhwpqc -> nhpwqc."""
        x = self.dense("pixels", x, PATCH * PATCH * CHANNELS).reshape(BATCH, GRID, GRID, PATCH, PATCH, CHANNELS)
        return torch.einsum("nhwpqc->nhpwqc", x).reshape(BATCH, SIDE, SIDE, CHANNELS)


def encoder_line(options, wires="data"):
    return "encoder: {type: encoder.vit, in: %s, patch: 2, width: 12, %s}" % (wires, options)


PIXELS = "pixels: {type: head.pixels, in: %s, patch: 2, channels: 3}"
CASES = [
    ("ViT", [encoder_line("layers: 2, heads: 3")], "encoder",
     lambda net, x: net.encoder(x, 2, 3)[0]),
    ("ViT, mean of the patches, fixed positions",
     [encoder_line("layers: 1, heads: 2, positions: sincos, class_token: false, pool: mean")], "encoder",
     lambda net, x: net.encoder(x, 1, 2, "sincos", False, "mean")[0]),
    ("ViT, mean beside a class token", [encoder_line("layers: 1, heads: 1, pool: mean")], "encoder",
     lambda net, x: net.encoder(x, 1, 1, pool="mean")[0]),
    ("SimMIM", ["hide: {type: test.hide, in: data}",
                encoder_line("layers: 1, heads: 2", "{x: data, mask: hide.mask}"), PIXELS % "encoder.tokens"], "pixels",
     lambda net, x: net.pixels(net.encoder(x, 1, 2, mask=MASK)[1])),
    ("MAE", ["hide: {type: test.hide, in: data}",
             encoder_line("layers: 2, heads: 2, positions: sincos", "{x: data, visible: hide.visible}"),
             "decoder: {type: decoder.transformer, in: {x: encoder.tokens, visible: hide.visible}, width: 8, layers: 1, "
             "heads: 2, mlp_ratio: 2}", PIXELS % "decoder"], "pixels",
     lambda net, x: net.pixels(net.decoder(net.encoder(x, 2, 2, "sincos", visible=VISIBLE)[1], 8, 1, 2, "sincos", VISIBLE,
                                           2))),
    ("MAE, learned positions, no class token",
     ["hide: {type: test.hide, in: data}",
      encoder_line("layers: 1, heads: 2, class_token: false, pool: mean", "{x: data, visible: hide.visible}"),
      "decoder: {type: decoder.transformer, in: {x: encoder.tokens, visible: hide.visible}, width: 6, layers: 1, "
      "heads: 1, positions: learned}", PIXELS % "decoder"], "pixels",
     lambda net, x: net.pixels(net.decoder(net.encoder(x, 1, 2, "learned", False, "mean", VISIBLE)[1], 6, 1, 1, "learned",
                                           VISIBLE, 4))),
]


def run(dtype, make):
    net = Net(dtype)
    y = make(net, images(range(BATCH), SIDE, SIDE, CHANNELS).to(dtype))
    loss = (y * number_of("functional", list(y.shape)).to(dtype)).sum()
    loss.backward()
    return y, loss, {n: t.grad for n, t in net.w.items() if t.grad is not None}


def main():
    print("/* Written by tests/parity/vit_values.py with PyTorch %s. */" % torch.__version__)
    print("#ifndef SDAG_TESTS_PARITY_VIT_VALUES_H\n#define SDAG_TESTS_PARITY_VIT_VALUES_H\n\n"
          '#include "tests/support/golden.h"\n')
    print("/* Ends with nothing. y: the first value of the node named last. */")
    print("typedef struct vit_case {\n    const char *what, *nodes, *last;\n    double loss;\n"
          "    const golden *y, *grads;\n} vit_case;")
    rows = []
    for i, (what, nodes, last, make) in enumerate(CASES):
        (y, loss, grads), (small, small_loss, small_grads) = run(torch.float64, make), run(torch.float32, make)
        print("\n/* %s: PyTorch in float is off by %.0e (value), %.0e (loss), %.0e (gradients). */" %
              (what, far({"y": y}, {"y": small}), abs(small_loss.item() / loss.item() - 1), far(grads, small_grads)))
        write_rows("y_%d" % i, {last + "." + ("features" if last == "encoder" else "image"): y})
        write_rows("grads_%d" % i, grads)
        lines = "\n".join('     "      %s\\n"' % n for n in nodes)
        rows.append('    {"%s",\n%s,\n     "%s", %s, y_%d, grads_%d},' % (what, lines, last, text(loss.item()), i, i))
    print("\nstatic const vit_case cases[] = {\n" + "\n".join(rows) + "\n    {0},\n};")
    print("\n#endif")


if __name__ == "__main__":
    main()
