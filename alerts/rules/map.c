#include "alerts/rules/map.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

enum { ROOM_MIN = 16 };

/* FNV-1a with a final mix; keys come from our own configuration and from UUIDs. */
static uint64_t hash_of(const void *key, size_t len)
{
    const unsigned char *p = key;
    uint64_t h = UINT64_C(1469598103934665603);

    for (size_t i = 0; i < len; i++)
        h = (h ^ p[i]) * UINT64_C(1099511628211);
    h ^= h >> 32;
    return h * UINT64_C(0x9e3779b97f4a7c15);
}

static bool is_it(const struct vd_map_slot *s, uint64_t hash, const void *key, size_t len)
{
    return s->hash == hash && s->len == len && memcmp(s->key, key, len) == 0;
}

/* The slot of the key, or the free one where it would go. room is a power of two. */
static size_t find(const struct vd_map *map, uint64_t hash, const void *key, size_t len)
{
    size_t i = (size_t)hash & (map->room - 1);

    while (map->slots[i].key != NULL && !is_it(&map->slots[i], hash, key, len))
        i = (i + 1) & (map->room - 1);
    return i;
}

void vd_map_fini(struct vd_map *map)
{
    free(map->slots);
    memset(map, 0, sizeof *map);
}

void *vd_map_get(const struct vd_map *map, const void *key, size_t len)
{
    if (map->n == 0)
        return NULL;
    return map->slots[find(map, hash_of(key, len), key, len)].value;
}

static int grow(struct vd_map *map)
{
    struct vd_map bigger = {.room = map->room == 0 ? ROOM_MIN : map->room * 2};

    bigger.slots = calloc(bigger.room, sizeof *bigger.slots);
    if (bigger.slots == NULL)
        return VD_ENOMEM;
    for (size_t i = 0; i < map->room; i++) {
        const struct vd_map_slot *s = &map->slots[i];

        if (s->key != NULL)
            bigger.slots[find(&bigger, s->hash, s->key, s->len)] = *s;
    }
    bigger.n = map->n;
    free(map->slots);
    *map = bigger;
    return 0;
}

int vd_map_put(struct vd_map *map, const void *key, size_t len, void *value)
{
    uint64_t hash = hash_of(key, len);
    size_t i;

    if (map->n * 4 >= map->room * 3 && grow(map) < 0)
        return VD_ENOMEM;
    i = find(map, hash, key, len);
    map->n += map->slots[i].key == NULL;
    map->slots[i] = (struct vd_map_slot){key, len, hash, value};
    return 0;
}

void *vd_map_take(struct vd_map *map, const void *key, size_t len)
{
    size_t hole, i;
    void *value;

    if (map->n == 0)
        return NULL;
    hole = find(map, hash_of(key, len), key, len);
    value = map->slots[hole].value;
    if (map->slots[hole].key == NULL)
        return NULL;
    /* Close the hole, so that later keys of the run are still found. */
    for (i = (hole + 1) & (map->room - 1); map->slots[i].key != NULL;
         i = (i + 1) & (map->room - 1)) {
        size_t home = (size_t)map->slots[i].hash & (map->room - 1);

        if (((i - home) & (map->room - 1)) >= ((i - hole) & (map->room - 1))) {
            map->slots[hole] = map->slots[i];
            hole = i;
        }
    }
    memset(&map->slots[hole], 0, sizeof map->slots[hole]);
    map->n--;
    return value;
}

void *vd_map_next(const struct vd_map *map, size_t *at)
{
    while (*at < map->room) {
        const struct vd_map_slot *s = &map->slots[(*at)++];

        if (s->key != NULL)
            return s->value;
    }
    return NULL;
}
