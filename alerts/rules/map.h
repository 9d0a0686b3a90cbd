/* alerts/rules/map.h: byte keys to pointers, by open addressing. Keys lie within the values:
 * the map borrows both and frees neither. One thread. */
#ifndef VD_ALERTS_RULES_MAP_H
#define VD_ALERTS_RULES_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vd_map_slot {
    const void *key; /* NULL: free */
    size_t len;
    uint64_t hash;
    void *value;
};

/* {0} is an empty map. */
struct vd_map {
    struct vd_map_slot *slots;
    size_t n, room;
};

/* Frees what the map itself holds and empties it. */
void vd_map_fini(struct vd_map *map);

void *vd_map_get(const struct vd_map *map, const void *key, size_t len);

/* Adds or replaces. VD_ENOMEM leaves the map as it was. */
int vd_map_put(struct vd_map *map, const void *key, size_t len, void *value);

/* Returns what was there, or NULL. */
void *vd_map_take(struct vd_map *map, const void *key, size_t len);

/* Walks: start with *at = 0; NULL at the end. The map must not change meanwhile. */
void *vd_map_next(const struct vd_map *map, size_t *at);

#endif
