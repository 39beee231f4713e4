#!/usr/bin/env python3
"""Writes tests/nodes/augment_values.h: what torchvision makes of a small picture when nothing is left to chance.

Run with Debian's python3-torchvision:  python3 tests/parity/augment_values.py > tests/nodes/augment_values.h
"""
import torch
import torchvision
import torchvision.transforms.functional as F
from torchvision.transforms import InterpolationMode as M

H, W, C = 9, 7, 3


def picture(channels):
    n = torch.arange(H * W * channels)
    return ((n * 37 + n * n * 11 + 5) % 256).reshape(H, W, channels).permute(2, 0, 1).float() / 255


def cases():
    x, g = picture(3), picture(1)
    yield "resize_5x4", F.resize(x, [5, 4], M.BILINEAR, antialias=True)
    yield "resize_13x10", F.resize(x, [13, 10], M.BILINEAR, antialias=True)
    yield "resize_5x4_cubic", F.resize(x, [5, 4], M.BICUBIC, antialias=True).clamp(0, 1)
    yield "resize_13x10_cubic", F.resize(x, [13, 10], M.BICUBIC, antialias=True).clamp(0, 1)
    yield "resize_shorter_5", F.resize(x, 5, M.BILINEAR, antialias=True)
    yield "resize_crop", F.center_crop(F.resize(x, 6, M.BILINEAR, antialias=True), [5, 4])
    yield "center_crop_4x5", F.center_crop(x, [4, 5])
    yield "center_crop_12x4", F.center_crop(x, [12, 4])
    yield "horizontal_flip", F.hflip(x)
    yield "vertical_flip", F.vflip(x)
    yield "brightness", F.adjust_brightness(x, 1.7)
    yield "contrast", F.adjust_contrast(x, 0.4)
    yield "contrast_gray", F.adjust_contrast(g, 1.6)
    yield "saturation", F.adjust_saturation(x, 1.8)
    yield "hue_up", F.adjust_hue(x, 0.3)
    yield "hue_down", F.adjust_hue(x, -0.45)
    yield "grayscale", F.rgb_to_grayscale(x, 3)
    yield "blur_5", F.gaussian_blur(x, [5, 5], [1.3, 1.3])
    yield "blur_auto", F.gaussian_blur(x, [9, 9], [1.3, 1.3])
    yield "solarize", F.solarize(x, 0.4)
    yield "normalize", F.normalize(x, [0.5, 0.4, 0.3], [0.2, 0.3, 0.4])
    yield "affine", F.affine(x, 20.0, [0, 0], 1.2, [10.0, 0.0], M.BILINEAR)
    yield "affine_gray", F.affine(g, -35.0, [0, 0], 0.8, [5.0, -12.0], M.BILINEAR)
    yield "affine_nearest", F.affine(x, 20.0, [0, 0], 1.2, [10.0, 0.0], M.NEAREST)


print("/* Written by tests/parity/augment_values.py with torchvision %s. Pictures are [H,W,C]. */" % torchvision.__version__)
print("#include <stdint.h>\n")
print("typedef struct augment_value {\n    const char *name;\n    int64_t h, w, c;\n    const float *at;\n} augment_value;\n")
rows = []
for name, y in cases():
    c, h, w = y.shape
    flat = y.permute(1, 2, 0).reshape(-1).tolist()
    print("static const float value_%s[] = {" % name)
    for i in range(0, len(flat), 10):
        print("    " + " ".join("%.6gf," % v if ("." in "%.6g" % v or "e" in "%.6g" % v) else "%.1ff," % v
                               for v in flat[i:i + 10]))
    print("};")
    rows.append('    {"%s", %d, %d, %d, value_%s},' % (name, h, w, c, name))
print("\nstatic const augment_value augment_values[] = {\n%s\n    {0},\n};" % "\n".join(rows))
