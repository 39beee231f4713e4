/* Which class was taken for which: what the collectors of a phase have counted. */
#include "core/io/json_text.h"
#include "runtime/records/parts.h"

static json_t *class_names(const sdag_session *s, const sdag_probe *p)
{
    const sdag_gnode *g = &s->graph->nodes[p->node];
    const int n = p->confusion.classes;
    const char *const *names = NULL;
    for (int i = 0; i < g->n_in && !names; i++)
        for (int k = 0; k < g->in[i].n && !names; k++) {
            const sdag_dataset *d = s->data[g->in[i].refs[k].node]; /* of the source that gives the labels */
            if (d && d->classes == n) names = d->class_names;
        }
    json_t *list = json_array();
    char text[16];
    for (int i = 0; i < n; i++) {
        snprintf(text, sizeof text, "%d", i);
        json_t *name = names ? sdag_json_text(names[i]) : NULL;
        json_array_append_new(list, name ? name : json_string(text));
    }
    return list;
}

void sdag_records_confusion(sdag_session *s, const sdag_probe *p)
{
    const sdag_confusion *m = &p->confusion;
    if (!s->records || m->full || !m->classes) return;
    json_t *file = s->records->files[FILE_CONFUSION], *counts = json_array();
    const char *node = s->graph->nodes[p->node].name, *phase = sdag_records_phase_name(s->records);
    for (int i = 0; i < m->classes; i++) {
        json_t *row = json_array();
        for (int k = 0; k < m->classes; k++)
            json_array_append_new(row, json_integer((json_int_t)m->counts[i * m->classes + k]));
        json_array_append_new(counts, row);
    }
    json_t *now = json_pack("{s:s, s:s, s:I, s:o, s:o}", "phase", phase, "node", node, "step", (json_int_t)s->step,
                            "classes", class_names(s, p), "counts", counts);
    json_t *was = sdag_records_entry(file, phase, node);
    if (was) json_object_update(was, now), json_decref(now);
    else json_array_append_new(file, now);
}
