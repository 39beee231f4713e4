#!/usr/bin/env python3
"""Writes tests/parity/transformer_values.h: transformers by PyTorch, for tests/parity/test_transformer.c.

Run with Debian's python3-torch and python3-torchvision:
    python3 tests/parity/transformer_values.py | clang-format-14 --assume-filename=transformer_values.h > x &&
        mv x tests/parity/transformer_values.h

Weights are by formula, under the names of Hugging Face's GPT2Model and BertModel; the forward pass is written out here, in
double precision. That Hugging Face's own classes give the same is shown by tests/parity/huggingface_roundtrip.py.
A case is a piece of YAML, and the same network. How far PyTorch's own float is stands beside it.
"""
import math

import torch
from torch.nn import functional as F

from values import far, labels, text, weight_of, write_numbers, write_rows

SAMPLES, LENGTH, VOCAB, WIDTH = 3, 7, 5, 12


class Weights(dict):
    """Weights by formula, made when they are first asked for; prefix: the node's name."""

    def __init__(self, dtype):
        super().__init__()
        self.dtype = dtype

    def get(self, name, *shape):
        if name not in self:
            self[name] = weight_of(name, list(shape)).to(self.dtype).requires_grad_()
        return self[name]


class Net:
    """One network: `take(part, x, out)` is the linear layer of that name."""

    def __init__(self, dtype, layers, heads, post=False, causal=False, bias=True, act="tanh", prefix=0, padding=None,
                 **rest):
        self.w = Weights(dtype)
        self.layers, self.heads, self.post, self.causal, self.bias = layers, heads, post, causal, bias
        self.act = F.gelu if act == "none" else (lambda x: F.gelu(x, approximate=act))
        self.prefix, self.padding, self.rest = prefix, padding, rest
        self.eps = 1e-12 if post else 1e-5

    def norm(self, name, x, eps=None, bias=None):
        d = x.shape[-1]
        c = self.w.get(name + ".bias", d) if (self.bias if bias is None else bias) else None
        return F.layer_norm(x, [d], self.w.get(name + ".weight", d), c, eps or self.eps)

    def dense(self, name, x, out, transposed=False, bias=None):
        d = x.shape[-1]
        w = self.w.get(name + ".weight", *((d, out) if transposed else (out, d)))
        y = x @ (w if transposed else w.t())
        return y + self.w.get(name + ".bias", out) if (self.bias if bias is None else bias) else y

    def seen(self, tokens):
        """bool[B,1,T,T]: whether token i sees token j."""
        b, t = tokens.shape
        i, j = torch.arange(t)[:, None], torch.arange(t)[None, :]
        see = torch.ones(t, t, dtype=torch.bool)
        if self.causal:
            see = (j <= i) | (j < self.prefix)
        see = see[None].repeat(b, 1, 1)
        if self.padding is not None:
            see = see & (j[None] < self.lengths(tokens)[:, None, None])
        return see[:, None]

    def lengths(self, tokens):
        real = tokens != self.padding
        return ((torch.arange(tokens.shape[1]) + 1)[None] * real).max(1).values

    def attention(self, q, k, v, see):
        b, t, d = q.shape
        q, k, v = (x.reshape(b, t, self.heads, -1).transpose(1, 2) for x in (q, k, v))
        s = (q @ k.transpose(2, 3) / math.sqrt(d // self.heads)).masked_fill(~see, float("-inf"))
        p = torch.softmax(s, -1).nan_to_num(0.0) if not see.any(-1).all() else torch.softmax(s, -1)
        return (p @ v).transpose(1, 2).reshape(b, t, d)

    def gpt_layer(self, n, x, see):
        d = x.shape[-1]
        u = self.dense(n + "attn.c_attn", self.norm(n + "ln_1", x), 3 * d, True)
        x = x + self.dense(n + "attn.c_proj", self.attention(*u.split(d, 2), see), d, True)
        u = self.act(self.dense(n + "mlp.c_fc", self.norm(n + "ln_2", x), 4 * d, True))
        return x + self.dense(n + "mlp.c_proj", u, d, True)

    def bert_layer(self, n, x, see):
        d = x.shape[-1]
        q, k, v = (self.dense(n + "attention.self." + s, x, d) for s in ("query", "key", "value"))
        y = self.dense(n + "attention.output.dense", self.attention(q, k, v, see), d)
        x = self.norm(n + "attention.output.LayerNorm", x + y)
        y = self.dense(n + "output.dense", self.act(self.dense(n + "intermediate.dense", x, 4 * d)), d)
        return self.norm(n + "output.LayerNorm", x + y)

    def features(self, tokens):
        e, context = "encoder.", self.rest.get("context", tokens.shape[1])
        names = ("embeddings.word_embeddings.weight", "embeddings.position_embeddings.weight") if self.post \
            else ("wte.weight", "wpe.weight")
        self.table = self.w.get(e + names[0], VOCAB, WIDTH)
        x = self.table[tokens] + self.w.get(e + names[1], context, WIDTH)[:tokens.shape[1]]
        see = self.seen(tokens)
        if not self.post:
            for i in range(self.layers):
                x = self.gpt_layer("%sh.%d." % (e, i), x, see)
            return self.norm(e + "ln_f", x)
        x = x + self.w.get(e + "embeddings.token_type_embeddings.weight", 2, WIDTH)[0]
        x = self.norm(e + "embeddings.LayerNorm", x)
        for i in range(self.layers):
            x = self.bert_layer("%sencoder.layer.%d." % (e, i), x, see)
        return x

    def pooled(self, tokens, x):
        pool = self.rest.get("pool")
        if pool == "first":
            return torch.tanh(self.dense("encoder.pooler.dense", x[:, 0], WIDTH, bias=True))
        if pool == "last":
            return x[torch.arange(len(x)), (self.lengths(tokens) - 1).clamp_min(0)]
        real = (tokens != self.padding).to(x.dtype)[..., None]
        return (x * real).sum(1) / real.sum(1).clamp_min(1)

    def logits(self, x):
        head = self.rest.get("head", "tied")
        if head == "tied":
            return x @ self.table.t()
        if head == "own":
            return x @ self.w.get("head.lm_head.weight", VOCAB, WIDTH).t()
        n = "head.cls.predictions."
        x = F.gelu(self.dense(n + "transform.dense", x, WIDTH, bias=True))
        x = self.norm(n + "transform.LayerNorm", x, 1e-12, True)
        return x @ self.table.t() + self.w.get(n + "bias", VOCAB)

    def loss(self, batch):
        samples, masked = labels(batch, VOCAB).reshape(-1, LENGTH + 1), self.rest.get("masked")
        tokens, target = samples[:, :-1], samples[:, 1:].clone()
        self.x = self.features(tokens)
        if "pool" in self.rest:
            self.y = self.pooled(tokens, self.x)
            return F.cross_entropy(self.dense("head", self.y, VOCAB, bias=True), samples[:, 0])
        if masked:
            target[target == masked] = -100
        return F.cross_entropy(self.logits(self.x).flatten(0, 1), target.flatten(), ignore_index=-100)


# ---- one step

CASES = [
    ("gpt", "layers: 2, heads: 2, width: 12, causal: true", "head.tokens", dict(layers=2, heads=2, causal=True)),
    ("pre-norm block, no biases, prefix", "layers: 1, heads: 3, width: 12, causal: true, prefix: 3, bias: false, "
     "activation: gelu", "head.tokens, tied: false",
     dict(layers=1, heads=3, causal=True, prefix=3, bias=False, act="none", head="own")),
    ("post-norm block", "layers: 1, heads: 1, width: 12, norm: post", "head.tokens",
     dict(layers=1, heads=1, post=True, act="none")),
    ("bert, padded", "layers: 2, heads: 3, width: 12, norm: post, padding: 0, context: 9", "head.tokens, transform: true",
     dict(layers=2, heads=3, post=True, act="none", padding=0, context=9, head="transform", masked=3)),
    ("bert's pooler", "layers: 1, heads: 2, width: 12, norm: post, padding: 0", "head.classifier",
     dict(layers=1, heads=2, post=True, act="none", padding=0, pool="first")),
    ("mean of what is no padding", "layers: 1, heads: 2, width: 12, padding: 0", "head.classifier",
     dict(layers=1, heads=2, padding=0, pool="mean")),
    ("last token", "layers: 1, heads: 2, width: 12, causal: true, padding: 0", "head.classifier",
     dict(layers=1, heads=2, causal=True, padding=0, pool="last")),
]


def run(dtype, config):
    net = Net(dtype, **config)
    loss = net.loss(range(SAMPLES * (LENGTH + 1)))
    loss.backward()
    return net, loss


def write_cases():
    rows = []
    for k, (what, encoder, head, config) in enumerate(CASES):
        (net, loss), (small, small_loss) = run(torch.float64, config), run(torch.float32, config)
        # A bias of the keys shifts all scores of a token alike: its gradient is 0 but for rounding.
        names = [n for n, t in net.w.items() if t.grad is not None and t.grad.abs().max() > 1e-12]
        grads, small_grads = ({n: m.w[n].grad for n in names} for m in (net, small))
        out = {"y": net.y if "pool" in config else net.x}
        print("\n/* %s: PyTorch in float is off by %.0e (features), %.0e (loss), %.0e (gradients). */" %
              (what, far(out, {"y": small.y if "pool" in config else small.x}), abs(small_loss.item() / loss.item() - 1),
               far(grads, small_grads)))
        write_numbers("out_%d" % k, out["y"])
        write_rows("grads_%d" % k, grads)
        rows.append('    {"%s", "%s", "%s", "%s", %s, out_%d, sizeof out_%d / sizeof *out_%d, grads_%d},' %
                    (what, encoder, head, "pooled" if "pool" in config else "masked" if "masked" in config else "features",
                     text(loss.item()), k, k, k, k))
    print("\nstatic const transformer_case cases[] = {\n" + "\n".join(rows) + "\n    {0},\n};")


# ---- twenty steps of a small GPT

def train(dtype):
    net = Net(dtype, layers=2, heads=2, causal=True, bias=False)  # Adam makes steps of the rounding in keys' biases
    net.loss(range(SAMPLES * (LENGTH + 1)))
    w = list(net.w.values())
    opt = torch.optim.AdamW([{"params": [t for t in w if t.dim() > 1], "weight_decay": 0.1},
                             {"params": [t for t in w if t.dim() < 2], "weight_decay": 0.0}], betas=(0.9, 0.99))
    size, count, steps, warm = SAMPLES * (LENGTH + 1), 96, 20, 5
    losses, end, start = [], 1e-3, 1e-2
    for t in range(steps):
        lr = start * (t + 1) / warm if t < warm else end - (end - start) * (math.cos(math.pi * (t - warm) / (steps - warm - 1)) + 1) / 2
        for g in opt.param_groups:
            g["lr"] = lr
        loss = net.loss([(t * size + i) % count for i in range(size)])
        opt.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(w, 0.5)
        opt.step()
        losses.append(loss.item())
    return losses, dict(net.w)


def write_training():
    (losses, end), (small, small_end) = train(torch.float64), train(torch.float32)
    print("\n/* Twenty steps of a GPT: PyTorch in float is off by %.0e (losses), %.0e (weights). */" %
          (max(abs(a / b - 1) for a, b in zip(small, losses)), far(end, small_end)))
    write_numbers("training_loss", losses)
    write_rows("training_end", end)


if __name__ == "__main__":
    print("/* Written by tests/parity/transformer_values.py with PyTorch %s. */" % torch.__version__)
    print("#ifndef SDAG_TESTS_PARITY_TRANSFORMER_VALUES_H\n#define SDAG_TESTS_PARITY_TRANSFORMER_VALUES_H\n\n"
          '#include "tests/support/golden.h"\n')
    print("typedef struct transformer_case {\n    const char *what, *encoder, *head; /* options of the nodes */\n"
          "    const char *out; /* what `value` is: features (masked: of a loss over some tokens alone), or pooled */\n"
          "    double loss;\n    const double *value;\n    size_t n;\n    const golden *grads;\n"
          "} transformer_case; /* ends with nothing */")
    write_cases()
    write_training()
    print("\n#endif")
