/* DIR/sweep.json: what belongs to the sweep, and how far it got. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/io/json_text.h"
#include "runtime/cli/sweep.h"

static json_t *keys_json(const sdag_sweep *s)
{
    json_t *j = json_object();
    for (int i = 0; i < s->n_axes; i++) {
        json_t *values = json_array();
        for (int k = 0; k < s->axes[i].n; k++) json_array_append_new(values, sdag_json_text(s->axes[i].values[k]));
        json_object_set_new(j, s->axes[i].path, values);
    }
    return j;
}

static const char *state_path(const sdag_sweep *s) { return sdag_path_join(s->c->arena, s->dir, "sweep.json"); }

static sdag_status out_of_memory(void *json)
{
    json_decref(json);
    return SDAG_NOMEM;
}

sdag_status sdag_sweep_save(const sdag_sweep *s)
{
    json_t *runs = json_array();
    json_t *j = json_pack("{s:i, s:o, s:o, s:o, s:o}", "version", 1, "file", sdag_json_text(s->file), "keys",
                          keys_json(s), "config", sdag_json_text(s->config), "runs", runs);
    if (!j) return out_of_memory(j);
    for (int i = 0; i < s->n_runs; i++) {
        const sdag_sweep_run *r = &s->runs[i];
        json_t *one = json_pack("{s:o, s:o}", "folder", sdag_json_text(strrchr(r->dir, '/') + 1), "values",
                                sdag_json_text(r->label));
        if (one && r->code >= 0) json_object_set_new(one, "code", json_integer(r->code));
        json_array_append_new(runs, one);
    }
    char *text = json_dumps(j, JSON_INDENT(2));
    if (!text) return out_of_memory(j);
    sdag_outfile o;
    sdag_status status = sdag_out_open(&o, s->c->log, state_path(s));
    if (!status) {
        sdag_out_write(&o, text, strlen(text));
        sdag_out_write(&o, "\n", 1);
        status = sdag_out_commit(&o, s->c->log);
    }
    sdag_free(text);
    json_decref(j);
    return status;
}

/* How the runs of the same sweep ended; what failed otherwise than by diverging is tried again. */
static sdag_status read_state(sdag_sweep *s, const json_t *j)
{
    json_t *keys = keys_json(s);
    const char *config = json_string_value(json_object_get(j, "config"));
    bool same = keys && json_equal(json_object_get(j, "keys"), keys) && config && strcmp(config, s->config) == 0;
    json_decref(keys);
    if (!same)
        return sdag_fail(s->c->log, SDAG_USAGE, SDAG_NOLOC,
                         "%s holds another sweep: its pipeline or its values differ; give another --out", s->dir);
    const json_t *runs = json_object_get(j, "runs");
    for (int i = 0; i < s->n_runs; i++) {
        const json_t *code = json_object_get(json_array_get(runs, (size_t)i), "code");
        int ended = (int)json_integer_value(code);
        if (code && (ended == 0 || ended == sdag_exit_code(SDAG_DIVERGED))) s->runs[i].code = ended;
    }
    return SDAG_OK;
}

sdag_status sdag_sweep_open(sdag_sweep *s)
{
    json_error_t e;
    const char *path = state_path(s);
    if (access(path, F_OK) == 0) {
        json_t *j = json_load_file(path, 0, &e);
        sdag_status status = j ? read_state(s, j) : sdag_fail(s->c->log, SDAG_IO, SDAG_NOLOC, "%s: %s", path, e.text);
        json_decref(j);
        return status;
    }
    if (access(s->dir, F_OK) == 0 && rmdir(s->dir) != 0) /* an empty folder may be there */
        return sdag_fail(s->c->log, SDAG_USAGE, SDAG_NOLOC, "%s exists and holds no sweep: give another --out", s->dir);
    sdag_status status = sdag_make_dirs(s->c->log, SDAG_NOLOC, s->dir);
    return status ? status : sdag_sweep_save(s);
}
