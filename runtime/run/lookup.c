/* What collectors may ask about earlier phases. */
#include <string.h>

#include "runtime/run/session.h"

bool sdag_metric_get(const sdag_collector *c, const char *name, double *value)
{
    const sdag_session *s = c->metrics;
    const char *dot = strchr(name, '.');
    const json_t *phases = json_object_get(s->metrics.summary, "phases");
    for (int i = 0; dot && i < s->graph->n_phases; i++) {
        const char *phase = s->graph->phases[i].name;
        if (strlen(phase) != (size_t)(dot - name) || strncmp(phase, name, (size_t)(dot - name))) continue;
        const json_t *v = json_object_get(json_object_get(phases, phase), dot + 1);
        *value = json_number_value(v);
        return json_is_number(v);
    }
    return false;
}
