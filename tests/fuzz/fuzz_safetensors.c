/* Any bytes as a safetensors file: what is accepted is read, and every byte of it belongs to one tensor. */
#include "core/base/alloc.h"
#include "core/io/safetensors.h"
#include "tests/fuzz/as_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_entry(const sdag_st *st, const sdag_st_entry *e, sdag_log *log)
{
    float *f = sdag_alloc_array(e->count, sizeof *f);
    int64_t *v = sdag_alloc_array(e->count, sizeof *v);
    if (f && v) {
        bool is_float = e->dtype <= SDAG_ST_F64, is_int = e->dtype > SDAG_ST_F64 && e->dtype <= SDAG_ST_BOOL;
        if ((sdag_st_read_f32(st, e, f, e->count, log) == SDAG_OK) != is_float) abort();
        if ((sdag_st_read_i64(st, e, v, e->count, log) == SDAG_OK) != is_int) abort();
        if (sdag_st_find(st, e->name) != e) abort();
    }
    sdag_free(f);
    sdag_free(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_file file = as_file_open(data, size);
    sdag_log *log = sdag_log_create(NULL);
    sdag_st *st;
    uint64_t sum = 0;
    sdag_status s = sdag_st_open(&st, log, SDAG_NOLOC, file.path);
    if (s != SDAG_OK && s != SDAG_NOMEM && (s != SDAG_IO || sdag_log_errors(log) != 1)) abort();
    for (int i = 0; s == SDAG_OK && i < sdag_st_count(st); i++) {
        read_entry(st, sdag_st_at(st, i), log);
        sum += sdag_st_at(st, i)->bytes;
    }
    if (sum > size) abort();
    sdag_st_close(st);
    sdag_log_destroy(log);
    as_file_close(&file);
    return 0;
}
