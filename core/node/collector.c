#include "core/node/collector.h"

#include "core/base/alloc.h"

void sdag_confused(sdag_collector *c, int64_t classes, int64_t truth, int64_t guess)
{
    sdag_confusion *m = c->confusion;
    if (!m || m->full) return;
    if (!m->classes && classes > 0 && classes <= SDAG_CONFUSION_MAX) {
        m->counts = sdag_alloc_array((size_t)(classes * classes), sizeof *m->counts);
        m->classes = m->counts ? (int)classes : 0;
    }
    m->full = m->classes != classes || truth < 0 || truth >= classes || guess < 0 || guess >= classes;
    if (!m->full) m->counts[truth * classes + guess]++;
}

void sdag_confusion_clear(sdag_confusion *m)
{
    sdag_free(m->counts);
    *m = (sdag_confusion){0};
}
