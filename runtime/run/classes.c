/* classes.json: the names of the classes of every source that a run has opened, {"phase.source": ["cat", "dog"]}. What
 * a classifier's numbers mean is known without the data. */
#include "core/base/file.h"
#include "core/io/json_text.h"
#include "runtime/run/session.h"

json_t *sdag_classes_read(sdag_arena *a, const char *dir)
{
    json_t *all = json_load_file(sdag_arena_printf(a, "%s/classes.json", dir), JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(all)) return all;
    json_decref(all);
    return NULL;
}

static json_t *names_of(const sdag_dataset *d)
{
    json_t *list = json_array();
    for (int i = 0; i < d->classes; i++)
        if (json_array_append_new(list, sdag_json_text(d->class_names[i]))) {
            json_decref(list);
            return NULL;
        }
    return list;
}

/* Adds the sources of a phase; *any: there is one. */
static bool add_phase(sdag_session *s, json_t *all, int32_t phase, bool *any)
{
    const sdag_phase *p = &s->graph->phases[phase];
    for (int i = 0; i < p->n_nodes; i++) {
        const sdag_dataset *d = s->data[p->order[i]];
        if (!d || !d->class_names || d->classes < 1) continue;
        const char *key = sdag_arena_printf(s->arena, "%s.%s", p->name, s->graph->nodes[p->order[i]].name);
        *any = true;
        if (json_object_set_new(all, key, names_of(d))) return false;
    }
    return true;
}

sdag_status sdag_classes_write(sdag_session *s, int32_t phase)
{
    bool any = false;
    json_t *all = sdag_classes_read(s->arena, s->options->out_dir);
    if (!all) all = json_object();
    char *text = add_phase(s, all, phase, &any) && any ? json_dumps(all, JSON_INDENT(1)) : NULL;
    json_decref(all);
    if (!any) return SDAG_OK;
    if (!text) return SDAG_NOMEM;
    sdag_outfile o;
    sdag_status status = sdag_out_open(&o, s->log, sdag_arena_printf(s->arena, "%s/classes.json", s->options->out_dir));
    if (!status) {
        sdag_out_printf(&o, "%s\n", text);
        status = sdag_out_commit(&o, s->log);
    }
    free(text);
    return status;
}
