/* ingest/track/objects.h: what followed things do in zones and at lines.
 *
 * A thing stands where its box meets the ground: the middle of the lower side. It is in a zone,
 * or on the other side of a line, once it is so by a margin (a tenth of its height) or for half
 * a second: what jitters at an edge does nothing. It is told about when it has gone somewhere
 * for certain. Things are the detector's tracks, places in successive frames of one camera; no
 * look of them is kept, their numbers begin anew with every happening, and a thing is forgotten
 * when it is out of sight. One rests: what came to stand in a zone that asks for loitering and
 * became background there is taken to be there until something moves at its place. */
#ifndef VD_INGEST_TRACK_OBJECTS_H
#define VD_INGEST_TRACK_OBJECTS_H

#include "base/event.h"
#include "ingest/motion/motion.h"
#include "ingest/track/geometry.h"

enum { VD_TRACK_LINES_MAX = 4, VD_OBJECTS_MAX = 48 };

/* Bits of deeds: line i was crossed from a to b (way 0) or from b to a (way 1). */
#define VD_DEED_CROSS(i, way) (UINT32_C(1) << (VD_N_DIDS + 2 * (i) + (way)))

struct vd_track_line {
    char name[VD_ID_MAX + 1];
    struct vd_spot from, to;
};

/* As zone i of the detector, and what more is asked there. */
struct vd_track_zone {
    char name[VD_ID_MAX + 1]; /* "": the whole picture */
    struct vd_motion_polygon polygon;
    int64_t loiter_us; /* 0: never */
    int n_lines;
    struct vd_track_line lines[VD_TRACK_LINES_MAX];
};

/* On which side of something it is, for certain. */
struct vd_object_side {
    bool is_over;       /* inside of a zone, on side b of a line */
    int8_t net;         /* of a line: ways over it since, b counted up */
    int64_t against_us; /* seen on the other side since */
};

struct vd_object_zone {
    struct vd_object_side in, lines[VD_TRACK_LINES_MAX];
    int64_t since_us;  /* in it */
    int64_t stayed_us; /* in it, in all before that */
    uint32_t deeds;    /* VD_DID_* but for CROSS, and VD_DEED_CROSS of lines; not of an earlier
                          happening */
    uint32_t told;     /* those of them that a message has */
    int64_t did_us;    /* the last of them */
    bool is_joined;    /* belongs to the open happening; stays so when the thing is gone */
};

struct vd_object {
    uint32_t track; /* the detector's number; 0: nothing, or it rests, or it is gone */
    uint32_t id;    /* within the open happening; 0: not told */
    bool is_sure, is_resting, is_moving;
    int64_t seen_us, moved_us; /* last seen, last seen to move */
    struct vd_spot at;
    float x, y, w, h; /* its box when last seen */
    float size;
    struct vd_object_zone *zones; /* as many as there are zones */
};

struct vd_objects {
    const struct vd_track_zone *zones; /* borrowed */
    int n_zones;
    bool is_open;
    uint32_t ids, lost; /* lost: told things that had to give way */
    struct vd_object objects[VD_OBJECTS_MAX];
    struct vd_object_zone *all; /* of all of them */
};

/* Borrows zones until the end. 0 or VD_ENOMEM. */
int vd_objects_init(struct vd_objects *objects, const struct vd_track_zone *zones, int n_zones);

void vd_objects_fini(struct vd_objects *objects);

/* Forgets every thing: the picture is another. An open happening goes on without them. */
void vd_objects_reset(struct vd_objects *objects);

/* Takes the next result in time. */
void vd_objects_feed(struct vd_objects *objects, const struct vd_motion_result *result);

/* A happening begins, with what is in sight; one ends, and what was done in it is told. */
void vd_objects_begin(struct vd_objects *objects);
void vd_objects_end(struct vd_objects *objects);

/* What was done in the open happening so far, at now_us; things that did something first.
 * *ret_left_out counts what has no room. Clears the news. */
int vd_objects_tell(struct vd_objects *objects, int64_t now_us,
                    struct vd_event_track ret_tracks[VD_EVENT_TRACKS_MAX],
                    uint32_t *ret_left_out);

/* Something was done in the open happening that vd_objects_tell() has not told yet. */
bool vd_objects_have_news(const struct vd_objects *objects);

/* A thing of the open happening stands in a zone that asks for loitering, and either has not
 * stayed long enough yet or that is not told yet: the happening is not over. */
bool vd_objects_wait(const struct vd_objects *objects);

#endif
