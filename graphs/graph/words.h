/* How an option and its parts are worded: one place for messages, `inspect`, the schema and the dump.
 *
 *   sdag_str s = {.a = arena};
 *   sdag_opt_type_text(&s, o);     // "number"
 *   sdag_opt_range_text(&s, o);    // "0.001 .. 10"
 *   sdag_opt_default_text(&s, o);  // "0.5" */
#ifndef SDAG_GRAPHS_GRAPH_WORDS_H
#define SDAG_GRAPHS_GRAPH_WORDS_H

#include "core/base/str.h"
#include "core/node/opt.h"

/* Bounds of this size and beyond are there to catch slips, and are not worth saying. */
#define SDAG_OPEN_BOUND 1e9

const char *sdag_opt_name(const sdag_opt *o); /* as typed in the file: what follows the last '.' of the table's name */

/* The rows of a table that ends with an empty one; NULL: none. */
int sdag_opt_count(const sdag_opt *table);

void sdag_opt_type_text(sdag_str *s, const sdag_opt *o);    /* "integer", "auto | true | false", "list of numbers" */
void sdag_opt_range_text(sdag_str *s, const sdag_opt *o);   /* nothing when any value of the type will do */
void sdag_opt_default_text(sdag_str *s, const sdag_opt *o); /* "required", "none" for an empty text or list */
/* The value that opts (a struct of o's table) holds, as it could be typed. */
void sdag_opt_value_text(sdag_str *s, const sdag_opt *o, const void *opts);

/* Numbers as people write them: 0.001 rather than 1e-3, 1e-6 rather than 0.000001. Returns buf. */
const char *sdag_number_text(char buf[40], double v);
const char *sdag_float_text(char buf[40], float v);        /* as short as reads back as the same float */
void sdag_range_text(sdag_str *s, double min, double max); /* "0 .. 1", "at least 1", "" */
void sdag_duration_text(sdag_str *s, sdag_duration d);     /* "2 epochs" */
void sdag_schedule_text(sdag_str *s, const sdag_schedule *d);
void sdag_choices_text(sdag_str *s, const char *const *choices, const char *between);

/* A text as a YAML value: plain where that reads back, in quotes otherwise. */
void sdag_yaml_text(sdag_str *s, const char *text);

/* "freeze | batching ...": what a key that belongs to no type means. The list ends with an empty row. */
typedef struct sdag_common_key {
    const char *name, *help;
    unsigned roles; /* SDAG_KEY_* : of which nodes */
} sdag_common_key;
enum { SDAG_KEY_ALL = 1, SDAG_KEY_WITH_INPUTS = 2, SDAG_KEY_TRAINS = 4, SDAG_KEY_PROBE = 8 };
extern const sdag_common_key sdag_common_keys[];
struct sdag_node_type;
bool sdag_common_key_fits(const sdag_common_key *k, const struct sdag_node_type *t);

/* What the keys of the top level, of a phase, of a schedule and of a module mean; end with an empty row. */
typedef struct sdag_key_help {
    const char *key, *help;
} sdag_key_help;
extern const sdag_key_help sdag_root_help[], sdag_phase_help[], sdag_schedule_help[], sdag_module_help[];
const char *sdag_help_of(const sdag_key_help *table, const char *key); /* NULL: not in it */

extern const char *const sdag_family_choices[];   /* generative | contrastive | non-contrastive | pretext */
extern const char *const sdag_batching_choices[]; /* joint | separate */
extern const char *const sdag_schedule_rules[];   /* constant, cosine, linear, steps: by sdag_sched_rule */

#endif
