/* The first failure of a running step: an image that cannot be decoded, a label out of range. Workers report
 * through sdag_op_fail; the lowest op in program order wins, so that the message does not depend on threads. */
#ifndef SDAG_OPS_FAULT_H
#define SDAG_OPS_FAULT_H

#include <pthread.h>
#include <stdint.h>

#include "core/base/status.h"

typedef struct sdag_fault {
    pthread_mutex_t lock;
    sdag_status status; /* SDAG_OK: none */
    int32_t op;         /* of the report that won */
    char text[256];
} sdag_fault;

#endif
