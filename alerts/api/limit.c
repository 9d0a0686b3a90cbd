#include "alerts/api/limit.h"

#include <stddef.h>

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
