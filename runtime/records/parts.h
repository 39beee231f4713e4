/* Private to the records: what their parts share. */
#ifndef SDAG_RUNTIME_RECORDS_PARTS_H
#define SDAG_RUNTIME_RECORDS_PARTS_H

#include "runtime/records/grid.h"
#include "runtime/records/records.h"
#include "runtime/records/times.h"

/* One file of JSON, kept as a tree. */
typedef enum { FILE_TIMING, FILE_PLAN, FILE_VIEWS, FILE_EMBEDDING, FILE_CONFUSION, FILE_ENV, FILES } sdag_records_file;

/* An image in the program that is looked at. */
typedef struct sdag_view_tile {
    int32_t node;
    int port, view;
    const char *name; /* "view_i", "mask.image" */
} sdag_view_tile;

/* A grid: of each sample all tiles, beside each other. */
typedef struct sdag_view {
    int32_t node;
    bool data; /* made by the feed: shown once */
    sdag_view_tile tiles[SDAG_GRID_TILES];
    int n;
} sdag_view;

typedef struct sdag_views {
    sdag_task *task; /* NULL: there is nothing to see */
    sdag_view *list;
    int n;
    int64_t rows;  /* samples */
    bool *foreign; /* [node] */
} sdag_views;

enum { SDAG_EMBEDDING_POINTS = 500, SDAG_EMBEDDING_MOMENTS = 6 };

typedef struct sdag_embedding {
    sdag_task *task; /* NULL: no encoder, or it cannot be shown */
    int32_t node, source;
    int32_t *ids; /* [n], the samples */
    int64_t n, batch, d;
    sdag_val features; /* f32[batch,...] */
} sdag_embedding;

struct sdag_recorder {
    sdag_session *session;
    json_t *files[FILES];
    uint32_t hashes[FILES]; /* of the texts that were written last */
    sdag_log *silent;       /* of what may go wrong */
    bool warned;
    double began, spent, written, write_cost; /* seconds, monotonic */
    sdag_arena scratch;                       /* emptied after every moment: there are many in a long phase */
    /* of the phase */
    sdag_arena arena;
    sdag_task *task;
    sdag_timing timing;
    sdag_views views;
    sdag_embedding embedding;
    int64_t from, step, epoch; /* where the phase began here; of the look */
    double phase_began, looked, look_cost;
};

/* ---- small programs (look.c) */

/* The nodes of `look` on so many samples, in inference; NULL: they cannot be run that way. Its rows are filled and it
 * is run by sdag_look_run. `look` outlives it. */
sdag_task *sdag_look_task(sdag_recorder *r, const sdag_lower_look *look, int64_t samples);
/* Its feeds get ids[feed][samples]; random numbers are those of `now`. false: it failed. */
bool sdag_look_run(sdag_recorder *r, sdag_task *t, const sdag_step *now, const int32_t *const *ids);

/* ---- what is kept */

void sdag_views_make(sdag_recorder *r);
void sdag_views_show(sdag_recorder *r, sdag_look_when when);
void sdag_embedding_make(sdag_recorder *r);
void sdag_embedding_add(sdag_recorder *r);
json_t *sdag_plan_record(sdag_arena *a, const sdag_task *t); /* an object of plan.json */

/* ---- the files (files.c) */

bool sdag_records_read(sdag_recorder *r, const sdag_cursor *at); /* what there is, or new ones; false: no memory */
void sdag_records_write(sdag_recorder *r, bool last);            /* all; last: the run may be over */

/* The entry of an array whose "phase" and "node" are these; NULL: none. */
json_t *sdag_records_entry(json_t *array, const char *phase, const char *node);
const char *sdag_records_phase_name(const sdag_recorder *r);

#endif
