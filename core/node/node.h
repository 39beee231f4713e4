/* The node ABI: a node type is one const struct. What nodes/ and plugins are written against.
 *
 * A node reads like its paper: a sentence, the mathematics, options, ports, lower. See nodes/loss/nt_xent.c. */
#ifndef SDAG_NODE_NODE_H
#define SDAG_NODE_NODE_H

#include "core/data/dataset.h"
#include "core/node/opt.h"
#include "core/ops/build.h"

typedef enum {
    SDAG_ROLE_SOURCE,
    SDAG_ROLE_AUGMENT,
    SDAG_ROLE_PRETEXT,
    SDAG_ROLE_ENCODER,
    SDAG_ROLE_DECODER,
    SDAG_ROLE_PROJECTOR,
    SDAG_ROLE_MOMENTUM,
    SDAG_ROLE_MEMORY,
    SDAG_ROLE_LOSS,
    SDAG_ROLE_OPTIMIZER,
    SDAG_ROLE_HEAD,
    SDAG_ROLE_PROBE,
    SDAG_ROLE_SINK,
    SDAG_ROLE_MATH,
    SDAG_ROLE_LAYER,
    SDAG_ROLE_COUNT,
} sdag_role;
const char *sdag_role_name(sdag_role r); /* "source" */

enum {
    SDAG_PORT_OPTIONAL = 1, /* input: need not be connected; output: given with some options only */
    SDAG_PORT_BUNDLE = 2,   /* takes several views at once (a loss between views) */
    SDAG_PORT_EVAL = 4,     /* probe: names trained nodes (`of`) to be run on other data */
    SDAG_PORT_DATA = 8,     /* probe: names the data (`bank`, `query`) on which SDAG_PORT_EVAL nodes are run */
    SDAG_PORT_KEY = 16,     /* given as a key of the node (`of: encoder`) rather than inside `in:` */
    SDAG_PORT_SOURCE = 32,  /* with DATA: stands in for the sources alone, so that augmentations and pretext tasks work
                               on the new data as well; without it, for all data nodes */
};

/* A port. type: element type and shape with named sizes, alternatives by '|': "f32[B,H,W,C]", "i32[B]", "f32[B,...]",
 * "f32[]". The same letter means the same size over all ports of a node; a digit is itself.
 * "image" accepts f32[B,H,W,C] and undecoded pixels (u8) of one or of mixed sizes; sdag_in gives it as f32 scaled
 * to 0..1, sdag_in_image as it is. The first input and the first output are what `in: node` connects. */
typedef struct sdag_port {
    const char *name, *type, *help;
    unsigned flags;
} sdag_port;

typedef struct sdag_node sdag_node; /* the lowering stage's; read through the functions below */

typedef struct sdag_open {
    sdag_arena *arena; /* of the run: the data set may live in it */
    sdag_log *log;
    sdag_loc loc; /* of the node */
    uint64_t seed;
    bool lenient; /* a sample that cannot be read is reported by load, not when the data are opened */
} sdag_open;

typedef struct sdag_node_type {
    const char *name;  /* "loss.nt_xent" */
    const char *brief; /* one sentence */
    sdag_role role;
    const sdag_opt *opts;
    size_t opts_size;
    const sdag_port *ins, *outs; /* end with {0}; NULL: none */
    bool maps;                   /* maps over a bundle with one set of weights */
    bool trains;                 /* has parameters: takes use, freeze, weights, batching */
    const char *example;         /* flow YAML, checked by a test */
    const char *paper;           /* "Chen et al. 2020, arXiv:2002.05709", or NULL */

    const char *(*check)(const void *opts);              /* what is wrong between options, or NULL */
    void (*lower)(sdag_build *b, const sdag_node *self); /* emits ops; all roles but sink and pure probes */
    /* What is updated after the optimizer in every training step (moving averages); NULL: nothing. */
    void (*update)(sdag_build *b, const sdag_node *self);
    /* sources: opens the data. Returns SDAG_IO with a message that names the file. */
    sdag_status (*open)(sdag_dataset **out, const void *opts, const sdag_open *o);
    /* probes and sinks: see collector.h */
    const struct sdag_collect *collect;

    /* losses, for pictures: what training draws together and what it drives apart, a few words each; NULL: nothing */
    const char *pulls, *pushes;
    /* for pictures: no gradient passes through it. A momentum node need not say so. */
    bool stops_gradient;
} sdag_node_type;

/* ---- for lower */
const void *sdag_node_opts(const sdag_node *n);
const char *sdag_node_name(const sdag_node *n);

/* The value that is wired to an input port: for a node that maps, the view (or all views, joined on the first axis)
 * that is being mapped. 0 for an optional port that is not connected. Pixels arrive as f32 in 0..1. */
sdag_val sdag_in(sdag_build *b, const sdag_node *self, const char *port);
bool sdag_in_given(const sdag_node *self, const char *port);

/* A bundle: the number of views (1 for a plain wire), one of them, and all of them joined on the first axis. */
int sdag_in_views(sdag_build *b, const sdag_node *self, const char *port);
sdag_val sdag_in_view(sdag_build *b, const sdag_node *self, const char *port, int i);
sdag_val sdag_in_joint(sdag_build *b, const sdag_node *self, const char *port);

/* Undecoded pixels: u8[B,H,W,C], or u8[B,cap] with *dims = i32[B,2] for mixed sizes; or f32[B,H,W,C]. channels is
 * always set. (of an "image" port) */
sdag_val sdag_in_image(sdag_build *b, const sdag_node *self, const char *port, sdag_val *dims, int64_t *channels);

void sdag_out(sdag_build *b, const sdag_node *self, const char *port, sdag_val v);
void sdag_out_image(sdag_build *b, const sdag_node *self, const char *port, sdag_val v, sdag_val dims,
                    int64_t channels);
void sdag_out_view(sdag_build *b, const sdag_node *self, const char *port, const char *view,
                   sdag_val v); /* adds a view */

/* What travels beside a value, for those whom it concerns; 0 where there is none. */
typedef struct sdag_beside {
    sdag_val dims;          /* images of mixed sizes: i32[B,2], height and width of each */
    int64_t channels;       /* of an image; 0: not one */
    sdag_val next;          /* tokens: the one that follows each, i32[B,T] */
    int64_t vocab;          /* tokens, and features of tokens: how many different ones there are; 0: not known */
    int64_t mask_id;        /* tokens: the one that stands for a hidden one, plus 1; 0: the data have none */
    int64_t pad_id;         /* tokens: the one that fills up short samples, plus 1; 0: the data have none */
    sdag_val table;         /* features of tokens: the embedding that they came from, f32[V,D] */
    int64_t grid_h, grid_w; /* tokens of patches of an image: how many of them lie in a column, in a row; 0: not such */
} sdag_beside;
/* Of the first wire of an input port; and after sdag_out, of an output port. */
sdag_beside sdag_in_beside(sdag_build *b, const sdag_node *self, const char *port);
void sdag_out_beside(sdag_build *b, const sdag_node *self, const char *port, const sdag_beside *beside);

/* momentum: the nodes that the port `of` names (SDAG_PORT_EVAL), once more, reading what is wired to `in` where they
 * read what is not named. Their weights become states of self, "encoder.conv1.weight": they start as those of the nodes
 * and are not trained; batch norms keep statistics of their own. What the last of them gives leaves `out`, and no
 * gradient enters. */
void sdag_lower_copy(sdag_build *b, const sdag_node *self, const char *of, const char *in, const char *out);
/* For update: pair i of a weight of the copies and what it is a copy of, in their versions of now; false: there is
 * none. Running statistics and counters are no pairs. */
bool sdag_copied_at(sdag_build *b, const sdag_node *self, int i, sdag_val *copy, sdag_val *source);

/* A number that may change in training, as f32[]. The schedule lives in the options. */
sdag_val sdag_scheduled_val(sdag_build *b, const sdag_schedule *s);

/* sources: the batch size that this program uses (the option, or the smaller last batch), and its ids and labels. */
int64_t sdag_source_batch(sdag_build *b, const sdag_node *self);
sdag_val sdag_source_ids(sdag_build *b, const sdag_node *self);    /* i32[B] */
sdag_val sdag_source_labels(sdag_build *b, const sdag_node *self); /* i32[B] */

/* optimizers: what reached the loss. */
typedef struct sdag_trained {
    sdag_val param, grad;
    const char *node, *name; /* "encoder", "layer1.0.conv1.weight" */
    unsigned flags;          /* SDAG_STATE_* */
    int rank;
    int32_t state;
} sdag_trained;
int sdag_trained_count(const sdag_build *b);
const sdag_trained *sdag_trained_at(const sdag_build *b, int i);
/* A slot of the optimizer for trained parameter i ("momentum", "exp_avg"): a state named <node>.<param>.<slot>. */
sdag_val sdag_slot(sdag_build *b, int i, const char *slot);
sdag_val sdag_slot_counter(sdag_build *b, const char *name); /* i32[], starts at 0 */

/* ---- options that all sources share: first member of a source's options, first rows of its table */
typedef struct sdag_source_opts {
    int64_t batch, per_class;
    sdag_floats fraction;
    int shuffle, last;
} sdag_source_opts;
extern const char *const sdag_auto_choices[]; /* auto, true, false */
extern const char *const sdag_last_choices[]; /* auto, drop, wrap, keep */
enum { SDAG_AUTO, SDAG_TRUE, SDAG_FALSE };
enum { SDAG_LAST_AUTO, SDAG_LAST_DROP, SDAG_LAST_WRAP, SDAG_LAST_KEEP };
/* clang-format off */
#define SDAG_SOURCE_OPTS(T)                                                                                              \
    SDAG_INT(T, common.batch, 64, 1, 1 << 20, "samples in a batch"),                                                     \
        SDAG_INT(T, common.per_class, 0, 0, 1 << 30, "keep only so many samples of each class; 0: all"),                 \
        SDAG_F32S(T, common.fraction, "[0, 1]", 0, 1, "keep this part of the samples: 0.1, or a range such as [0.8, 1]"),\
        SDAG_ENUM(T, common.shuffle, SDAG_AUTO, sdag_auto_choices, "new order every epoch; auto: in training"),          \
        SDAG_ENUM(T, common.last, SDAG_LAST_AUTO, sdag_last_choices,                                                     \
                  "last partial batch: drop, wrap or keep; auto: drop in training, keep otherwise")
/* clang-format on */

/* ---- the table of built-in types */
const sdag_node_type *const *sdag_node_types(int *n);

#endif
