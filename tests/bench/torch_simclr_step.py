#!/usr/bin/python3
"""The step of examples/simclr/bench.yaml in PyTorch, to be timed beside `ssldag bench`.

usage: torch_simclr_step.py [--width 64] [--batch 64] [--threads 2] [--steps 3]
needs: python3-torch (Debian) or any newer torch.

2*batch random 3x32x32 views -> ResNet-18 with a 3x3 stem and no pooling, its widths scaled by width/64 -> 512-ReLU-128
projector -> NT-Xent (T 0.5) -> backward -> SGD with momentum 0.9 and decay 5e-4. Prints one JSON line; the best step counts.
"""
import argparse
import json
import resource
import time

import torch
import torch.nn.functional as F
from torch import nn

args = argparse.ArgumentParser()
for name, default in (("width", 64), ("batch", 64), ("threads", 2), ("steps", 3)):
    args.add_argument("--" + name, type=int, default=default)
args = args.parse_args()
torch.manual_seed(0)
torch.set_num_threads(args.threads)


def conv_bn(i, o, size, stride):
    return nn.Sequential(nn.Conv2d(i, o, size, stride, size // 2, bias=False), nn.BatchNorm2d(o))


class Residual(nn.Module):
    def __init__(self, i, o, stride):
        super().__init__()
        self.first, self.second = conv_bn(i, o, 3, stride), conv_bn(o, o, 3, 1)
        self.shortcut = nn.Identity() if i == o and stride == 1 else conv_bn(i, o, 1, stride)

    def forward(self, x):
        return F.relu(self.second(F.relu(self.first(x), inplace=True)) + self.shortcut(x), inplace=True)


def network(w):
    layers, channels = [conv_bn(3, w, 3, 1), nn.ReLU(inplace=True)], w
    for stage in range(4):
        for block in range(2):
            layers.append(Residual(channels, w << stage, 2 if stage and not block else 1))
            channels = w << stage
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 512), nn.ReLU(inplace=True), nn.Linear(512, 128)]
    return nn.Sequential(*layers, *head)


net = network(args.width)
optimizer = torch.optim.SGD(net.parameters(), lr=0.03, momentum=0.9, weight_decay=5e-4)
views = torch.rand(2 * args.batch, 3, 32, 32)
same = torch.eye(2 * args.batch, dtype=torch.bool)
partner = torch.arange(2 * args.batch).roll(args.batch)
seconds = []
for step in range(args.steps + 1):
    began = time.perf_counter()
    z = F.normalize(net(views))
    loss = F.cross_entropy((z @ z.t() / 0.5).masked_fill(same, -float("inf")), partner)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    loss.item()
    seconds.append(time.perf_counter() - began)
best = min(seconds[1:])
print(json.dumps({"torch": torch.__version__, "threads": args.threads, "width": args.width, "batch": args.batch, "step_s": round(best, 4),
                  "views_per_s": round(2 * args.batch / best, 1),
                  "max_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}))
