#!/usr/bin/env python3
"""Weights go to torchvision and back, and give the same features there.

    python3 tests/parity/torchvision_roundtrip.py [build/ssldag]        (needs Debian's python3-torch, python3-torchvision)

There: a ResNet-18 is trained for two steps by ssldag; its safetensors file is loaded into torchvision.models.resnet18 with
strict=True, and the features of images are compared with those that an inference phase of the same run wrote.
Back: weights and statistics that PyTorch drew at random are written as safetensors, with the classifier that the encoder
does not need; `weights:` loads them, and the features are compared again.
Prints the largest differences; exit code 1 when one of them is 1e-4 or more, or anything fails.
"""
import json
import os
import struct
import subprocess
import sys
import tempfile

import numpy as np
import torch
import torchvision
from torch import nn

LIMIT = 1e-4
DTYPES = {"F32": np.float32, "I64": np.int64, "I32": np.int32}

CASES = [  # name, source, stem, channels
    ("digits 8x8, small stem", "{type: source.digits, fraction: 0.2, batch: 32}", "small", 1),
    ("random 32x32, small stem", "{type: source.random, count: 40, size: 32, batch: 16}", "small", 3),
    ("random 70x64, ImageNet stem", "{type: source.random, count: 20, size: [70, 64], batch: 8}", "imagenet", 3),
]


def read_safetensors(path):
    with open(path, "rb") as f:
        length, = struct.unpack("<Q", f.read(8))
        header, data = json.loads(f.read(length)), f.read()
    out = {}
    for name, e in header.items():
        if name == "__metadata__":
            continue
        begin, end = e["data_offsets"]
        x = np.frombuffer(data[begin:end], DTYPES[e["dtype"]]).reshape(e["shape"])
        out[name] = torch.from_numpy(x.copy())
    return out


def write_safetensors(path, tensors):
    header, data = {"__metadata__": {"format": "pt"}}, b""
    names = {np.dtype(t): name for name, t in DTYPES.items()}
    for name, t in tensors.items():
        x = np.asarray(t.detach().numpy(), order="C")
        header[name] = {"dtype": names[x.dtype], "shape": list(x.shape), "data_offsets": [len(data), len(data) + x.nbytes]}
        data += x.tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


def run(program, folder, name, phases):
    path, out = os.path.join(folder, name + ".yaml"), os.path.join(folder, name)
    with open(path, "w") as f:
        f.write("version: 1\nname: %s\nseed: 5\nphases:\n%s" % (name, phases))
    done = subprocess.run([program, "run", path, "--out", out], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit("%s run %s: exit code %d\n%s" % (program, path, done.returncode, done.stdout))
    return out


def network(stem, channels):
    net = torchvision.models.resnet18()
    if stem == "small":
        net.conv1 = nn.Conv2d(channels, 64, 3, 1, 1, bias=False)
        net.maxpool = nn.Identity()
    return net


def features(net, pixels):
    net.fc = nn.Identity()
    net.eval()
    with torch.no_grad():
        return net(torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous()).numpy()


SINKS = ("      features: {type: sink.npy, in: encoder, path: features.npy}\n"
         "      pixels: {type: sink.npy, in: data.image, path: pixels.npy}\n")


def there(program, folder, source, stem, channels):
    out = run(program, folder, "there", (
        "  train:\n    steps: 2\n    nodes:\n      data: %s\n"
        "      encoder: {type: encoder.resnet, in: data, depth: 18, stem: %s, width: 64}\n"
        "      head: {type: head.classifier, in: encoder, classes: 10}\n"
        "      loss: {type: loss.cross_entropy, in: {logits: head, target: data.label}}\n"
        "      optimizer: {type: optimizer.sgd, in: loss, lr: 0.01}\n"
        "  infer:\n    nodes:\n      data: %s\n      encoder: {use: train.encoder, in: data}\n%s")
        % (source, stem, source, SINKS))
    state = read_safetensors(os.path.join(out, "weights", "train.encoder.safetensors"))
    assert state["bn1.num_batches_tracked"].dtype == torch.int64 and int(state["bn1.num_batches_tracked"]) == 2
    net = network(stem, channels)
    net.fc = nn.Identity()
    net.load_state_dict(state, strict=True)
    return out, net


def back(program, folder, source, stem, channels):
    net = network(stem, channels)
    with torch.no_grad():
        for name, t in net.state_dict().items():
            if name.endswith("running_var") or (t.dim() == 1 and name.endswith("weight")):
                t.uniform_(0.5, 1.5)
            elif t.dim() == 1:
                t.normal_(0, 0.2)
    write_safetensors(os.path.join(folder, "torch.safetensors"), net.state_dict())
    out = run(program, folder, "back", (
        "  infer:\n    nodes:\n      data: %s\n"
        "      encoder: {type: encoder.resnet, in: data, depth: 18, stem: %s, width: 64, weights: torch.safetensors}\n%s")
        % (source, stem, SINKS))
    return out, net


def main():
    program = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build/ssldag")
    torch.manual_seed(0)
    failed = False
    for name, source, stem, channels in CASES:
        for way in (there, back):
            with tempfile.TemporaryDirectory() as folder:
                out, net = way(program, folder, source, stem, channels)
                have, pixels = (np.load(os.path.join(out, f)) for f in ("features.npy", "pixels.npy"))
                want = features(net, pixels)
            off = np.abs(have - want).max() if have.shape == want.shape else np.inf
            ok = off < LIMIT
            failed |= not ok
            print("%-28s %-18s %5d images, features up to %5.2f, largest difference %.1e  %s" %
                  (name, "to torchvision" if way is there else "from PyTorch", len(want), np.abs(want).max(), off,
                   "ok" if ok else "FAILED"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
