/* alerts/rules/rule.h: one rule, and what it makes of one message. Pure: no clock, no memory.
 * The predicates are one table; a new one is a function and a row. */
#ifndef VD_ALERTS_RULES_RULE_H
#define VD_ALERTS_RULES_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "alerts/rules/schedule.h"
#include "base/event.h"

enum vd_severity { VD_SEVERITY_GREEN, VD_SEVERITY_YELLOW, VD_SEVERITY_RED };
enum vd_group_by { VD_GROUP_CAMERA, VD_GROUP_AREA, VD_GROUP_RULE };

struct vd_names {
    const char *const *items;
    int n; /* 0: asks for nothing */
};

/* Texts are borrowed and outlive the rule. What is not asked for is 0 or NULL. */
struct vd_rule {
    const char *id;
    bool is_enabled;
    uint32_t kinds;   /* bit i: enum vd_kind i; 0: any */
    const char *area; /* this one or below */
    struct vd_names cameras, tags, zones;
    float min_score; /* of the peak so far */
    int64_t min_duration_us;
    struct vd_schedule schedule;
    enum vd_severity severity;
    const char *action, *instruction, *asks;
    int64_t ack_within_us, resolve_within_us;
    bool has_clip;
    enum vd_group_by group_by;
    int64_t window_us; /* repeats that begin this soon after the last message fold */
    bool is_auto;      /* resolves by itself when the condition is over */
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
    VD_WHY_SCORE,
    VD_WHY_DURATION, /* has not lasted long enough, or ended too soon */
    VD_WHY_SCHEDULE, /* not at this time */
    VD_WHY_STANDING, /* this happening has raised its alert before */
    VD_N_WHYS
};

/* What can be said without looking at the moment: of the camera alone. tags are the camera's.
 * VD_WHY_FIRES: may concern it. */
enum vd_verdict vd_rule_concerns(const struct vd_rule *rule, const struct vd_event *ev,
                                 const struct vd_names *tags);

/* What the message itself says, times moved by shift_us (0, or what brings a suspect clock to
 * the time of receipt). is_first: nothing of this happening was held against this rule before.
 * *ret_due_us: with VD_WHY_DURATION and VD_WHY_SCHEDULE the instant at which the rule fires if
 * the happening still lasts then, INT64_MAX when it can't; with VD_WHY_FIRES when it did. */
enum vd_verdict vd_rule_decide(const struct vd_rule *rule, const struct vd_event *ev,
                               int64_t shift_us, bool is_first, int64_t *ret_due_us);

/* "score": the stable word; and a sentence for people. */
const char *vd_verdict_name(enum vd_verdict why);
const char *vd_verdict_text(enum vd_verdict why);

const char *vd_severity_name(enum vd_severity severity); /* "green", "yellow", "red" */

enum { VD_GROUP_KEY_MAX = 1 + 7 + VD_AREA_MAX };

/* "camera:gate-3", "area:4403/440305", "rule": what repeats fold by. */
void vd_rule_group(const struct vd_rule *rule, const struct vd_event *ev,
                   char key[VD_GROUP_KEY_MAX + 1]);

#endif
