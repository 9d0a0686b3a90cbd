/* alerts/rules/rule.h: one rule, and what it makes of one message. Pure: no clock, no memory.
 * The predicates are one table; a new one is a function and a row. What a rule remembers of
 * earlier messages (counts, sequences, silence, cool-down) is rules.h's. */
#ifndef VD_ALERTS_RULES_RULE_H
#define VD_ALERTS_RULES_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "alerts/rules/schedule.h"
#include "base/event.h"

enum vd_severity { VD_SEVERITY_GREEN, VD_SEVERITY_YELLOW, VD_SEVERITY_RED };
enum vd_group_by { VD_GROUP_CAMERA, VD_GROUP_AREA, VD_GROUP_RULE, VD_GROUP_NODE };

struct vd_names {
    const char *const *items;
    int n; /* 0: asks for nothing */
};

/* What a message must be. Texts are borrowed and outlive the rule. What is not asked for is 0
 * or NULL. */
struct vd_cond {
    uint32_t kinds;   /* bit i: enum vd_kind i; 0: any */
    const char *area; /* this one or below */
    struct vd_names cameras, tags, zones;
    uint32_t did;          /* bits of enum vd_did: one object did one of these */
    struct vd_names lines; /* … over one of these lines */
    enum vd_direction direction;
    int64_t min_dwell_us;     /* … or was in the zone so long */
    float min_score;          /* of the peak so far */
    float min_size, max_size; /* of its largest object, a fraction of the picture */
};

/* So many of them within a span: a rule that asks for it fires with the one that makes it so
 * many. */
struct vd_count {
    int64_t within_us; /* 0: the rule does not count */
    int at_least;
    float share;     /* of the group's cameras, 0: no share; the larger of both counts */
    bool of_cameras; /* different cameras, rather than events */
};

struct vd_rule {
    const char *id;
    bool is_enabled;
    struct vd_cond when;
    int64_t min_duration_us;
    struct vd_schedule schedule;
    struct vd_cond after; /* what must have been, in the same group, at most … */
    int64_t after_us;     /* … this long before; 0: nothing */
    struct vd_count count;
    int64_t absent_us; /* no such message for this long; 0: the rule asks for messages */
    enum vd_severity severity;
    const char *action, *instruction, *asks;
    int64_t ack_within_us, resolve_within_us;
    bool has_clip;
    enum vd_group_by group_by;
    int group_level;     /* parts of the area that count for VD_GROUP_AREA; 0: all */
    int64_t window_us;   /* repeats that begin this soon after the last message fold */
    int64_t cooldown_us; /* from one opening in a group to the next */
    bool is_auto;        /* resolves by itself when the condition is over */
    bool is_suppressing; /* alerts of what it stands for lie beneath its own */
};

/* Why a message did, or did not, raise an alert. */
enum vd_verdict {
    VD_WHY_FIRES,
    VD_WHY_DISABLED,
    VD_WHY_KIND,
    VD_WHY_AREA,
    VD_WHY_CAMERA,
    VD_WHY_TAG,
    VD_WHY_PHASE, /* "media" decides nothing */
    VD_WHY_ZONE,
    VD_WHY_TRACK, /* no object did what is asked for */
    VD_WHY_SIZE,
    VD_WHY_SCORE,
    VD_WHY_DURATION, /* has not lasted long enough, or ended too soon */
    VD_WHY_SCHEDULE, /* not at this time */
    VD_WHY_STANDING, /* this happening has raised its alert before */
    VD_WHY_AFTER,    /* what must come before it did not */
    VD_WHY_COUNT,    /* not as many as the rule asks for */
    VD_WHY_COOLDOWN,
    VD_WHY_PRESENT, /* the rule asks for silence, and this is none */
    VD_N_WHYS
};

/* What can be said without looking at the moment: of the camera alone. tags are the camera's.
 * VD_WHY_FIRES: may concern it. */
enum vd_verdict vd_cond_concerns(const struct vd_cond *cond, const struct vd_event *ev,
                                 const struct vd_names *tags);

/* What the message shows of what may change while it lasts. */
enum vd_verdict vd_cond_holds(const struct vd_cond *cond, const struct vd_event *ev);

/* The first instant at which a happening, of which this message is the first that shows what
 * is asked for (is_first), has lasted for so long. What the start did not show came true with a
 * later message, and counts from that one. */
int64_t vd_cond_from(const struct vd_event *ev, int64_t duration_us, bool is_first);

/* When the message was true: its end, or when it was decided. */
int64_t vd_seen_us(const struct vd_event *ev);

/* What the message itself says, times moved by shift_us (0, or what brings a suspect clock to
 * the time of receipt). is_first: nothing of this happening was held against this rule before.
 * *ret_due_us: with VD_WHY_DURATION and VD_WHY_SCHEDULE the instant at which the rule fires if
 * the happening still lasts then, INT64_MAX when it can't; with VD_WHY_FIRES when it did. */
enum vd_verdict vd_rule_decide(const struct vd_rule *rule, const struct vd_event *ev,
                               int64_t shift_us, bool is_first, int64_t *ret_due_us);

/* When it has been silent for long enough since from_us, all of it within one opening of the
 * schedule; INT64_MAX: not within a year. */
int64_t vd_rule_silent_at(const struct vd_rule *rule, int64_t from_us);

/* How many a rule that counts must see in a group of so many cameras; at least 1. */
int vd_rule_needs(const struct vd_rule *rule, int n_cameras);

/* "score": the stable word; and a sentence for people. */
const char *vd_verdict_name(enum vd_verdict why);
const char *vd_verdict_text(enum vd_verdict why);

const char *vd_severity_name(enum vd_severity severity); /* "green", "yellow", "red" */

enum { VD_GROUP_KEY_MAX = 1 + 7 + VD_AREA_MAX };

/* "camera:gate-3", "area:4403/440305", "node:north-1", "rule": what repeats fold by. */
void vd_rule_group(const struct vd_rule *rule, const struct vd_event *ev,
                   char key[VD_GROUP_KEY_MAX + 1]);

#endif
