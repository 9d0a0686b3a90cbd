/* ingest/worker/happenings.h: what was accepted so far of a lane's latest happenings. Their
 * messages come from several sides (detector, clips), so that they are numbered only here.
 * Pure.
 */
#ifndef VD_INGEST_WORKER_HAPPENINGS_H
#define VD_INGEST_WORKER_HAPPENINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/event.h"

enum { VD_HAPPENINGS_MAX = 32 }; /* more than can be open at once in a lane */

/* All zero to begin. */
struct vd_happenings {
    struct vd_happening_seen {
        struct vd_uuid event;
        uint32_t rev; /* of its last message; 0: a free place */
        bool is_open;
        uint64_t used;                  /* when it was noted last */
        char clip[VD_MEDIA_ID_MAX + 1]; /* the first that it was told of */
    } seen[VD_HAPPENINGS_MAX];
    uint64_t uses;
};

/* Gives the message of a known happening its rev, and the clip that was told of to an update or
 * end that names none. One that is not known keeps what it has. */
void vd_happenings_number(const struct vd_happenings *happenings, struct vd_event *event);

/* The message was accepted. Of those that ended, the one noted longest ago makes room. */
void vd_happenings_note(struct vd_happenings *happenings, const struct vd_event *event);

bool vd_happenings_is_open(const struct vd_happenings *happenings, const struct vd_uuid *event);

#endif
