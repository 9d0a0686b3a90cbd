/* alerts/api/limit.h: how often somebody may fail, and who at the door is no stranger. Token
 * buckets in a table of fixed size, so that an attacker with many names or addresses costs no
 * memory: the bucket that is fullest (whose owner is missed least) makes room. */
#ifndef VD_ALERTS_API_LIMIT_H
#define VD_ALERTS_API_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

enum { VD_LIMIT_BUCKETS = 1024, VD_KNOWN_MAX = 4096 };

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

/* ---- the door ---- */

#define VD_KNOWN_US INT64_C(2592000000000) /* 30 days */

/* A name that was right from an address. */
struct vd_known {
    uint64_t key;    /* hash of both; 0: free */
    int64_t seen_us; /* last time */
};

/* Attempts to sign in. Each costs one of the address. From an address where the name is a
 * stranger it also costs one of the name, which all strangers share; from one where it is known
 * one of that very pair, so that strangers, however many, lock nobody out from his own place. A
 * guesser gains nothing: he has what is the name's, and no pair but by knowing the password.
 * One thread at a time. vd_door_init first. */
struct vd_door {
    struct vd_limit by_address, by_name, by_pair;
    struct vd_known known[VD_KNOWN_MAX];
};

void vd_door_init(struct vd_door *door);

/* Takes one attempt. Returns 0, or the seconds to wait, nothing then being taken.
 * *ret_is_known: which kind it was, for vd_door_give. */
int vd_door_take(struct vd_door *door, const char *name, const char *address, int64_t mono_us,
                 bool *ret_is_known);

/* Gives it back: it succeeded, or could not be judged. */
void vd_door_give(struct vd_door *door, const char *name, const char *address, int64_t mono_us,
                  bool is_known);

/* The name signed in from this address, or has a session that began there. The pair that was
 * seen longest ago makes room. */
void vd_door_know(struct vd_door *door, const char *name, const char *address, int64_t mono_us);

#endif
