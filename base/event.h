/* base/event.h: what crosses the border between producers, router and subscribers.
 * An event is plain data: no pointers, no hidden length, copied by assignment. The JSON form is
 * the contract (alerts/feed/schemas/event.v1.json); encode and decode are total. */
#ifndef VD_BASE_EVENT_H
#define VD_BASE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/uuid.h"

enum {
    VD_EVENT_JSON_MAX = 8192, /* bytes of one message */
    VD_ID_MAX = 63,           /* camera, zone, node, rule: [a-z0-9][a-z0-9-]* */
    VD_AREA_MAX = 127,        /* "4403/440305/440305001": parts of [A-Za-z0-9_.]… and '/' */
    VD_SOURCE_MAX = 127,
    VD_MEDIA_ID_MAX = 127, /* "<camera>.<UUIDv7>" */
    VD_DETAIL_MAX = 255,
    VD_EVENT_ZONES_MAX = 8,
    VD_EVENT_BOXES_MAX = 16,
    VD_EVENT_TRACKS_MAX = 8,
    VD_EVENT_DWELL_MS_MAX = 24 * 3600 * 1000,
    VD_EVENT_VERSION = 1,
};

/* Named as ONVIF names them where it does; vd_kind_onvif gives the topic. */
enum vd_kind {
    VD_KIND_MOTION,
    VD_KIND_COVERED,
    VD_KIND_DARK,
    VD_KIND_BRIGHT,
    VD_KIND_BLURRED,
    VD_KIND_MOVED,
    VD_KIND_FROZEN,
    VD_KIND_LOST,
    VD_KIND_LOW_QUALITY,
    VD_KIND_SCENE_CHANGE,
    VD_KIND_INPUT,
    VD_KIND_NODE,
    VD_N_KINDS
};

enum vd_phase { VD_PHASE_START, VD_PHASE_UPDATE, VD_PHASE_END, VD_PHASE_MEDIA, VD_N_PHASES };

/* Why a happening ended. */
enum vd_end_reason {
    VD_END_NONE,    /* it has not */
    VD_END_QUIET,   /* the condition is over */
    VD_END_RESTART, /* the worker died or was stopped in its midst */
    VD_END_LOST,    /* the camera went away */
    VD_END_CHANGED, /* camera removed, disabled or reconfigured */
    VD_END_MAX_AGE, /* it lasted longer than an event may; what goes on is a new one */
    VD_END_RELEARN, /* the scene changed and the background was learnt again */
    VD_N_END_REASONS
};

struct vd_box {
    float x, y, w, h; /* 0..1 of the picture, origin top left */
};

/* What an object did in a zone so far; bits of vd_event_track.did. */
enum vd_did {
    VD_DID_ENTER = 1 << 0,  /* came in, over the zone's edge or the picture's */
    VD_DID_LEAVE = 1 << 1,  /* went out of it */
    VD_DID_CROSS = 1 << 2,  /* crossed a line of it: line and direction say which and how */
    VD_DID_LOITER = 1 << 3, /* stayed in it as long as the zone allows */
    VD_N_DIDS = 4
};

/* Of a line from its first point to its second, A is the side on the left hand of who looks
 * along it, in the picture as people see it; ONVIF's LineDetector says Right and Left. */
enum vd_direction {
    VD_DIRECTION_NONE,
    VD_DIRECTION_A_TO_B,
    VD_DIRECTION_B_TO_A,
    VD_N_DIRECTIONS
};

/* One object in one zone, while it is followed. It lives within one camera and one happening:
 * its number counts from 1 in each, says nothing about any other happening or camera, and
 * rests on where a moving patch was in the frame before, never on what it looks like. A line
 * more, or the same one in the other direction, is an entry more. */
struct vd_event_track {
    uint32_t id;              /* 1, 2, … in the order in which they were seen */
    char zone[VD_ID_MAX + 1]; /* "": the whole picture of a camera without zones */
    uint32_t did;             /* VD_DID_*; 0: it moved there */
    char line[VD_ID_MAX + 1]; /* "" but with VD_DID_CROSS */
    enum vd_direction direction;
    uint32_t dwell_ms; /* how long it was in the zone, at most VD_EVENT_DWELL_MS_MAX */
    float size;        /* the greatest part of the picture that its box covered, 0..1 */
};

/* The numbers an event was decided by. */
struct vd_why {
    char analysis[24];   /* "320x180@5" */
    char m_of_n[12];     /* "3/5" */
    float threshold;     /* fraction of the zone's unmasked area */
    float sigma;         /* noise, grey levels */
    float light;         /* light change, fraction of full scale */
    float shift_px;      /* global shift, pixels of the analysis picture */
    uint32_t suppressed; /* analyses in which something was held back since the last message */
};

struct vd_quality {
    float fps;             /* decoded frames a second, over the last seconds */
    float lost;            /* share of packets or frames lost, 0..1 */
    int32_t clock_skew_ms; /* the camera's clock against ours */
};

struct vd_refused {
    uint32_t count;   /* happenings refused for lack of spool; 0: none */
    int64_t since_us; /* when the first of them was */
};

struct vd_event {
    struct vd_uuid id;              /* of this message */
    struct vd_uuid event;           /* of the happening, the same in all its phases */
    char source[VD_SOURCE_MAX + 1]; /* one epoch of one producer */
    uint64_t sequence;              /* within source, from 1; 0: not yet given */
    enum vd_kind kind;
    enum vd_phase phase;
    uint32_t rev; /* counts the messages of a happening, from 1 */
    char area[VD_AREA_MAX + 1];
    char camera[VD_ID_MAX + 1]; /* the camera, or the node when kind is VD_KIND_NODE */
    char zones[VD_EVENT_ZONES_MAX][VD_ID_MAX + 1];
    uint32_t n_zones;
    int64_t time_us;     /* when the message was decided; all times UTC since 1970 */
    int64_t recorded_us; /* when it was appended */
    int64_t start_us;    /* first qualifying frame */
    int64_t end_us;      /* 0: has not ended */
    enum vd_end_reason end_reason;
    float score, peak; /* fraction of the zone's unmasked area, 0..1 */
    struct vd_box boxes[VD_EVENT_BOXES_MAX];
    uint32_t n_boxes;
    struct vd_event_track tracks[VD_EVENT_TRACKS_MAX];
    uint32_t n_tracks;
    uint32_t tracks_left_out; /* entries for which there was no room; 0 as a rule */
    struct vd_why why;
    struct vd_quality quality;
    char snapshot[VD_MEDIA_ID_MAX + 1]; /* "" : none */
    char clip[VD_MEDIA_ID_MAX + 1];
    char detail[VD_DETAIL_MAX + 1]; /* one sentence for people: what, where, what to do */
    struct vd_refused refused;
};

/* Returns 0, or VD_EPROTO with the first limit that ev breaks. */
int vd_event_check(const struct vd_event *ev, struct vd_err *err);

/* Returns the length of the JSON in buf (a NUL follows it), or VD_EINVAL when the event breaks
 * a limit, VD_ENOMEM. A sequence of 0 leaves room for vd_event_stamp. */
int vd_event_encode(const struct vd_event *ev, char *buf, size_t size, struct vd_err *err);

/* Returns 0, or VD_EPROTO (what and why in *err) leaving *ret_ev untouched. Any input is safe.
 * Unknown fields are ignored; another major version is refused. */
int vd_event_decode(const char *json, size_t len, struct vd_event *ret_ev, struct vd_err *err);

/* Writes the sequence into encoded JSON in place, where vd_event_encode left room for it (20
 * digits). VD_EINVAL when there is none. */
int vd_event_stamp(char *json, size_t len, uint64_t sequence);

bool vd_event_equal(const struct vd_event *a, const struct vd_event *b);

const char *vd_kind_name(enum vd_kind kind);
const char *vd_kind_onvif(enum vd_kind kind); /* NULL where ONVIF has no topic */
bool vd_kind_parse(const char *text, enum vd_kind *ret_kind);
const char *vd_phase_name(enum vd_phase phase);
bool vd_phase_parse(const char *text, enum vd_phase *ret_phase);
const char *vd_did_name(enum vd_did did); /* of one bit */
bool vd_did_parse(const char *text, enum vd_did *ret_did);
const char *vd_direction_name(enum vd_direction direction); /* NULL for VD_DIRECTION_NONE */
bool vd_direction_parse(const char *text, enum vd_direction *ret_direction);
const char *vd_end_reason_name(enum vd_end_reason reason); /* NULL for VD_END_NONE */

/* [a-z0-9][a-z0-9-]{0,62} */
bool vd_id_is_valid(const char *id);

/* One to eight parts of [A-Za-z0-9_.]+ joined by '/'; '-' is no legal part, no part is "." or
 * "..". */
bool vd_area_is_valid(const char *area);

/* True when area is scope or lies below it. An empty scope holds everything. */
bool vd_area_within(const char *area, const char *scope);

#endif
