/* Where a value comes from: every place that sets it, in the order in which they take effect.
 *
 *   sdag_spec_origins o;
 *   status = sdag_spec_origins_find(&o, arena, log, &files, sets, n_sets, "pretrain.optimizer.lr", typed);
 *   for (int i = 0; i < o.list.n; i++) ... o.list.at[i].loc, .value
 *   last = sdag_spec_origins_last(&o);     // NULL: nothing sets it
 *
 * The files must have been resolved with the same sets without an error before. */
#ifndef SDAG_SPEC_ORIGIN_H
#define SDAG_SPEC_ORIGIN_H

#include "graphs/spec/spec.h"

typedef enum {
    SDAG_ORIGIN_FILE,    /* a file gives the value */
    SDAG_ORIGIN_LET,     /* a name that it mentions gets its value here */
    SDAG_ORIGIN_ANCHOR,  /* here the value that an alias repeats was written */
    SDAG_ORIGIN_REMOVED, /* a file removes what its base gave */
    SDAG_ORIGIN_TYPE,    /* a file gives the node another type: the base's options are gone */
    SDAG_ORIGIN_SET,     /* --set gives it, or a part of it */
} sdag_origin_kind;

typedef struct sdag_spec_origin {
    sdag_origin_kind kind;
    int depth;              /* 0: the value itself; more: of what a $name or an alias in it stands for */
    sdag_loc loc;           /* of the value as it stands there */
    const char *name;       /* LET, ANCHOR: which; SET: its path */
    const char *alias;      /* *alias is what stands there; NULL: the value itself */
    const sdag_spec *value; /* as written there */
} sdag_spec_origin;

typedef struct sdag_spec_origins {
    sdag_spec_path path;
    const sdag_spec *value; /* what counts in the end, names put in; NULL: nothing sets it */
    SDAG_VEC(sdag_spec_origin) list;
} sdag_spec_origins;

sdag_status sdag_spec_origins_find(sdag_spec_origins *out, sdag_arena *a, sdag_log *log, const sdag_spec_files *files,
                                   const sdag_spec_set *sets, int n_sets, const char *path, sdag_loc typed);
const sdag_spec_origin *sdag_spec_origins_last(const sdag_spec_origins *o); /* of depth 0 */
const char *sdag_origin_kind_name(sdag_origin_kind k);                      /* "file", "let", ... */

#endif
