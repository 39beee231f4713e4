/* ssldag new: the files of something to begin with; so far, of a plugin with one node type. */
#include <stdio.h>
#include <string.h>

#include "core/base/file.h"
#include "core/ops/ops.h"
#include "runtime/cli/cli.h"
#include "runtime/plugin/skeleton.h"

/* What is built in and would stand in the way of what is written; NULL: nothing. */
static const char *taken(sdag_cli *c, const char *name)
{
    int n;
    const char *word = strchr(name, '.') + 1;
    const sdag_catalog catalog = sdag_cli_catalog(c);
    const sdag_op *const *ops = sdag_op_table(&n);
    const bool op = !strncmp(name, "op.", 3);
    const char *type = op ? sdag_arena_printf(c->arena, "math.%s", word) : name;
    if (sdag_catalog_find(&catalog, type)) return sdag_arena_printf(c->arena, "node type '%s'", type);
    for (int i = 0; op && i < n; i++)
        if (!strcmp(ops[i]->name, word)) return sdag_arena_printf(c->arena, "operation '%s'", word);
    const sdag_node_type *augment = strncmp(name, "augment.", 8) ? NULL : sdag_catalog_find(&catalog, "augment");
    for (const sdag_opt *o = augment ? augment->opts : NULL; o && o->name; o++)
        for (int i = 0; o->kind == SDAG_OPT_RECORDS && o->records[i]; i++)
            if (!strcmp(o->records[i]->name, word)) return sdag_arena_printf(c->arena, "transform '%s'", word);
    return NULL;
}

sdag_status sdag_cli_new(sdag_cli *c)
{
    const char *name = c->args[1], *dir = c->out;
    if (strcmp(c->args[0], "node"))
        return sdag_fail(c->log, SDAG_USAGE, SDAG_NOLOC, "'ssldag new' makes a node: ssldag new node NAME, not '%s'",
                         c->args[0]);
    sdag_status status = sdag_skeleton_check(c->log, name);
    if (status) return status;
    const char *there = taken(c, name);
    if (there) return sdag_fail(c->log, SDAG_USAGE, SDAG_NOLOC, "the %s is built in: give another name", there);
    if (!dir) dir = strchr(name, '.') + 1;
    status = sdag_skeleton_write(c->arena, c->log, name, dir);
    if (status || c->quiet) return status;
    for (int i = 0; sdag_skeleton_file(c->arena, name, i); i++)
        printf("%s\n", sdag_path_join(c->arena, dir, sdag_skeleton_file(c->arena, name, i)));
    printf("\nnext: cd %s && cmake -B build && cmake --build build && ctest --test-dir build\n", dir);
    return SDAG_OK;
}
