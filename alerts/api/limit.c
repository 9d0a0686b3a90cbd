#include "alerts/api/limit.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "storage/pg/users.h"

/* FNV-1a; never 0. Two names on one key share a bucket: a nuisance, no hole. */
static uint64_t key_of(const char *name)
{
    uint64_t key = UINT64_C(14695981039346656037);

    for (; *name != '\0'; name++)
        key = (key ^ (unsigned char)*name) * UINT64_C(1099511628211);
    return key != 0 ? key : 1;
}

static void settle(struct vd_bucket *bucket, int64_t mono_us)
{
    if (mono_us > bucket->seen_us) {
        bucket->empty_us -= mono_us - bucket->seen_us;
        bucket->seen_us = mono_us;
    }
    if (bucket->empty_us < 0)
        bucket->empty_us = 0;
}

static struct vd_bucket *find(struct vd_limit *limit, uint64_t key, int64_t mono_us)
{
    struct vd_bucket *room = &limit->buckets[0];

    for (size_t i = 0; i < VD_LIMIT_BUCKETS; i++) {
        struct vd_bucket *bucket = &limit->buckets[i];

        settle(bucket, mono_us);
        if (bucket->key == key)
            return bucket;
        if (bucket->empty_us < room->empty_us)
            room = bucket;
    }
    *room = (struct vd_bucket){.key = key, .seen_us = mono_us};
    return room;
}

int vd_limit_take(struct vd_limit *limit, const char *name, int64_t mono_us)
{
    struct vd_bucket *bucket = find(limit, key_of(name), mono_us);
    int64_t full_us = (int64_t)limit->burst * limit->refill_us;
    int64_t over_us = bucket->empty_us + limit->refill_us - full_us;

    if (over_us > 0)
        return (int)((over_us + 999999) / 1000000);
    bucket->empty_us += limit->refill_us;
    return 0;
}

void vd_limit_give(struct vd_limit *limit, const char *name, int64_t mono_us)
{
    struct vd_bucket *bucket = find(limit, key_of(name), mono_us);

    bucket->empty_us -= limit->refill_us;
    if (bucket->empty_us < 0)
        bucket->empty_us = 0;
}

/* ---- the door ---- */

enum { PAIR_MAX = VD_USER_NAME_MAX + 1 + 63 };

void vd_door_init(struct vd_door *door)
{
    memset(door, 0, sizeof *door);
    door->by_name.burst = door->by_pair.burst = 8;
    door->by_name.refill_us = door->by_pair.refill_us = 30000000;
    door->by_address.burst = 20;
    door->by_address.refill_us = 10000000;
}

/* Neither holds a line's end: an address is the server's word, a name is looked up as it is. */
static void pair_of(const char *name, const char *address, char pair[PAIR_MAX + 1])
{
    (void)snprintf(pair, PAIR_MAX + 1, "%s\n%s", address, name);
}

static struct vd_known *find_known(struct vd_door *door, uint64_t key, int64_t mono_us)
{
    for (size_t i = 0; i < VD_KNOWN_MAX; i++) {
        struct vd_known *known = &door->known[i];

        if (known->key == key)
            return mono_us - known->seen_us <= VD_KNOWN_US ? known : NULL;
    }
    return NULL;
}

int vd_door_take(struct vd_door *door, const char *name, const char *address, int64_t mono_us,
                 bool *ret_is_known)
{
    char pair[PAIR_MAX + 1];
    int wait_s = vd_limit_take(&door->by_address, address, mono_us);

    pair_of(name, address, pair);
    *ret_is_known = find_known(door, key_of(pair), mono_us) != NULL;
    if (wait_s > 0)
        return wait_s;
    wait_s = *ret_is_known ? vd_limit_take(&door->by_pair, pair, mono_us)
                           : vd_limit_take(&door->by_name, name, mono_us);
    if (wait_s > 0)
        vd_limit_give(&door->by_address, address, mono_us);
    return wait_s;
}

void vd_door_give(struct vd_door *door, const char *name, const char *address, int64_t mono_us,
                  bool is_known)
{
    char pair[PAIR_MAX + 1];

    pair_of(name, address, pair);
    vd_limit_give(&door->by_address, address, mono_us);
    if (is_known)
        vd_limit_give(&door->by_pair, pair, mono_us);
    else
        vd_limit_give(&door->by_name, name, mono_us);
}

void vd_door_know(struct vd_door *door, const char *name, const char *address, int64_t mono_us)
{
    char pair[PAIR_MAX + 1];
    struct vd_known *room = &door->known[0];
    uint64_t key;

    pair_of(name, address, pair);
    key = key_of(pair);
    for (size_t i = 0; i < VD_KNOWN_MAX; i++) {
        struct vd_known *known = &door->known[i];

        if (known->key == key) {
            room = known;
            break;
        }
        if (room->key != 0 && (known->key == 0 || known->seen_us < room->seen_us))
            room = known;
    }
    *room = (struct vd_known){.key = key, .seen_us = mono_us};
}
