/* Labels of files from a table: `file,class` a line, as a spreadsheet or `ssldag predict` writes it. */
#ifndef SDAG_NODES_SOURCE_LABELS_H
#define SDAG_NODES_SOURCE_LABELS_H

#include "core/io/files.h"
#include "core/node/node.h"

typedef struct sdag_labels {
    int n;                /* lines */
    const int *file;      /* of each: which file */
    const char **label;   /* of each: what it is called */
    const char **classes; /* all different labels, sorted */
    int n_classes;
} sdag_labels;

/* The table at path, in the arena of op. Names are those below folder; folder/name will do as well. A first line that
 * begins with "file," is a heading; columns past the second are left alone, and so are lines without a label.
 * SDAG_IO, with the line: a file that is not there, twice the same, no comma, no label at all. */
sdag_status sdag_labels_read(sdag_labels *out, const char *path, const char *folder, const sdag_files *f,
                             const sdag_open *op);

#endif
