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
    X(embedding)         \
    X(confusion)         \
    X(collapse)          \
    X(speed)             \
    X(memory)            \
    X(config)            \
    X(versions)

#define X(name) extern const sdag_section sdag_section_##name;
SDAG_SECTIONS(X)
#undef X

#endif
