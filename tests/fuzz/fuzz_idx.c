/* Any bytes as an IDX file, gzipped or not. */
#include "core/io/idx.h"
#include "tests/fuzz/as_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_file f = as_file_open(data, size);
    sdag_log *log = sdag_log_create(NULL);
    sdag_idx x;
    sdag_status s = sdag_idx_read(&x, log, SDAG_NOLOC, f.path);
    if (s != SDAG_OK && s != SDAG_NOMEM && (s != SDAG_IO || sdag_log_errors(log) != 1)) abort();
    if (s == SDAG_OK) {
        volatile uint8_t last = x.data[x.count - 1]; /* is there */
        (void)last;
        if (x.count != x.dim[0] * x.dim[1] * x.dim[2] * x.dim[3]) abort();
    }
    sdag_idx_free(&x);
    sdag_log_destroy(log);
    as_file_close(&f);
    return 0;
}
