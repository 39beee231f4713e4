/* A pipeline from its text to a picture, for tests of pictures.
 *
 *   sketch s;
 *   sketch_start(&s, yaml, NULL, 0);
 *   const char *text = sketch_draw(&s, (sdag_viz_options){.format = SDAG_VIZ_MERMAID});
 *   sketch_end(&s);
 *
 * What goes wrong fails the test. */
#ifndef SDAG_TESTS_SKETCH_H
#define SDAG_TESTS_SKETCH_H

#include "viz/viz.h"

typedef struct sketch {
    sdag_arena a;
    sdag_log *log;
    sdag_graph *g;
    const char *text;
    const sdag_node_type *const *more; /* node types beside the built-in ones */
    int n_more;
    char *out;
    size_t len;
    sdag_viz_options options;
} sketch;

void sketch_start(sketch *s, const char *text, const sdag_node_type *const *more, int n_more);
void sketch_end(sketch *s);

const char *sketch_draw(sketch *s, sdag_viz_options o); /* s->out; no message was logged */
sdag_status sketch_try(void *s);                        /* draws with s->options, for sdag_arena_try */
/* sdag_arena_try of it: the status, and what was said last. */
sdag_status sketch_fails(sketch *s, sdag_viz_options o, const char *says);

/* A text is that of tests/golden/viz/NAME; SSLDAG_GOLDEN_UPDATE=1 writes that file anew. */
void sketch_golden(sketch *s, const char *name, sdag_viz_options o);
void sketch_golden_text(sdag_arena *a, const char *name, const char *text, size_t len);

/* SVG, DOT and Mermaid are well-formed and inert. */
void sketch_sound(sketch *s, sdag_viz_options o);
void sketch_sound_dot(const char *text, size_t len);

/* Texts that would be markup, directives or nonsense if they were not escaped; NULL ends them. */
extern const char *const sketch_hostile[];

#endif
