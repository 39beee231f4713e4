#!/usr/bin/env python3
"""Weights of encoder.vit go to timm's VisionTransformer and back, and give the same features there.

    python3 tests/parity/timm_roundtrip.py [build/ssldag]        (needs PyTorch and timm: pip install timm)

There: a ViT is trained for two steps by ssldag; its safetensors file is loaded into timm's class with strict=True, and the
features of images are compared with those that an inference phase of the same run wrote. Back: weights that timm drew are
written as safetensors, with the classifier that the encoder does not need; `weights:` loads them, and the features are
compared again. Prints the largest differences; exit code 1 when one of them is 1e-4 or more, or anything fails.
"""
import os
import sys
import tempfile

import numpy as np
import timm
import torch
from timm.models.vision_transformer import VisionTransformer

from torchvision_roundtrip import LIMIT, SINKS, read_safetensors, run, write_safetensors

CASES = [  # name, source, size, channels, options of both
    ("digits 8x8, class token", "{type: source.digits, fraction: 0.2, batch: 32}", (8, 8), 1,
     "patch: 2, width: 48, layers: 3, heads: 4", dict(patch_size=2, embed_dim=48, depth=3, num_heads=4)),
    ("random 32x48, mean", "{type: source.random, count: 40, size: [32, 48], batch: 16}", (32, 48), 3,
     "patch: 8, width: 64, layers: 2, heads: 2, pool: mean, class_token: false, mlp_ratio: 2",
     dict(patch_size=8, embed_dim=64, depth=2, num_heads=2, mlp_ratio=2, class_token=False, global_pool="avg",
          fc_norm=False)),
    ("random 224x224, ViT-Tiny/16", "{type: source.random, count: 8, size: 224, batch: 4}", (224, 224), 3,
     "patch: 16, width: 192, layers: 12, heads: 3", dict(patch_size=16, embed_dim=192, depth=12, num_heads=3)),
]


def network(size, channels, options):
    return VisionTransformer(img_size=size, in_chans=channels, num_classes=10, **options)


def features(net, pixels):
    net.eval()
    with torch.no_grad():
        x = net.forward_features(torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous())
        return net.forward_head(x, pre_logits=True).numpy()


def there(program, folder, source, size, channels, yaml, options):
    out = run(program, folder, "there", (
        "  train:\n    steps: 2\n    nodes:\n      data: %s\n"
        "      encoder: {type: encoder.vit, in: data, %s}\n"
        "      head: {type: head.classifier, in: encoder, classes: 10}\n"
        "      loss: {type: loss.cross_entropy, in: {logits: head, target: data.label}}\n"
        "      optimizer: {type: optimizer.adamw, in: loss, lr: 1e-3}\n"
        "  infer:\n    nodes:\n      data: %s\n      encoder: {use: train.encoder, in: data}\n%s")
        % (source.replace("}", ", classes: 10}") if "random" in source else source, yaml, source, SINKS))
    net = network(size, channels, options)
    net.reset_classifier(0)
    net.load_state_dict(read_safetensors(os.path.join(out, "weights", "train.encoder.safetensors")), strict=True)
    return out, net


def back(program, folder, source, size, channels, yaml, options):
    net = network(size, channels, options)
    with torch.no_grad():
        for t in net.parameters():
            if t.dim() == 1:
                t.add_(torch.randn_like(t) * 0.2)
    write_safetensors(os.path.join(folder, "torch.safetensors"), net.state_dict())
    out = run(program, folder, "back", (
        "  infer:\n    nodes:\n      data: %s\n"
        "      encoder: {type: encoder.vit, in: data, %s, weights: torch.safetensors}\n%s") % (source, yaml, SINKS))
    return out, net


def main():
    program = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build/ssldag")
    torch.manual_seed(0)
    failed = False
    print("timm %s, PyTorch %s" % (timm.__version__, torch.__version__))
    for name, source, *rest in CASES:
        for way in (there, back):
            with tempfile.TemporaryDirectory() as folder:
                out, net = way(program, folder, source, *rest)
                have, pixels = (np.load(os.path.join(out, f)) for f in ("features.npy", "pixels.npy"))
                want = features(net, pixels)
            off = np.abs(have - want).max() if have.shape == want.shape else np.inf
            ok = off < LIMIT
            failed |= not ok
            print("%-28s %-10s %4d images, features up to %5.2f, largest difference %.1e  %s" %
                  (name, "to timm" if way is there else "from timm", len(want), np.abs(want).max(), off,
                   "ok" if ok else "FAILED"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
