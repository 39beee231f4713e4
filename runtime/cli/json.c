/* What commands say to a program that reads. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/file.h"
#include "core/io/json_text.h"
#include "runtime/cli/cli.h"

sdag_status sdag_cli_write(sdag_cli *c, const char *path, const char *text, size_t n)
{
    sdag_outfile o;
    sdag_status status = sdag_out_open(&o, c->log, path);
    if (status) return status;
    sdag_out_write(&o, text, n);
    return sdag_out_commit(&o, c->log);
}

sdag_status sdag_cli_json(sdag_cli *c, json_t *object, const char *path)
{
    char *text = object ? json_dumps(object, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : NULL;
    json_decref(object);
    if (!text) return SDAG_NOMEM;
    const char *line = sdag_arena_printf(c->arena, "%s\n", text);
    free(text);
    return path ? sdag_cli_write(c, path, line, strlen(line)) : sdag_cli_print(c, line);
}

json_t *sdag_cli_messages(const sdag_cli *c)
{
    static const char *const levels[] = {
        [SDAG_DETAIL] = "detail", [SDAG_NOTE] = "note", [SDAG_WARNING] = "warning", [SDAG_ERROR] = "error"};
    json_t *list = json_array();
    for (int i = 0; list && i < sdag_log_count(c->log); i++) {
        const sdag_diag *d = sdag_log_at(c->log, i);
        json_t *one = json_object();
        json_object_set_new(one, "level", json_string(levels[d->level]));
        if (d->loc.file) json_object_set_new(one, "file", sdag_json_text(d->loc.file));
        if (d->loc.file && d->loc.line > 0) json_object_set_new(one, "line", json_integer(d->loc.line));
        if (d->loc.file && d->loc.line > 0 && d->loc.col > 0) {
            json_object_set_new(one, "column", json_integer(d->loc.col));
            json_object_set_new(one, "length", json_integer(d->loc.len > 0 ? d->loc.len : 1));
        }
        json_object_set_new(one, "text", sdag_json_text(d->text));
        json_array_append_new(list, one);
    }
    return list;
}

void sdag_cli_detail(sdag_cli *c, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    sdag_log_addv(c->log, SDAG_DETAIL, SDAG_NOLOC, fmt, ap);
    va_end(ap);
}
