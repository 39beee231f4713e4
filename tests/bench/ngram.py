#!/usr/bin/env python3
"""What a hidden character of held-out text costs without a network: interpolated n-grams, in nats a character.

    python3 tests/bench/ngram.py TEXT [--left 5] [--side 4] [--context 64]

The last 10 % of the text are held out, as source.text has it. Every estimate is mixed with that of a shorter context by
Witten and Bell's rule (1991): P(c | h) = (n(h, c) + t(h) P(c | shorter h)) / (n(h) + t(h)), where t(h) is how many
different characters followed h; the last resort is 1 / V. Three figures:

    left     up to LEFT characters before it are known, all as they are: a language model
    sides    up to SIDE characters before it and SIDE behind it are known, all as they are
    masked   the same as a model sees it that is trained to fill in masks (Devlin et al. 2019): windows of CONTEXT, 15 %
             of their characters chosen, of these 80 % hidden, 10 % replaced, 10 % left; a hidden one ends the context on its
             side. What stands at the place itself is used as well: it is right in half of the cases where it is not hidden.
"""
import argparse
import math
import random


def grow(left, right, most_left, most_right):
    """Contexts (l, r) from none to the longest, one character more each time, the two sides in turn."""
    l, r, out = 0, 0, [(0, 0)]
    while l < min(left, most_left) or r < min(right, most_right):
        if l < min(left, most_left) and (l <= r or r >= min(right, most_right)):
            l += 1
        else:
            r += 1
        out.append((l, r))
    return out


def queries(text, places):
    """For each place the contexts that are known there, short ones first, as (l, r, text before + text behind)."""
    return [[(l, r, text[i - l:i] + text[i + 1:i + 1 + r]) for l, r in path] for i, text, path in places]


def count(train, wanted):
    """n(h, c) of the contexts that are asked for."""
    tables = {}
    for l, r, h in wanted:
        tables.setdefault((l, r), {})[h] = {}
    for (l, r), table in tables.items():
        for i in range(l, len(train) - r):
            found = table.get(train[i - l:i] + train[i + 1:i + 1 + r])
            if found is not None:
                found[train[i]] = found.get(train[i], 0) + 1
    return tables


def probability(tables, path, c, size):
    p = 1 / size
    for l, r, h in path:
        n = tables[l, r][h]
        if n:
            p = (n.get(c, 0) + len(n) * p) / (sum(n.values()) + len(n))
    return p


def cost(train, places, truths, seen, vocabulary):
    """Mean of -log P(truth); seen: what stands at the place, None where hidden."""
    paths = queries(None, places)
    tables, total = count(train, {q for path in paths for q in path}), 0.0
    for path, truth, here in zip(paths, truths, seen):
        if here is None:
            p = probability(tables, path, truth, len(vocabulary))
        else:  # P(c | context, here) = P(c | context) (1/2 [c = here] + 1/2 1/V), normalised
            share = 0.5 / len(vocabulary)
            weight = lambda c: probability(tables, path, c, len(vocabulary)) * ((c == here) * 0.5 + share)
            p = weight(truth) / (0.5 * probability(tables, path, here, len(vocabulary)) + share)
        total -= math.log(p)
    return total / len(truths)


def masked_places(val, context, side, vocabulary):
    draw, places, truths, seen = random.Random(1), [], [], []
    for start in range(0, len(val) - context, context):
        window = list(val[start:start + context])
        chosen = sorted(draw.sample(range(context), max(1, int(0.15 * context + 0.5))))
        for i in chosen:
            u = draw.random()
            window[i] = None if u < 0.8 else draw.choice(vocabulary) if u < 0.9 else window[i]
        for i in chosen:
            l = next((k for k in range(side) if i - k - 1 < 0 or window[i - k - 1] is None), side)
            r = next((k for k in range(side) if i + k + 1 >= context or window[i + k + 1] is None), side)
            shown = "".join(c or "\0" for c in window)
            places.append((i, shown, grow(l, r, side, side)))
            truths.append(val[start + i])
            seen.append(window[i])
    return places, truths, seen


def main():
    p = argparse.ArgumentParser()
    p.add_argument("text")
    for name, default in (("left", 5), ("side", 4), ("context", 64)):
        p.add_argument("--" + name, type=int, default=default)
    a = p.parse_args()
    text = open(a.text, encoding="utf-8", newline="").read()
    cut, vocabulary = int(0.9 * len(text)), sorted(set(text))
    train, val = text[:cut], text[cut:]
    whole = range(max(a.left, a.side), len(val) - a.side)
    truths, hidden = [val[i] for i in whole], [None] * len(whole)
    left, sides = grow(a.left, 0, a.left, 0), grow(a.side, a.side, a.side, a.side)
    print("left    %.3f" % cost(train, [(i, val, left) for i in whole], truths, hidden, vocabulary))
    print("sides   %.3f" % cost(train, [(i, val, sides) for i in whole], truths, hidden, vocabulary))
    print("masked  %.3f" % cost(train, *masked_places(val, a.context, a.side, vocabulary), vocabulary))


main()
