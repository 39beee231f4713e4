/* The folder of a run that never ran: every file that a page is made from, small and with known numbers. */
#ifndef SDAG_TESTS_RUN_FOLDER_H
#define SDAG_TESTS_RUN_FOLDER_H

#include <stddef.h>

typedef struct run_file {
    const char *name, *text;
} run_file;

extern const run_file run_files[]; /* ends with no name; the PNG of views.json is not among them */

/* Writes all of them below dir of the temporary directory, with %s of their texts (in names, titles, classes) replaced
 * by word, which must be fit for JSON and YAML in double quotes. */
void run_folder_write(const char *dir, const char *word);

#endif
