/* Files that can be made again: whole after a kill, but not after the power was cut. No part of what plugins see. */
#ifndef SDAG_BASE_FILE_LOOSE_H
#define SDAG_BASE_FILE_LOOSE_H

#include "core/base/file.h"

/* sdag_out_commit without waiting for the disk: flush, close, rename. For what is written again and again. */
sdag_status sdag_out_commit_loose(sdag_outfile *o, sdag_log *log);

#endif
