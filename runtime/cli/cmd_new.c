/* ssldag new: the files of something to begin with; so far, of a plugin with one node type. */
#include <stdio.h>
#include <string.h>

#include "core/base/file.h"
#include "runtime/cli/cli.h"
#include "runtime/plugin/skeleton.h"

sdag_status sdag_cli_new(sdag_cli *c)
{
    const char *name = c->args[1], *dir = c->out;
    sdag_catalog catalog = sdag_cli_catalog();
    if (strcmp(c->args[0], "node"))
        return sdag_fail(c->log, SDAG_USAGE, SDAG_NOLOC, "'ssldag new' makes a node: ssldag new node NAME, not '%s'",
                         c->args[0]);
    sdag_status status = sdag_skeleton_check(c->log, name);
    if (status) return status;
    if (sdag_catalog_find(&catalog, name))
        return sdag_fail(c->log, SDAG_USAGE, SDAG_NOLOC, "the node type '%s' is built in: give another name", name);
    if (!dir) dir = strchr(name, '.') + 1;
    status = sdag_skeleton_write(c->arena, c->log, name, dir);
    if (status || c->quiet) return status;
    for (int i = 0; sdag_skeleton_file(c->arena, name, i); i++)
        printf("%s\n", sdag_path_join(c->arena, dir, sdag_skeleton_file(c->arena, name, i)));
    printf("\nnext: cd %s && cmake -B build && cmake --build build && ctest --test-dir build\n", dir);
    return SDAG_OK;
}
