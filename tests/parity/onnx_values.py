"""Exports of tiny pipelines, computed by onnxruntime and by ssldag: the same numbers, for every built-in encoder.

Needs: pip install onnx onnxruntime numpy. Not part of the test suite, which checks the files without onnxruntime
(tests/e2e/test_export.c).

    SSLDAG=build/ssldag python3 tests/parity/onnx_values.py
"""
import os
import struct
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime

SSLDAG = os.path.abspath(os.environ.get("SSLDAG", "build/ssldag"))
N, SIDE, CLASSES, CONTEXT = 37, 16, 5, 12
TOLERANCE = 1e-4

# name: (encoder, channels, transforms)
NORMALIZE = "{normalize: {mean: [0.4, 0.5, 0.6], std: [0.2, 0.25, 0.3]}}"
IMAGES = {
    "mlp": ("{type: encoder.mlp, in: view, widths: [24, 16]}", 1, "{normalize: {mean: 0.5, std: 0.25}}"),
    "mlp-gelu": ("{type: encoder.mlp, in: view, widths: [24], activation: gelu, norm: false}", 3, NORMALIZE),
    "cnn": ("{type: encoder.cnn, in: view, widths: [8, 12]}", 3, NORMALIZE),
    "cnn-plain": ("{type: encoder.cnn, in: images, widths: [8, 12, 16], depth: 2}", 3, None),
    "resnet18": ("{type: encoder.resnet, in: view, depth: 18, stem: small, width: 8}", 3, NORMALIZE),
    "resnet50": ("{type: encoder.resnet, in: images, depth: 50, stem: imagenet, width: 8}", 3, None),
    "vit": ("{type: encoder.vit, in: view, patch: 4, width: 16, layers: 2, heads: 2}", 3, NORMALIZE),
    "vit-mean": ("{type: encoder.vit, in: images, patch: 8, width: 16, layers: 1, heads: 4, pool: mean, "
                 "positions: sincos}", 3, None),
}
# name: (channels, nodes, the nodes that are compared)
DECODERS = {
    "autoencoder": (3, [
        ("encoder", "{type: encoder.cnn, in: images, widths: [8, 8]}"),
        ("decoder", "{type: decoder.conv, in: encoder.map, widths: [8], channels: 3}"),
        ("loss", "{type: loss.mse, in: {x: decoder, y: images}}")], ["encoder.map", "decoder"]),
    "mae": (3, [
        ("hide", "{type: pretext.mask, in: images, patch: 4, ratio: 0.5}"),
        ("encoder", "{type: encoder.vit, in: {x: images, visible: hide.visible}, patch: 4, width: 16, layers: 1, "
                    "heads: 2}"),
        ("decoder", "{type: decoder.transformer, in: {x: encoder.tokens, visible: hide.visible}, width: 16, layers: 1, "
                    "heads: 2}"),
        ("pixels", "{type: head.pixels, in: decoder, patch: 4, channels: 3}"),
        ("loss", "{type: loss.mse, in: {x: pixels, y: images}}")], ["encoder.tokens", "decoder", "pixels"]),
    "colour": (3, [
        ("grey", "{type: pretext.colorize, in: images}"),
        ("encoder", "{type: encoder.cnn, in: grey.image, widths: [8, 8]}"),
        ("decoder", "{type: decoder.conv, in: encoder.map, widths: [8], channels: 2}"),
        ("painted", "{type: math.lab_to_rgb, in: {l: grey.image, ab: decoder}}"),
        ("loss", "{type: loss.mse, in: {x: decoder, y: grey.ab}}"),
        ("look", "{type: sink.npy, in: painted, path: painted.npy}")], ["encoder", "decoder", "painted"]),
    "momentum": (1, [
        ("encoder", "{type: encoder.cnn, in: images, widths: [8]}"),
        ("projector", "{type: projector.mlp, in: encoder, widths: [16, 8]}"),
        ("target", "{type: momentum, of: [encoder, projector], in: images, momentum: 0.9}"),
        ("loss", "{type: loss.cosine, in: {online: projector, target: target}}")], ["projector", "target"]),
}
# name: (encoder, source)
TEXTS = {
    "gpt": ("{type: encoder.transformer, in: text, layers: 2, heads: 2, width: 16, causal: true}", "format: text"),
    "prefix": ("{type: encoder.transformer, in: text, layers: 1, heads: 2, width: 16, causal: true, prefix: 3}",
               "format: text"),
    "bert": ("{type: encoder.transformer, in: text, layers: 2, heads: 2, width: 16, norm: post}",
             "format: labelled, special: [pad]"),
    "mean": ("{type: encoder.transformer, in: text, layers: 1, heads: 4, width: 16, pool: mean}",
             "format: labelled, special: [pad]"),
}


def run(*args):
    done = subprocess.run([SSLDAG, *args], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"ssldag {' '.join(args)}: exit {done.returncode}\n{done.stderr}")
    return done.stdout


def write_idx(path, x):
    with open(path, "wb") as f:
        f.write(struct.pack(">BBBB", 0, 0, 8, x.ndim) + struct.pack(f">{x.ndim}I", *x.shape) + x.tobytes())


def pipeline(source, view, encoder, loss):
    nodes = "\n".join(f"      {k}: {v}" for k, v in [source, *([view] if view else []), ("encoder", encoder), *loss])
    return f"version: 1\nname: tiny\nphases:\n  train:\n    epochs: 2\n    nodes:\n{nodes}\n"


CLASSIFIER = [
    ("head", f"{{type: head.classifier, in: NODE, classes: {CLASSES}}}"),
    ("loss", "{type: loss.cross_entropy, in: {logits: head, target: SOURCE.label}}"),
    ("optimizer", "{type: optimizer.adamw, in: loss, lr: 1e-2}"),
]


def classifier(source, node="encoder"):
    return [(k, v.replace("SOURCE", source).replace("NODE", node)) for k, v in CLASSIFIER]


def check(name, what, expected, model, x):
    onnx.checker.check_model(onnx.load(model), full_check=True)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    got = session.run(None, {session.get_inputs()[0].name: x})[0]
    one = session.run(None, {session.get_inputs()[0].name: x[:1]})[0]  # the batch is free
    worst = float(np.max(np.abs(got - expected)))
    single = float(np.max(np.abs(one - expected[:1])))
    same = got.shape == expected.shape and max(worst, single) < TOLERANCE * max(1.0, float(np.max(np.abs(expected))))
    print(f"{'ok  ' if same else 'BAD '} {name:12} {what:10} {str(got.shape):14} largest difference {worst:.2e}")
    return same


def check_probabilities(name, csv, model, x):
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    logits = session.run(None, {session.get_inputs()[0].name: x})[0].astype(np.float64)
    p = np.exp(logits - logits.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    table = [line.split(",") for line in open(csv).read().splitlines()]
    got = np.array([[float(v) for v in row[3:]] for row in table[1:]])
    worst = float(np.max(np.abs(got - p)))
    named = [row[1] for row in table[1:]] == [table[0][3 + i][2:] for i in p.argmax(1)]
    same = worst < TOLERANCE and named
    print(f"{'ok  ' if same else 'BAD '} {name:12} {'classes':10} {str(p.shape):14} largest difference {worst:.2e}")
    return same


def compare(name, tmp, files, x, node, width):
    """The encoder and the classifier of the run in tmp/run, on files and on x."""
    out = os.path.join(tmp, "run")
    good = True
    for what, n in (("encoder", node), ("classifier", "train.head")):
        npy, model = os.path.join(tmp, what + ".npy"), os.path.join(tmp, what + ".onnx")
        run("embed", out, *files, "--node", n, "-o", npy)
        run("export", out, "--node", n, "-o", model)
        good &= check(name, what, np.load(npy), model, x)
    csv = os.path.join(tmp, "p.csv")
    run("predict", out, *files, "-o", csv)
    return good & check_probabilities(name, csv, os.path.join(tmp, "classifier.onnx"), x)


def images(name):
    encoder, channels, transforms = IMAGES[name]
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as tmp:
        labels = rng.integers(0, CLASSES, N).astype(np.uint8)
        x = rng.integers(0, 256, (N, SIDE, SIDE, channels)).astype(np.uint8)
        write_idx(os.path.join(tmp, "x.idx"), x)
        write_idx(os.path.join(tmp, "y.idx"), labels)
        source = ("images", f"{{type: source.idx, images: x.idx, labels: y.idx, size: [{SIDE}, {SIDE}], "
                            f"channels: {channels}, batch: 16}}")
        view = ("view", f"{{type: augment, in: images, ops: [{transforms}]}}") if transforms else None
        with open(os.path.join(tmp, "p.yaml"), "w") as f:
            f.write(pipeline(source, view, encoder, classifier("images")))
        run("run", os.path.join(tmp, "p.yaml"), "--out", os.path.join(tmp, "run"), "-q")
        return compare(name, tmp, [os.path.join(tmp, "x.idx")], x, "train.encoder", None)


def decoders(name):
    channels, nodes, compared = DECODERS[name]
    x = np.random.default_rng(3).integers(0, 256, (N, SIDE, SIDE, channels)).astype(np.uint8)
    good = True
    with tempfile.TemporaryDirectory() as tmp:
        files, out = [os.path.join(tmp, "x.idx")], os.path.join(tmp, "run")
        write_idx(files[0], x)
        source = ("images", f"{{type: source.idx, images: x.idx, size: [{SIDE}, {SIDE}], channels: {channels}, "
                            f"batch: 16}}")
        nodes = nodes + [("optimizer", "{type: optimizer.adamw, in: loss, lr: 1e-2}")]
        with open(os.path.join(tmp, "p.yaml"), "w") as f:
            f.write(pipeline(source, None, nodes[0][1], nodes[1:]).replace("encoder:", nodes[0][0] + ":", 1)
                    if nodes[0][0] != "encoder" else pipeline(source, None, nodes[0][1], nodes[1:]))
        run("run", os.path.join(tmp, "p.yaml"), "--out", out, "-q")
        for what in compared:
            npy, model = os.path.join(tmp, "v.npy"), os.path.join(tmp, "v.onnx")
            run("embed", out, *files, "--node", "train." + what, "-o", npy)
            run("export", out, "--node", "train." + what, "-o", model)
            good &= check(name, what, np.load(npy), model, x)
    return good


def modules():
    """A network made of modules, as the example has it."""
    good = True
    x = np.random.default_rng(4).integers(0, 256, (70, 8, 8, 1)).astype(np.uint8)
    example = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../examples/modules/squeeze.yaml")
    with tempfile.TemporaryDirectory() as tmp:
        files, out = [os.path.join(tmp, "x.idx")], os.path.join(tmp, "run")
        write_idx(files[0], x)
        run("run", example, "--set", "epochs=1", "--out", out, "-q")
        for what in ("predict.encoder", "predict.head"):
            npy, model = os.path.join(tmp, "v.npy"), os.path.join(tmp, "v.onnx")
            run("embed", out, *files, "--node", what, "-o", npy)
            run("export", out, "--node", what, "-o", model)
            good &= check("modules", what, np.load(npy), model, x)
    return good


def texts(name):
    encoder, options = TEXTS[name]
    rng = np.random.default_rng(2)
    lines = "labelled" in options
    with tempfile.TemporaryDirectory() as tmp:
        words = [bytes(rng.integers(97, 123, rng.integers(1, CONTEXT + 4)).astype(np.uint8)) for _ in range(60)]
        if lines:
            text = b"".join(b"%d\t%s\n" % (i % CLASSES, w) for i, w in enumerate(words))
            x = np.full((len(words), CONTEXT), 256, np.int32)
            for i, w in enumerate(words):
                x[i, :min(len(w), CONTEXT)] = np.frombuffer(w, np.uint8)[:CONTEXT]
        else:
            text = b" ".join(words)
            n = (len(text) - CONTEXT - 1) // CONTEXT + 1
            x = np.frombuffer(text, np.uint8)[:n * CONTEXT].reshape(n, CONTEXT).astype(np.int32)
        with open(os.path.join(tmp, "t.txt"), "wb") as f:
            f.write(text)
        source = ("text", f"{{type: source.text, path: t.txt, tokens: bytes, context: {CONTEXT}, split: all, "
                          f"batch: 16, {options}}}")
        loss = classifier("text", "encoder.pooled")
        if not lines:  # a language model; its classifier is one of tokens
            loss = [("next", "{type: pretext.next_token, in: text}"), ("head", "{type: head.tokens, in: encoder}"),
                    ("loss", "{type: loss.cross_entropy, in: {logits: head, target: next.target}}"),
                    ("optimizer", "{type: optimizer.adamw, in: loss, lr: 1e-2}")]
        with open(os.path.join(tmp, "p.yaml"), "w") as f:
            f.write(pipeline(source, None, encoder, loss))
        out = os.path.join(tmp, "run")
        run("run", os.path.join(tmp, "p.yaml"), "--out", out, "-q")
        if lines:
            return compare(name, tmp, [os.path.join(tmp, "t.txt")], x, "train.encoder.pooled", None)
        good = True
        for what, node in (("tokens", "train.encoder.features"), ("pooled", "train.encoder.pooled"),
                           ("logits", "train.head")):
            npy, model = os.path.join(tmp, what + ".npy"), os.path.join(tmp, what + ".onnx")
            run("embed", out, os.path.join(tmp, "t.txt"), "--node", node, "-o", npy)
            run("export", out, "--node", node, "-o", model)
            good &= check(name, what, np.load(npy), model, x)
        return good


def main():
    wanted = sys.argv[1:]
    good = True
    for name in IMAGES:
        if not wanted or name in wanted:
            good &= images(name)
    for name in DECODERS:
        if not wanted or name in wanted:
            good &= decoders(name)
    if not wanted or "modules" in wanted:
        good &= modules()
    for name in TEXTS:
        if not wanted or name in wanted:
            good &= texts(name)
    sys.exit(0 if good else 1)


main()
