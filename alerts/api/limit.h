/* alerts/api/limit.h: how often somebody may fail. Token buckets in a table of fixed size, so
 * that an attacker with many names or addresses costs no memory: the bucket that is fullest
 * (whose owner is missed least) makes room. */
#ifndef VD_ALERTS_API_LIMIT_H
#define VD_ALERTS_API_LIMIT_H

#include <stdint.h>

enum { VD_LIMIT_BUCKETS = 1024 };

struct vd_bucket {
    uint64_t key;     /* hash of the name; 0: free */
    int64_t empty_us; /* what is missing, as the time it takes to fill up */
    int64_t seen_us;
};

/* One thread at a time. Start zeroed but for the first two. */
struct vd_limit {
    int burst;         /* attempts that may come at once */
    int64_t refill_us; /* one more after each of these */
    struct vd_bucket buckets[VD_LIMIT_BUCKETS];
};

/* Takes one attempt for name at mono_us. Returns 0, or the seconds to wait (> 0), nothing then
 * being taken. */
int vd_limit_take(struct vd_limit *limit, const char *name, int64_t mono_us);

/* Gives one attempt back: it succeeded. */
void vd_limit_give(struct vd_limit *limit, const char *name, int64_t mono_us);

#endif
