/* A map of the file -> the options struct of a node type or record, by its table of options.
 *
 *   sdag_reader r;
 *   sdag_reader_init(&r, arena, log, "examples/simclr/simclr.yaml");
 *   const void *opts = sdag_options_read(&r, "loss.nt_xent", type->opts, type->opts_size, map, map->loc);
 *   status = sdag_reader_end(&r);
 *
 * What is not in the map has its default. Each value is checked by its declared type and range, and each error is
 * reported at its own place, in the words "loss.nt_xent.temperature is 50, expected 0.001 .. 10". Texts are copied;
 * a path is joined to the directory of the file that it was written in, unless it was typed after --set. */
#ifndef SDAG_GRAPHS_GRAPH_OPTIONS_H
#define SDAG_GRAPHS_GRAPH_OPTIONS_H

#include "core/node/opt.h"
#include "graphs/spec/spec.h"

enum { SDAG_READER_ERRORS_MAX = 100 }; /* later ones are counted but not reported */

/* What an error is followed by: a note for the use of the module whose body is read, and so on outwards; or one that
 * says where the module is defined, while a use of it is read. */
typedef struct sdag_read_use {
    const char *what; /* "module.block" */
    sdag_loc loc;
    const struct sdag_read_use *up;
    bool defined; /* loc is the definition */
} sdag_read_use;

/* What reading needs, and what it has found. */
typedef struct sdag_reader {
    sdag_arena *a;
    sdag_log *log;
    const char *dir;          /* of the YAML file, "": the current directory */
    int errors;               /* so far, repeated ones included */
    const sdag_read_use *use; /* innermost; NULL: none */
    SDAG_VEC(struct sdag_read_error {
        sdag_loc loc;
        const char *text;
        const sdag_read_use *use;
    })
    found;                             /* in the order of the file */
    SDAG_VEC(const sdag_spec *) paths; /* the values that were read as paths */
} sdag_reader;

void sdag_reader_init(sdag_reader *r, sdag_arena *a, sdag_log *log, const char *file);
sdag_status sdag_reader_end(sdag_reader *r); /* reports the errors, line by line; SDAG_INVALID when there are any */

/* Notes an error; the same one at the same place only once, since an alias is read wherever it stands. */
void sdag_reader_error(sdag_reader *r, sdag_loc loc, const char *fmt, ...) SDAG_PRINTF(3, 4);
/* "unknown <what> '<word>'<of>; did you mean '<nearest>'?", or the candidates when they are few and none is near. */
void sdag_reader_unknown(sdag_reader *r, sdag_loc loc, const char *what, const char *word, const char *of,
                         const char *(*each)(const void *ctx, int i), const void *ctx);

/* What stands in place of something else: "empty", "one value", "a list", "a map". */
const char *sdag_kind_text(const sdag_spec *v);

/* The options given in map (NULL: all defaults). Keys that are not in the table are left to the caller.
 * loc: where a missing required option is reported. Never NULL; holds defaults where an error was. */
const void *sdag_options_read(sdag_reader *r, const char *what, const sdag_opt *table, size_t size,
                              const sdag_spec *map, sdag_loc loc);
const void *sdag_options_default(sdag_arena *a, const sdag_opt *table, size_t size);
const char *sdag_options_name(const void *table,
                              int i); /* the i-th option's name, for sdag_nearest; NULL past the last */

/* Single values, read as options are: name is what messages call them ("pretrain.epochs"). false: reported. */
bool sdag_read_bool(sdag_reader *r, const char *name, const sdag_spec *v, bool *out);
bool sdag_read_int(sdag_reader *r, const char *name, const sdag_spec *v, double min, double max, int64_t *out);
bool sdag_read_number(sdag_reader *r, const char *name, const sdag_spec *v, double min, double max, double *out);
bool sdag_read_enum(sdag_reader *r, const char *name, const sdag_spec *v, const char *const *choices, int *out);
bool sdag_read_text(sdag_reader *r, const char *name, const sdag_spec *v, const char **out);
bool sdag_read_path(sdag_reader *r, const char *name, const sdag_spec *v, const char **out);
bool sdag_read_duration(sdag_reader *r, const char *name, const sdag_spec *v, sdag_duration *out);
bool sdag_parse_duration(sdag_duration *out, const char *text); /* "2 epochs", "1 step" */

#endif
