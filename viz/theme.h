/* How things look: one row a kind of box, one a kind of line. Nothing else in viz/ names a colour or a shape.
 *
 * The colours of the shared encoder, the objective, the pre-trained and the fine-tuned model are those of the diagrams
 * that the project started from. Fills are light and every box also says in words what its colour means, so that a
 * print in grey loses nothing. */
#ifndef SDAG_VIZ_THEME_H
#define SDAG_VIZ_THEME_H

#include "core/node/node.h"

typedef enum {
    /* the roles of nodes come first, under their own numbers */
    SDAG_LOOK_PRETRAINED = SDAG_ROLE_COUNT, /* weights of an earlier phase or a file, as they are */
    SDAG_LOOK_FINETUNED,                    /* the same, trained further */
    SDAG_LOOK_PHASE,                        /* a whole phase as one box */
    SDAG_LOOK_MODULE,                       /* nodes of the file's own as one box */
    SDAG_LOOK_BLOCK,                        /* a part of an encoder */
    SDAG_LOOK_PORT,                         /* what enters and leaves an opened module */
    SDAG_LOOK_FACT,                         /* of a map: a sentence */
    SDAG_LOOK_TOPIC,                        /* of a map: what it is about */
    SDAG_LOOK_OP,
    SDAG_LOOK_INPUT, /* what the host fills in before each step */
    SDAG_LOOK_COUNT,
} sdag_look;

typedef struct sdag_theme_box {
    const char *id;                            /* class in Mermaid */
    const char *legend;                        /* what the colour stands for; NULL: not worth a line */
    const char *shape, *style, *margin, *skew; /* Graphviz; NULL: its own */
    const char *open, *close;                  /* brackets around the label in Mermaid */
    const char *fill, *stroke;
    const char *width; /* of the stroke */
} sdag_theme_box;

typedef enum {
    SDAG_LINE_WIRE,
    SDAG_LINE_STOP,    /* a wire along which no gradient flows back */
    SDAG_LINE_MODEL,   /* trained weights become the model of their phase */
    SDAG_LINE_WEIGHTS, /* `use`: they are handed to a later phase */
    SDAG_LINE_DOWN,    /* the same between phases that are one box each: downwards */
    SDAG_LINE_AVERAGE, /* a momentum node follows these weights */
    SDAG_LINE_LOOK,    /* a probe looks at it */
    SDAG_LINE_ORDER,   /* not drawn: the first end stands left of the second */
    SDAG_LINE_ROW,     /* not drawn: the first end stands above the second */
    SDAG_LINE_STACK,   /* the same, and close below it */
    SDAG_LINE_COUNT,
} sdag_line_kind;

typedef struct sdag_theme_line {
    const char *legend;
    const char *color, *bundle;        /* bundle: the same, twice with a gap */
    const char *style, *width, *arrow; /* Graphviz */
    /* Ranks between its ends: 0 lets them stand side by side. Never 0 where there are labels: dot of Graphviz 2.42
     * frees memory twice after some layouts with labelled lines between boxes of one rank. */
    const char *minlen;
    const char *weight;  /* how much it pulls them together */
    const char *mermaid; /* NULL: not drawn */
} sdag_theme_line;

#define SDAG_THEME_FONT "Helvetica,Arial,sans-serif"
#define SDAG_THEME_QUIET "#555555" /* text of the second rank */
#define SDAG_THEME_DARK "#222222"
#define SDAG_THEME_UNKNOWN "#ffffff" /* in a heat picture: not measured */
#define SDAG_THEME_PHASE_FILL "#f8f8f4"
#define SDAG_THEME_PHASE_STROKE "#b5b5a5"
#define SDAG_THEME_GROUP_STROKE "#999999"
#define SDAG_THEME_VIEWS "double line: several views"

/* Heat: one hue, from nearly white to a colour on which black still reads (contrast 9 to 1); lightness alone tells the
 * amount, so that it survives grey prints and colour-blind eyes. share: 0..1. */
const char *sdag_theme_heat(char buf[8], double share);
/* Turns light into dark and keeps the hues, for browsers that ask for dark pages. */
extern const char sdag_theme_dark[];

extern const sdag_theme_box sdag_theme_boxes[SDAG_LOOK_COUNT];
extern const sdag_theme_line sdag_theme_lines[SDAG_LINE_COUNT];

#endif
