#!/usr/bin/env python3
"""Writes tests/parity/loss_values.h: losses and their gradients by PyTorch, for tests/parity/test_losses.c.

Run with Debian's python3-torch and python3-torchvision:
    python3 tests/parity/loss_values.py | clang-format-14 --assume-filename=loss_values.h > x && mv x tests/parity/loss_values.h

A case is a piece of YAML whose leaves are matrices by formula (tests/support/formula.h), and the same loss written out
here as lightly and the papers' code have it, in double precision. How far PyTorch's own float is stands beside it.
"""
import torch
from torch.nn import functional as F

from values import far, images, labels, number_of, text, weight_of, write_numbers

B, D = 5, 7


def weight(name, rows=B, width=D):
    return name, "test.weight, rows: %d, width: %d" % (rows, width), weight_of(name + ".weight", [rows, width])


def constant(name, rows=B, width=D):
    kind = "test.constant, rows: %d, width: %d, key: %s" % (rows, width, name)
    return name, kind, (number_of(name, [rows, width]) + 1) / 2


def pixels(name):
    """Bytes [B,3,3,3], that a flat x is compared with."""
    return name, "source.formula, size: 3, batch: %d" % B, images(range(B), 3, 3, 3).permute(0, 2, 3, 1).flatten(1)


def row_weights(name):
    kind = "test.constant, rows: %d, width: 0, key: %s" % (B, name)
    return name, kind, (number_of(name, [B]) + 1) / 2


def classes(unknown=0):
    kind = "source.formula, size: 2, batch: %d, classes: %d, unknown: %d" % (B, D, unknown)
    return "data", kind, labels(range(B), D, unknown)


# ---- the losses

def reduce(d, mask=None, total=False):
    m = torch.ones_like(d) if mask is None else mask.expand_as(d)
    return (m * d).sum() / (len(d) if total else m.sum())


def bce_logits(x, y):
    return F.binary_cross_entropy_with_logits(x, y, reduction="none")


def bce(x, y):
    return F.binary_cross_entropy(x.clamp(1e-7, 1 - 1e-7), y, reduction="none")


def l1(x, y):
    return F.l1_loss(x, y, reduction="none")


def smooth(x, y):
    return F.smooth_l1_loss(x, y, reduction="none", beta=0.5)


def mse(x, y):
    return F.mse_loss(x, y, reduction="none")


def byol(p0, p1, z0, z1):
    """The mean of both orders of BYOL's loss, eq. 2."""
    one = lambda p, z: (2 - 2 * F.cosine_similarity(p, z, dim=1)).mean()
    return (one(p0, z1) + one(p1, z0)) / 2


def negative_cosine(p, z):
    """lightly's NegativeCosineSimilarity; SimSiam's example takes the mean of both orders."""
    return -F.cosine_similarity(p, z, dim=1, eps=1e-8).mean()


def moco(q, k, queue, t):
    """He et al. 2020, algorithm 1."""
    q, k, queue = F.normalize(q, dim=1), F.normalize(k, dim=1), F.normalize(queue, dim=1)
    logits = torch.cat([torch.einsum("nc,nc->n", [q, k]).unsqueeze(-1), torch.einsum("nc,kc->nk", [q, queue])], dim=1)
    return F.cross_entropy(logits / t, torch.zeros(len(q), dtype=torch.long))


def in_batch(q, k, t, unit=True):
    if unit:
        q, k = F.normalize(q, dim=1), F.normalize(k, dim=1)
    return F.cross_entropy(q @ k.t() / t, torch.arange(len(q)))


def barlow_twins(za, zb, lambd, scale=1):
    """The paper's code: c = bn(z1).T @ bn(z2) / batch; lightly's BarlowTwinsLoss with statistics of each view."""
    bn = lambda z: F.batch_norm(z, None, None, training=True, eps=1e-5)
    c = bn(za).t() @ bn(zb) / len(za)
    on = (torch.diagonal(c) - 1).pow(2).sum()
    off = c.flatten()[:-1].view(D - 1, D + 1)[:, 1:].pow(2).sum()
    return scale * (on + lambd * off)


def vicreg(za, zb, sim=25, std=25, cov=1, target=1):
    """The paper's code, main_vicreg.py; lightly's VICRegLoss."""
    def hinge(z):
        return F.relu(target - torch.sqrt(z.var(dim=0) + 1e-4)).mean() / 2

    def off_diagonal(z):
        z = z - z.mean(dim=0)
        c = z.t() @ z / (len(z) - 1)
        return c.flatten()[:-1].view(D - 1, D + 1)[:, 1:].pow(2).sum() / D

    return sim * F.mse_loss(za, zb) + std * (hinge(za) + hinge(zb)) + cov * (off_diagonal(za) + off_diagonal(zb))


def weighted(x, target, w, **options):
    """The mean of rows that weigh differently; rows that are ignored are 0 and do not count."""
    target = target if target.dim() > 1 else target.long()
    if target.dim() == 1:
        w = w * (target != options.get("ignore_index", -100))
    return (w * F.cross_entropy(x, target, reduction="none", **options)).sum() / w.sum()


def kl(mu, log_var):
    q = torch.distributions.Normal(mu, torch.exp(log_var / 2))
    p = torch.distributions.Normal(torch.zeros_like(mu), torch.ones_like(mu))
    return torch.distributions.kl_divergence(q, p).sum(1).mean()


# ---- the cases: the node, what it reads, the loss of their values

def cases():
    x, y, soft, rows, some = weight("x"), weight("y"), constant("soft"), constant("rows", B, 1), constant("some")
    flat, data = weight("x", B, 27), pixels("data")
    xy, soft_y = "in: {x: x, y: y%s}%s", "in: {x: x, y: soft%s}%s"
    for kind, f, t, form in (("mse", mse, y, xy), ("l1", l1, y, xy), ("bce", bce_logits, soft, soft_y)):
        yield "type: loss.%s, %s" % (kind, form % ("", "")), [x, t], lambda x, y, f=f: reduce(f(x, y))
        yield ("type: loss.%s, %s" % (kind, form % ("", ", sum: true")), [x, t],
               lambda x, y, f=f: reduce(f(x, y), total=True))
        yield ("type: loss.%s, %s" % (kind, form % (", mask: some", "")), [x, t, some],
               lambda x, y, m, f=f: reduce(f(x, y), m))
    yield "type: loss.mse, " + xy % (", mask: rows", ""), [x, y, rows], lambda x, y, m: reduce(mse(x, y), m)
    yield ("type: loss.l1, " + xy % (", mask: rows", ", sum: true"), [x, y, rows],
           lambda x, y, m: reduce(l1(x, y), m, True))
    yield "type: loss.l1, " + xy % ("", ", beta: 0.5"), [x, y], lambda x, y: reduce(smooth(x, y))
    yield "type: loss.bce, " + soft_y % ("", ", logits: false"), [x, soft], lambda x, y: reduce(bce(x, y))
    yield "type: loss.mse, in: {x: x, y: data}", [flat, data], lambda x, y: reduce(mse(x, y))
    yield "type: loss.bce, in: {x: x, y: data}, sum: true", [flat, data], lambda x, y: reduce(bce_logits(x, y), None, True)

    p, z = [weight("p0"), weight("p1")], [weight("z0"), weight("z1")]
    both = "in: {%s: [p0, p1], %s: [z0, z1]}%s"
    yield "type: loss.cosine, " + both % ("online", "target", ""), p + z, byol
    yield ("type: loss.cosine, " + both % ("online", "target", ", pairs: same, form: negative"), p + z,
           lambda p0, p1, z0, z1: (negative_cosine(p0, z0) + negative_cosine(p1, z1)) / 2)
    yield ("type: loss.cosine, " + both % ("online", "target", ", form: negative"), p + z,
           lambda p0, p1, z0, z1: (negative_cosine(p0, z1) + negative_cosine(p1, z0)) / 2)
    yield ("type: loss.cosine, in: {online: p0, target: z0}", [p[0], z[0]],
           lambda p, z: (2 - 2 * F.cosine_similarity(p, z)).mean())

    queue = weight("queue", 11)
    yield ("type: loss.info_nce, in: {query: p0, positive: z0, negatives: queue}", [p[0], z[0], queue],
           lambda q, k, n: moco(q, k, n, 0.1))
    yield ("type: loss.info_nce, in: {query: [p0, p1], positive: [z0, z1], negatives: queue}, temperature: 0.5", p + z + [queue],
           lambda p0, p1, z0, z1, n: (moco(p0, z1, n, 0.5) + moco(p1, z0, n, 0.5)) / 2)
    yield ("type: loss.info_nce, " + both % ("query", "positive", ", temperature: 0.2"), p + z,
           lambda p0, p1, z0, z1: (in_batch(p0, z1, 0.2) + in_batch(p1, z0, 0.2)) / 2)
    yield ("type: loss.info_nce, " + both % ("query", "positive", ", pairs: same, normalize: false, temperature: 2"),
           p + z, lambda p0, p1, z0, z1: (in_batch(p0, z0, 2, False) + in_batch(p1, z1, 2, False)) / 2)

    views = [weight("za"), weight("zb")]
    yield "type: loss.barlow_twins, in: [za, zb]", views, lambda a, b: barlow_twins(a, b, 5e-3)
    yield ("type: loss.barlow_twins, in: [za, zb], lambda: 0.2, scale: 0.024", views,
           lambda a, b: barlow_twins(a, b, 0.2, 0.024))
    yield "type: loss.vicreg, in: [za, zb]", views, vicreg
    yield ("type: loss.vicreg, in: [za, zb], invariance: 5, variance: 2, covariance: 3, target: 0.6", views,
           lambda a, b: vicreg(a, b, 5, 2, 3, 0.6))
    logits = "type: loss.cross_entropy, in: {logits: x, target: %s, weight: heavy}%s"
    heavy = row_weights("heavy")
    yield logits % ("data.label", ""), [x, classes(), heavy], weighted
    yield (logits % ("data.label", ", ignore_index: -1, label_smoothing: 0.2"), [x, classes(2), heavy],
           lambda x, t, w: weighted(x, t, w, ignore_index=-1, label_smoothing=0.2))
    yield logits % ("soft", ""), [x, soft, heavy], weighted
    yield "type: loss.kl, in: {mean: x, log_var: y}", [x, y], kl


def evaluate(leaves, loss, dtype):
    """The loss, and its gradient for every matrix that is trained."""
    values = [v.detach().to(dtype).requires_grad_(kind.startswith("test.weight")) for _, kind, v in leaves]
    y = loss(*values)
    y.backward()
    return y, {name: v.grad for (name, _, _), v in zip(leaves, values) if v.requires_grad}


def write_cases(rows, prefix=""):
    """The cases as a table `<prefix>value_cases`, and the numbers that it points to."""
    table = []
    for i, (node, leaves, loss) in enumerate(rows):
        y, grads = evaluate(leaves, loss, torch.float64)
        near, near_grads = evaluate(leaves, loss, torch.float32)
        print("/* PyTorch in float is off by %.0e (loss) and %.0e (gradient). */" %
              (abs(near.item() / y.item() - 1), far(grads, near_grads)))
        write_numbers("%sgrads_%d" % (prefix, i), torch.cat([g.reshape(-1) for g in grads.values()]))
        nodes = "".join("      %s: {type: %s}\\n" % (name, kind) for name, kind, _ in leaves)
        table.append('    {"%s", "%s", %s, "%s", %sgrads_%d},' %
                     (nodes, node.replace("\\", "\\\\").replace('"', '\\"'), text(y.item()), " ".join(grads), prefix, i))
    print("static const value_case %svalue_cases[] = {\n%s\n    {0},\n};\n\n#endif" % (prefix, "\n".join(table)))


def main():
    print("/* Written by tests/parity/loss_values.py with PyTorch %s. */" % torch.__version__)
    print("#ifndef SDAG_TESTS_PARITY_LOSS_VALUES_H\n#define SDAG_TESTS_PARITY_LOSS_VALUES_H\n")
    print("typedef struct value_case {\n    const char *nodes, *loss; /* YAML: what the loss reads; its node */\n"
          "    double value;\n    const char *trained; /* names, separated by spaces: whose gradients follow */\n"
          "    const double *grads;\n} value_case; /* ends with no loss */\n")
    write_cases(cases())


if __name__ == "__main__":
    main()
