#!/usr/bin/env python3
"""Weights go to Hugging Face's GPT-2 and BERT and back, and give the same features and scores there.

    python3 -m venv --system-site-packages DIR && DIR/bin/pip install 'transformers==4.38.2' 'numpy<2'
    DIR/bin/python tests/parity/huggingface_roundtrip.py [build/ssldag]

(4.38 is the last version for PyTorch 1.13, Debian's python3-torch; later ones do with a later PyTorch.)

There: a small model is trained for two steps by ssldag; the safetensors files of encoder and head are loaded into
GPT2LMHeadModel and BertForMaskedLM, and the encoder's alone into GPT2Model and BertModel, with strict=True. Features, what
is pooled, and scores are compared with those that an inference phase of the same run wrote. Lines of several lengths show
that what fills them up is not seen.
Back: the weights of models that Hugging Face started at random are written as safetensors; `weights:` loads them.
Prints the largest differences; exit code 1 when one of them is 1e-4 or more, or anything fails.
"""
import os
import sys
import tempfile

import numpy as np
import torch
from transformers import BertConfig, BertForMaskedLM, BertModel, GPT2Config, GPT2LMHeadModel, GPT2Model

from torchvision_roundtrip import LIMIT, read_safetensors, run, write_safetensors

WIDTH, LAYERS, HEADS, CONTEXT, VOCAB = 48, 3, 4, 24, 40
TEXT = "".join("the quick brown fox jumps over the lazy dog "[:5 + 7 * i % 38] + "\n" for i in range(60))

SIZES = "layers: %d, heads: %d, width: %d, context: %d" % (LAYERS, HEADS, WIDTH, CONTEXT)
CASES = {  # encoder, head
    "gpt2": ("causal: true, %s" % SIZES, "tied: true"),
    "bert": ("norm: post, %s" % SIZES, "transform: true"),
}
SOURCE = "{type: source.text, path: text.txt, format: lines, special: [mask, pad], context: %d, batch: 16, split: all}" % CONTEXT
SINKS = ("      features: {type: sink.npy, in: encoder, path: features.npy}\n"
         "      pooled: {type: sink.npy, in: encoder.pooled, path: pooled.npy}\n"
         "      scores: {type: sink.npy, in: head, path: scores.npy}\n"
         "      tokens: {type: sink.npy, in: data, path: tokens.npy}\n")


def models(kind, vocab):
    """The model with its head and the model alone, dropout off."""
    if kind == "gpt2":
        c = GPT2Config(vocab_size=vocab, n_positions=CONTEXT, n_embd=WIDTH, n_layer=LAYERS, n_head=HEADS)
        return GPT2LMHeadModel(c).eval(), GPT2Model(c).eval()
    c = BertConfig(vocab_size=vocab, hidden_size=WIDTH, num_hidden_layers=LAYERS, num_attention_heads=HEADS,
                   intermediate_size=4 * WIDTH, max_position_embeddings=CONTEXT)
    return BertForMaskedLM(c).eval(), BertModel(c).eval()


def with_head(kind, encoder, head):
    """The names of the model with a head: the body has a prefix, what is tied stands twice, the pooler is left out."""
    table = "wte.weight" if kind == "gpt2" else "embeddings.word_embeddings.weight"
    body = {("transformer." if kind == "gpt2" else "bert.") + n: t for n, t in encoder.items() if not n.startswith("pooler.")}
    tied = {"lm_head.weight": encoder[table]} if kind == "gpt2" else {
        "cls.predictions.decoder.weight": encoder[table], "cls.predictions.decoder.bias": head["cls.predictions.bias"]}
    return {**body, **head, **tied}


def there(program, folder, kind):
    encoder, head = CASES[kind]
    out = run(program, folder, "there", (
        "  train:\n    steps: 2\n    nodes:\n      data: %s\n"
        "      task: {type: pretext.%s, in: data}\n"
        "      encoder: {type: encoder.transformer, in: task.input, %s}\n"
        "      head: {type: head.tokens, in: encoder, %s}\n"
        "      loss: {type: loss.cross_entropy, in: {logits: head, target: task.target}}\n"
        "      optimizer: {type: optimizer.adamw, in: loss, lr: 0.01}\n"
        "  infer:\n    nodes:\n      data: %s\n      encoder: {use: train.encoder, in: data}\n"
        "      head: {use: train.head, in: encoder}\n%s")
        % (SOURCE, "next_token" if kind == "gpt2" else "mask_tokens", encoder, head, SOURCE, SINKS))
    weights = os.path.join(out, "weights")
    files = {n: read_safetensors(os.path.join(weights, "train.%s.safetensors" % n)) for n in ("encoder", "head")
             if os.path.exists(os.path.join(weights, "train.%s.safetensors" % n))}
    state = files["encoder"]
    table = state["wte.weight" if kind == "gpt2" else "embeddings.word_embeddings.weight"]
    full, alone = models(kind, len(table))
    full.load_state_dict(with_head(kind, state, files.get("head", {})), strict=True)
    alone.load_state_dict(state, strict=True)
    return out, full, alone


def back(program, folder, kind):
    encoder, head = CASES[kind]
    full, alone = models(kind, VOCAB)
    for p in list(full.parameters()) + list(alone.parameters()):
        if p.dim() == 1:
            p.data += 0.2 * torch.randn_like(p)  # Hugging Face starts biases and norms with 0 and 1
    body = full.transformer if kind == "gpt2" else full.bert
    alone.load_state_dict(body.state_dict(), strict=kind == "gpt2")  # the pooler stays alone's own
    write_safetensors(os.path.join(folder, "encoder.safetensors"), alone.state_dict())
    write_safetensors(os.path.join(folder, "head.safetensors"),
                      {n: t for n, t in full.state_dict().items() if n.startswith("cls.")} or {"none": torch.zeros(1)})
    out = run(program, folder, "back", (
        "  infer:\n    nodes:\n      data: %s\n"
        "      encoder: {type: encoder.transformer, in: data, vocab: %d, %s, weights: encoder.safetensors}\n"
        "      head: {type: head.tokens, in: encoder, %s%s}\n%s")
        % (SOURCE, VOCAB, encoder, head, ", weights: head.safetensors" if kind == "bert" else "", SINKS))
    return out, full, alone


def compare(kind, out, full, alone):
    """Largest differences of features, pooled and scores where a token stands."""
    have = {n: torch.from_numpy(np.load(os.path.join(out, n + ".npy"))) for n in ("features", "pooled", "scores", "tokens")}
    tokens = have["tokens"].long()
    pad = int(tokens[0, -1])  # the first line is short
    lengths = ((torch.arange(tokens.shape[1]) + 1) * (tokens != pad)).max(1).values
    seen = torch.arange(tokens.shape[1])[None] < lengths[:, None]
    assert seen.any() and not seen.all()
    with torch.no_grad():
        a = alone(input_ids=tokens, attention_mask=seen.long())
        scores = full(input_ids=tokens, attention_mask=seen.long()).logits
    last = a.last_hidden_state[torch.arange(len(tokens)), lengths - 1]
    pooled = last if kind == "gpt2" else a.pooler_output
    return tokens.shape, [float((x - y).abs().max()) for x, y in (
        (have["features"][seen], a.last_hidden_state[seen]), (have["pooled"], pooled), (have["scores"][seen], scores[seen]))]


def main():
    program = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build/ssldag")
    torch.manual_seed(0)
    failed = False
    for kind in CASES:
        for way in (there, back):
            with tempfile.TemporaryDirectory() as folder:
                with open(os.path.join(folder, "text.txt"), "w") as f:
                    f.write(TEXT)
                shape, off = compare(kind, *way(program, folder, kind))
            ok = max(off) < LIMIT
            failed |= not ok
            print("%s %-17s %d lines of up to %d tokens; largest difference: features %.1e, pooled %.1e, scores %.1e  %s" %
                  (kind, "to Hugging Face," if way is there else "from there,", *shape, *off, "ok" if ok else "FAILED"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
