#!/usr/bin/env python3
"""A small labelled task made of a text: is a line as it was written, or were two of its letters swapped?

    python3 typos.py TEXT OUT [--train 1000] [--test 1000]

Writes OUT/typos_train.tsv and OUT/typos_test.tsv, a line each of "right" or "wrong", a TAB and the text. Lines of 20 to 32
characters are drawn, for training from the first 90 % of the text and for the test from the last 10 %, which source.text
leaves out of pre-training. In every other one, two neighbouring letters inside a word of four or more are swapped.
"""
import argparse
import os
import random
import re


def swap(line, draw):
    """The line with two different neighbouring letters of a word swapped, or None."""
    places = [i for m in re.finditer(r"[a-z]{4,}", line) for i in range(m.start(), m.end() - 1) if line[i] != line[i + 1]]
    if not places:
        return None
    i = draw.choice(places)
    return line[:i] + line[i + 1] + line[i] + line[i + 2:]


def write(path, text, count, draw):
    lines = sorted({x for x in text.split("\n") if 20 <= len(x) <= 32 and swap(x, random.Random(0))})
    draw.shuffle(lines)
    with open(path, "w", encoding="utf-8", newline="") as f:
        for i, line in enumerate(lines[:count]):
            f.write("wrong\t%s\n" % swap(line, draw) if i % 2 else "right\t%s\n" % line)
    print("%s: %d lines" % (path, min(count, len(lines))))


p = argparse.ArgumentParser()
p.add_argument("text")
p.add_argument("out")
p.add_argument("--train", type=int, default=1000)
p.add_argument("--test", type=int, default=1000)
a = p.parse_args()
text = open(a.text, encoding="utf-8", newline="").read()
cut = int(0.9 * len(text))
write(os.path.join(a.out, "typos_train.tsv"), text[:cut], a.train, random.Random(1))
write(os.path.join(a.out, "typos_test.tsv"), text[cut:], a.test, random.Random(2))
