/* Plugins: from an entry of `plugins:` to types in the catalog. The contract is core/node/plugin.h.
 *
 *   const char *path = sdag_plugin_find(arena, "./dcl.so", &where);         // NULL: there is none
 *   status = sdag_plugin_open(&plugin, arena, log, loc, path, "./dcl.so");  // tried, loaded, checked
 *   status = sdag_plugin_adopt(&catalog, log, loc, plugin, "./dcl.so");
 *
 * A plugin is loaded in a process of its own first: one that crashes, hangs or ends the process is refused with a
 * message. It is never unloaded: what it gives lives as long as the process. Not thread-safe; before the pool starts.
 */
#ifndef SDAG_RUNTIME_PLUGIN_PLUGIN_H
#define SDAG_RUNTIME_PLUGIN_PLUGIN_H

#include "core/base/arena.h"
#include "core/base/log.h"
#include "core/node/plugin.h"
#include "graphs/graph/graph.h"

enum { SDAG_PLUGIN_SECONDS = 10 }; /* that loading and init may take */

typedef struct sdag_plugin_where {
    const char *dir;    /* that paths are relative to; "": the current directory */
    const char *search; /* folders of bare names, separated by ':', before the installed one; may be NULL */
} sdag_plugin_where;

/* The file of an entry: with a '/' or the ending ".so" a path, otherwise a name that is looked up as NAME.so in the
 * folders of `search` and then in the one that belongs to the library. NULL: there is no such file. */
const char *sdag_plugin_find(sdag_arena *a, const char *entry, const sdag_plugin_where *where);
const char *sdag_plugin_dir(sdag_arena *a); /* the installed folder, such as /usr/lib/ssldag/plugins */
bool sdag_plugin_is_path(const char *entry);

/* name: what messages call it. SDAG_IO: it cannot be loaded; SDAG_INVALID: it can, and is not to be used here. What
 * comes out has the host's sizes: fields that the plugin does not know are 0. */
sdag_status sdag_plugin_open(const sdag_plugin **out, sdag_arena *a, sdag_log *log, sdag_loc loc, const char *path,
                             const char *name);
/* Adds what it gives to a catalog; a name that is there already is refused. */
sdag_status sdag_plugin_adopt(sdag_catalog *c, sdag_log *log, sdag_loc loc, const sdag_plugin *p, const char *name);

/* ---- for the sources of this folder, and tests */

sdag_arena *sdag_plugin_memory(void); /* of what lives as long as the process */

enum { SDAG_PLUGIN_WHY = 300 };

/* Is the table of this size, version and so on one that this host can use? false: why says what is wrong. */
bool sdag_plugin_fits(char why[SDAG_PLUGIN_WHY], const sdag_plugin *p);
/* A copy with the host's sizes; the plugin itself where nothing differs. */
const sdag_plugin *sdag_plugin_extend(sdag_arena *a, const sdag_plugin *p);
/* Do the tables hold what the host relies on? Every option in its struct, every choice, ... */
bool sdag_plugin_sane(char why[SDAG_PLUGIN_WHY], const sdag_plugin *p);
bool sdag_type_sane(char why[SDAG_PLUGIN_WHY], const sdag_node_type *t);
bool sdag_op_sane(char why[SDAG_PLUGIN_WHY], const sdag_op *op);
bool sdag_record_sane(char why[SDAG_PLUGIN_WHY], const sdag_record_type *r);

#endif
