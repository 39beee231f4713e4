/* Names to ids: a hash map in an arena that remembers the order of insertion.
 *
 *   sdag_map m = {.a = arena};
 *   if (!sdag_map_put(&m, "encoder", 3)) ...          // the name was there already
 *   int id = sdag_map_get(&m, "encoder");              // -1: unknown
 *   sdag_nearest(word, sdag_map_key, &m);              // keys in order of insertion
 *
 * The hash is keyed with a secret of the process, so a hostile file cannot choose names that collide;
 * nothing that a caller can see depends on it. Keys are not copied: they live as long as the map. */
#ifndef SDAG_BASE_MAP_H
#define SDAG_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"

typedef struct sdag_map {
    sdag_arena *a;
    struct sdag_map_row {
        const char *key;
        uint64_t hash;
        int id;
    } * rows;    /* in order of insertion */
    int n, cap;  /* of rows */
    int32_t *at; /* open addressing: index of a row + 1, 0 free */
    uint32_t mask;
} sdag_map;

bool sdag_map_put(sdag_map *m, const char *key, int id); /* false: key is there already, its id stays */
int sdag_map_get(const sdag_map *m, const char *key);    /* -1 when unknown; ids are >= 0 */
const char *sdag_map_key(const void *map, int i);        /* the i-th key put, NULL past the last */

#endif
