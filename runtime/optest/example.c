/* The pipeline in which examples are checked. */
#include "runtime/optest/example.h"

#include <string.h>

#include "core/base/str.h"

/* A line of the pipeline below; the example takes the place of the node that `phase` and `name` say. */
typedef struct line {
    const char *phase, *name, *node;
} line;

static const line pipeline[] = {
    {"pretrain", "images", "{type: source.random, size: [48, 48], batch: 8}"},
    {"pretrain", "train", "{type: source.random, size: [32, 32], classes: 10}"},
    {"pretrain", "test", "{type: source.random, size: [32, 32], classes: 10}"},
    {"pretrain", "colour", "{type: pretext.colorize, in: train}"},
    {"pretrain", "view_i", "{type: augment, in: images, ops: [{random_resized_crop: {size: 32}}]}"},
    {"pretrain", "view_j", "{type: augment, in: images, ops: [{random_resized_crop: {size: 32}}]}"},
    {"pretrain", "encoder", "{type: encoder.cnn, in: [view_i, view_j], widths: [4]}"},
    {"pretrain", "scores", "{type: head.classifier, in: encoder.view_i, classes: 309, freeze: true}"},
    {"pretrain", "projector", "{type: projector.mlp, in: encoder, widths: [8, 4]}"},
    {"pretrain", "loss", "{type: loss.nt_xent, in: projector}"},
    {"pretrain", "optimizer", "{type: optimizer.sgd, in: loss, lr: 0.1}"},
    {"pretrain", "extra", NULL},
    {"finetune", "images", "{type: source.random, size: [300, 300], batch: 8, classes: 10}"},
    {"finetune", "few", "{type: source.random, size: [300, 300], batch: 8, classes: 10}"},
    {"finetune", "view", "{type: augment, in: images, ops: [{resize: {size: [16, 16]}}]}"},
    {"finetune", "encoder", "{type: encoder.cnn, in: view, widths: [4]}"},
    {"finetune", "head", "{type: head.classifier, in: encoder, classes: 10}"},
    {"finetune", "loss", "{type: loss.cross_entropy, in: {logits: head, target: few.label}}"},
    {"finetune", "optimizer", "{type: optimizer.sgd, in: loss, lr: 0.1}"},
    {"language", "text", "{type: source.text, path: text.txt, special: [mask]}"},
    {"language", "tokens", "{type: source.text, path: text.txt}"},
    {"language", "model", "{type: encoder.transformer, in: text, layers: 1, width: 8, heads: 2, causal: true}"},
    {"language", "head", "{type: head.tokens, in: model}"},
    {"language", "extra", NULL},
    {"code", "images", "{type: source.random, size: [8, 8], batch: 8}"},
    {"code", "encoder", "{type: encoder.mlp, in: images, widths: [16]}"},
    {"code", "mean", "{type: projector.mlp, in: encoder, widths: [4]}"},
    {"code", "log_var", "{type: projector.mlp, in: encoder, widths: [4]}"},
    {"code", "decoder", "{type: decoder.conv, in: mean, widths: [4], size: 8, channels: 3}"},
    {"code", "reconstruction", "{type: loss.mse, in: {x: decoder, y: images}}"},
    {"code", "kl", "{type: loss.kl, in: {mean: mean, log_var: log_var}}"},
    {"code", "loss", "{type: loss.sum, in: [reconstruction, kl]}"},
    {"code", "optimizer", "{type: optimizer.sgd, in: loss, lr: 0.1}"},
    {"code", "train", "{type: source.random, size: [8, 8]}"},
    {"code", "test", "{type: source.random, size: [8, 8]}"},
    {"code", "extra", NULL},
    {"predict", "test", "{type: source.random, size: [32, 32], batch: 8, classes: 10}"},
    {"predict", "encoder", "{use: finetune.encoder, in: test.image}"},
    {"predict", "head", "{use: finetune.head, in: encoder}"},
    {"predict", "vit", "{type: encoder.vit, in: test.image, patch: 8, width: 16, layers: 1, heads: 2}"},
    {"predict", "extra", NULL},
};
enum { LINES = sizeof pipeline / sizeof *pipeline };

/* The nodes that an example may stand in for. */
static const char *const places[] = {
    "pretrain.images",    "pretrain.view_i",    "finetune.view",      "pretrain.encoder",    "finetune.encoder",
    "pretrain.projector", "pretrain.loss",      "finetune.loss",      "code.reconstruction", "code.kl",
    "code.loss",          "pretrain.optimizer", "finetune.optimizer", "finetune.head",       "code.extra",
    "pretrain.extra",     "predict.extra",      "language.text",      "language.model",      "language.head",
    "language.extra",     "code.encoder",
};
enum { PLACES = sizeof places / sizeof *places };

const char *sdag_example_place(int place) { return places[place]; }

int sdag_example_find(const char *place)
{
    for (int i = 0; i < PLACES; i++)
        if (!strcmp(places[i], place)) return i;
    return -1;
}

const char *sdag_example_text(sdag_arena *a, int place, const char *node)
{
    sdag_str s = {.a = a};
    const char *phase = "";
    if (place < 0 || place >= PLACES) return NULL;
    sdag_str_add(&s, "version: 1\nphases:\n");
    for (int i = 0; i < LINES; i++) {
        const line *l = &pipeline[i];
        bool here = !strcmp(places[place], sdag_arena_printf(a, "%s.%s", l->phase, l->name));
        if (strcmp(phase, l->phase))
            sdag_str_addf(&s, "  %s:\n%s    nodes:\n", l->phase,
                          strcmp(l->phase, "predict") && strcmp(l->phase, "language") ? "    epochs: 3\n" : "");
        phase = l->phase;
        if (here || l->node) sdag_str_addf(&s, "      %s: %s\n", l->name, here ? node : l->node);
    }
    return s.at;
}

const char *sdag_example_of_record(sdag_arena *a, const char **place, const sdag_node_type *t, const sdag_opt *o,
                                   const sdag_record_type *r)
{
    const bool augment = t->role == SDAG_ROLE_AUGMENT, optimizer = t->role == SDAG_ROLE_OPTIMIZER;
    const char *more = optimizer ? ", lr: 0.1" : t->role == SDAG_ROLE_SINK ? ", path: lines.svg, x: [1]" : "";
    const char *dot = strrchr(o->name, '.');
    *place = augment ? "finetune.view" : optimizer ? "pretrain.optimizer" : "pretrain.extra";
    return sdag_arena_printf(a, "{type: %s%s%s%s, %s: [%s]}", t->name, t->ins ? ", in: " : "",
                             !t->ins   ? ""
                             : augment ? "images"
                                       : "loss",
                             more, dot ? dot + 1 : o->name, r->example);
}
