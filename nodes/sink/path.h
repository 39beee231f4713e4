/* Where a sink writes: always inside the directory of the run. */
#ifndef SDAG_NODES_SINK_PATH_H
#define SDAG_NODES_SINK_PATH_H

#include "core/node/collector.h"

/* NULL, or why path may not be written: absolute, a part of it is "..", or the run writes it itself. */
const char *sdag_sink_path_check(const char *path);

/* out_dir/path with its folders made, to be freed with sdag_free. */
sdag_status sdag_sink_path(char **out, const sdag_collector *c, const char *path);

#endif
