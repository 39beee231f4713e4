/* A picture before it is drawn: groups, boxes and lines, and clean text. nodes.c and ops.c fill it; draw.c (Graphviz)
 * and mermaid.c write it. Private to this folder.
 *
 * Every text has gone through sdag_picture_text: UTF-8 without control characters, of bounded length. Writers only add
 * the escapes of their own format. All of it lives in the picture's arena. */
#ifndef SDAG_VIZ_PICTURE_H
#define SDAG_VIZ_PICTURE_H

#include "core/base/map.h"
#include "core/base/str.h"
#include "viz/theme.h"
#include "viz/viz.h"

enum { SDAG_PICTURE_DETAILS = 11, SDAG_PICTURE_TIPS = 24, SDAG_PICTURE_LABELS = 5 };

#define SDAG_PICTURE_PULLS "PULL TOGETHER"
#define SDAG_PICTURE_PUSHES "PUSH APART"

/* A frame around boxes: a phase, or the node that operations come from. */
typedef struct sdag_group {
    const char *id, *title;
    const char *details[3]; /* lines below the title; NULL ends them */
    const char *about[4];   /* smaller lines; NULL ends them */
    int parent;             /* -1: the picture */
    int look;               /* fill; -1: that of a phase */
    const char *fill;       /* instead of the look's: heat; NULL */
} sdag_group;

typedef struct sdag_box {
    const char *id, *name, *kind;              /* kind: type of the node, or NULL */
    const char *details[SDAG_PICTURE_DETAILS]; /* NULL ends them */
    const char *pulls[4], *pushes[4];          /* of an objective; wrapped */
    const char *value;                         /* a figure, bold: of a heat picture; NULL */
    const char *fill;                          /* instead of the look's; NULL */
    const char *tips[SDAG_PICTURE_TIPS];       /* lines that are shown under the pointer; NULL ends them */
    const char *href;                          /* SVG: relative and escaped, see sdag_picture_href; NULL: no link */
    int group;                                 /* -1: in no frame */
    int look;
} sdag_box;

typedef struct sdag_line {
    int from, to;                           /* boxes */
    const char *label[SDAG_PICTURE_LABELS]; /* NULL ends it */
    sdag_line_kind kind;
    bool many;     /* a bundle: several views along one wire */
    bool to_frame; /* ends where the frame around `to` begins */
} sdag_line;

/* The scale of a heat picture: texts at the ends of the bar, and what they measure. */
typedef struct sdag_scale {
    const char *what, *low, *high;
} sdag_scale;

typedef struct sdag_picture {
    sdag_arena *a;
    const char *title, *detail;
    const char *about[4];
    SDAG_VEC(sdag_group) groups;
    SDAG_VEC(sdag_box) boxes;
    SDAG_VEC(sdag_line) lines;
    sdag_scale scale; /* what NULL: no heat */
    bool laid_out;    /* will be: the bounds hold */
    bool hangs;       /* from one box at the top */
    bool plain;       /* a map: its boxes say what they are, without a legend */
    sdag_map ids;
} sdag_picture;

void sdag_picture_init(sdag_picture *p, sdag_arena *a, sdag_viz_format format);
void sdag_picture_title(sdag_picture *p, const sdag_graph *g);

/* At most max characters of text: control characters and what turns the direction of text are left out, bytes that are
 * no UTF-8 become U+FFFD, "..." ends what was cut. Never empty: "?" stands for nothing. */
const char *sdag_picture_text(sdag_picture *p, const char *text, int max);
/* The same in lines of about width characters, cut at spaces: the first free places of a list that ends with NULL. */
#define SDAG_PICTURE_WRAP(p, list, text, width) \
    sdag_picture_wrap((p), (list), sizeof(list) / sizeof *(list), (text), (width))
void sdag_picture_wrap(sdag_picture *p, const char **lines, size_t room, const char *text, int width);

/* All three give the index. ids are made unique; the caller fills in the rest. */
int sdag_picture_group(sdag_picture *p, int parent, const char *id, const char *title);
int sdag_picture_box(sdag_picture *p, int group, int look, const char *id, const char *name);
int sdag_picture_line(sdag_picture *p, int from, int to, sdag_line_kind kind);

/* What the layout will cost: ranks spanned by the lines, all together. Lines lead from earlier boxes to later ones. */
int64_t sdag_picture_reach(const sdag_picture *p);

/* Adds text to the first free place of a list that ends with NULL; a full list keeps what it has. */
#define SDAG_PICTURE_ADD(list, text) sdag_picture_add((list), sizeof(list) / sizeof *(list), (text))
void sdag_picture_add(const char **list, size_t room, const char *text);

/* Fillers. */
sdag_status sdag_picture_nodes(sdag_picture *p, sdag_log *log, const sdag_graph *g, const sdag_viz_options *o);
sdag_status sdag_picture_ops(sdag_picture *p, sdag_log *log, const sdag_graph *g, const sdag_viz_options *o);
/* "Phase 1: pretrain" with its kind and length below. Returns the group. */
int sdag_picture_phase(sdag_picture *p, const sdag_graph *g, int32_t phase);
/* Whether a label of the data reaches the objective of the phase, which trains. */
bool sdag_picture_labelled(sdag_picture *p, const sdag_graph *g, const sdag_phase *phase);
/* The look of a node: its role's, unless its weights come from before. */
int sdag_picture_look(const sdag_graph *g, const sdag_gnode *n);
/* Whether the weights of a node, as they leave its phase, have been trained there; whether a phase trains on what an
 * earlier one or a file began. */
bool sdag_picture_trains(const sdag_graph *g, const sdag_gnode *n);
bool sdag_picture_fine_tunes(const sdag_graph *g, const sdag_phase *phase);
/* "f32[32,128]" */
const char *sdag_picture_value(sdag_picture *p, const sdag_program *q, sdag_val v);
/* A relative path as a link that can be nothing else: all but letters, digits, '.', '_', '-' and '/' as %XX. */
const char *sdag_picture_href(sdag_picture *p, const char *path);

/* Whether a name that was typed means this node: "encoder", or "pretrain.encoder". */
bool sdag_picture_named(const sdag_graph *g, const sdag_gnode *n, const char *name);
/* SDAG_USAGE, with the nearest name of a phase or a node. */
sdag_status sdag_picture_unknown(sdag_log *log, const sdag_graph *g, const char *option, const char *name,
                                 const char *what);

/* Writers. */
sdag_status sdag_picture_draw(char **out, size_t *len, const sdag_picture *p, sdag_log *log, sdag_viz_format format);
void sdag_picture_mermaid(sdag_str *s, const sdag_picture *p);
sdag_status sdag_picture_write(char **out, size_t *len, const sdag_picture *p, sdag_log *log, sdag_viz_format format);

#endif
