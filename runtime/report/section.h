/* Private to the pages of runtime/report: the sections of report.html, one file each, in the order of the page. */
#ifndef SDAG_RUNTIME_REPORT_SECTION_H
#define SDAG_RUNTIME_REPORT_SECTION_H

#include "graphs/graph/graph.h"
#include "runtime/report/folder.h"
#include "runtime/report/page.h"

typedef struct sdag_section {
    const char *id, *title;
    bool (*has)(sdag_folder *f);                 /* whether there is anything to show */
    void (*write)(sdag_page *p, sdag_folder *f); /* what comes below its title */
} sdag_section;

/* X(name): sdag_section_<name>, in the file of that name. */
#define SDAG_SECTIONS(X) \
    X(overview)          \
    X(pipeline)          \
    X(curves)            \
    X(views)             \
    X(texts)             \
    X(embedding)         \
    X(confusion)         \
    X(collapse)          \
    X(speed)             \
    X(memory)            \
    X(config)            \
    X(versions)

/* Whether a curve is drawn by the section of collapse, and not again by that of curves. */
bool sdag_collapse_shows(const sdag_folder *f, const sdag_series *s);
/* What tests, and programs that read a page, find of a curve: an empty element with its numbers. */
void sdag_curves_data(sdag_page *p, const sdag_series *s);

#define X(name) extern const sdag_section sdag_section_##name;
SDAG_SECTIONS(X)
#undef X

#endif
