/* Any bytes as an archive: index it and read every file of it. */
#include "core/base/alloc.h"
#include "core/io/tar.h"
#include "tests/fuzz/as_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT = 1 << 20 };

static void read_all(const sdag_tar *t)
{
    for (size_t i = 0; i < t->names.n; i++) {
        uint64_t size = t->names.at[i].size;
        char why[SDAG_WHY];
        size_t n;
        uint8_t *buf = size <= LIMIT ? sdag_alloc(size) : NULL;
        if (buf && (sdag_tar_read(t, i, buf, size, &n, why) != SDAG_OK || n != size)) abort();
        if (sdag_names_text(&t->names, i)[0] == 0 || sdag_names_text(&t->names, i)[0] == '/') abort();
        sdag_free(buf);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_file f = as_file_open(data, size);
    sdag_log *log = sdag_log_create(NULL);
    sdag_tar t;
    sdag_status s = sdag_tar_open(&t, log, SDAG_NOLOC, f.path, NULL, NULL, LIMIT);
    if (s != SDAG_OK && s != SDAG_NOMEM && (s != SDAG_IO || sdag_log_errors(log) != 1)) abort();
    if (s == SDAG_OK) read_all(&t);
    sdag_tar_close(&t);
    sdag_log_destroy(log);
    as_file_close(&f);
    return 0;
}
