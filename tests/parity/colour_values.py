#!/usr/bin/env python3
"""Writes tests/nodes/colour_values.h: what pretext.colorize must make of a few pixels.

    python3 tests/parity/colour_values.py | clang-format-14 --assume-filename=colour_values.h > x
    mv x tests/nodes/colour_values.h

Formulas in double precision as scikit-image 0.19 (skimage.color.rgb2lab) and Zhang et al. 2016 have them. The bins are
found by looking at the colours of the whole cube of sRGB rather than at its rim.
"""
import math

from values import images, write_numbers

B, SIZE, SCALE = 3, 4, 110


def lab_of(rgb):
    u = [((c + 0.055) / 1.055) ** 2.4 if c > 0.04045 else c / 12.92 for c in rgb]
    rows = (0.412453, 0.357580, 0.180423), (0.212671, 0.715160, 0.072169), (0.019334, 0.119193, 0.950227)
    t = [sum(m * c for m, c in zip(row, u)) / w for row, w in zip(rows, (0.95047, 1, 1.08883))]
    x, y, z = [v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in t]
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def bins_of(grid):
    """The corners of all squares of the grid that hold a colour; the six faces of the cube hold the outermost ones."""
    level, found = [i / 255 for i in range(256)], set()
    for side in range(3):
        for end in (0.0, 1.0):
            for p in level:
                for q in level[::3]:
                    rgb = [p, q]
                    rgb.insert(side, end)
                    _, a, b = lab_of(rgb)
                    i, k = math.floor(a / grid), math.floor(b / grid)
                    corners = [(i, k), (i + 1, k), (i, k + 1), (i + 1, k + 1)]
                    found.update(c for c in corners if abs(c[0] * grid - a) < grid and abs(c[1] * grid - b) < grid)
    return [(i * grid, k * grid) for i, k in sorted(found)]


def far(p, q):
    return (p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2


def weights_of(labels, bins, uniform, sigma):
    n = len(bins)
    share = [labels.count(q) / len(labels) for q in range(n)]
    prior = [0.0] * n
    for r in set(labels):
        give = [math.exp(-far(q, bins[r]) / (2 * sigma * sigma)) if sigma else float(q == bins[r]) for q in bins]
        for q in range(n):
            prior[q] += share[r] * give[q] / sum(give)
    w = [1 / ((1 - uniform) * p + uniform / n) for p in prior]
    mean = sum(p * v for p, v in zip(prior, w))
    return [w[q] / mean for q in labels]


def main():
    pixels = images(range(B), SIZE, SIZE, 3).permute(0, 2, 3, 1).reshape(-1, 3).tolist()
    lab = [lab_of(p) for p in pixels]
    print("/* Written by tests/parity/colour_values.py. */")
    print("#ifndef SDAG_TESTS_NODES_COLOUR_VALUES_H\n#define SDAG_TESTS_NODES_COLOUR_VALUES_H\n")
    write_numbers("colour_l", [v[0] / 100 for v in lab])
    write_numbers("colour_ab", [c / SCALE for v in lab for c in v[1:]])
    for name, grid, uniform, sigma in (("10", 10, 0.5, 5), ("25", 25, 0.2, 0)):
        bins = bins_of(grid)
        labels = [min(range(len(bins)), key=lambda q: far(bins[q], v[1:])) for v in lab]
        write_numbers("colour_bins_" + name, [c / SCALE for q in bins for c in q])
        write_numbers("colour_label_" + name, labels)
        write_numbers("colour_weight_" + name, weights_of(labels, bins, uniform, sigma))
    print("\n#endif")


main()
