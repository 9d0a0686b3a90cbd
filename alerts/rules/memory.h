/* alerts/rules/memory.h: what the rules remember. Of this room alone: rules.h is what others
 * see. A stand is an alert that repeats may still fold into; a live one is a happening that has
 * not ended and that a rule waits for (pending tie) or stands for (attached tie). */
#ifndef VD_ALERTS_RULES_MEMORY_H
#define VD_ALERTS_RULES_MEMORY_H

#include "alerts/rules/map.h"
#include "alerts/rules/rules.h"

enum { RULE_ID_MAX = 63, GROUP_ID_MAX = RULE_ID_MAX + 1 + VD_GROUP_KEY_MAX };

struct stand {
    struct vd_uuid alert;
    const struct vd_rule *rule; /* NULL: configured no more */
    char rule_id[RULE_ID_MAX + 1];
    char group[VD_GROUP_KEY_MAX + 1];
    char group_id[GROUP_ID_MAX + 1]; /* rule_id, newline, group */
    struct vd_uuid event;            /* the happening it shows */
    int64_t first_us, last_us, window_us, count;
    bool is_auto, is_resolved;
    bool is_closed;  /* resolved by hand: nothing folds into it any more */
    bool is_refused; /* could not be stored: closed, and no word of it any more */
    int n_open;      /* happenings attached */
    bool is_dirty, is_gone;
    struct stand *dirty_next;
    struct stand *shown_next; /* others that show the same happening */
};

struct tie {
    const struct vd_rule *rule; /* NULL only when attached */
    struct stand *stand;        /* NULL: pending */
    int64_t due_us;
};

struct live {
    struct vd_uuid event;
    struct vd_event ev; /* its last message; rev 0: not seen since the restore */
    int64_t shift_us;   /* what brings its times to ours; 0 unless they are suspect */
    struct tie *ties;
    int n_ties, room;
};

struct candidates;

struct vd_rules {
    struct vd_rules_opts opts;
    struct vd_map rules;      /* id -> struct vd_rule, enabled or not */
    struct vd_map cameras;    /* id -> struct vd_rules_camera */
    struct vd_map candidates; /* kind, camera, area -> struct candidates */
    struct vd_map stands;     /* alert -> struct stand */
    struct vd_map groups;     /* group_id -> the newest struct stand */
    struct vd_map shown;      /* happening -> first struct stand that shows it */
    struct vd_map live;       /* happening -> struct live */
    struct stand *dirty;      /* to be saved; gone ones are freed then */
    struct vd_change *changes;
    int n_changes, room;
    int64_t next_live_us, next_stand_us;
    uint64_t not_waited_for, forgotten;
    int rc; /* first failure of this call */
};

/* The rules that may concern the message, found once for each camera and kind. NULL: ENOMEM. */
struct candidates {
    int n;
    char key[VD_ID_MAX + VD_AREA_MAX + 4];
    size_t key_len;
    const struct vd_rule *rules[];
};
const struct candidates *rules_candidates(struct vd_rules *r, const struct vd_event *ev);
void candidates_flush(struct vd_rules *r);

/* Each returns NULL and sets r->rc when memory is out. */
struct stand *stand_new(struct vd_rules *r, const struct vd_uuid *alert, const char *rule_id,
                        const char *group);
struct live *live_get(struct vd_rules *r, const struct vd_uuid *event, bool is_needed);
struct tie *tie_new(struct vd_rules *r, struct live *live, const struct vd_rule *rule);

struct tie *tie_of(struct live *live, const struct vd_rule *rule);
void tie_drop(struct live *live, struct tie *tie);
void live_drop(struct vd_rules *r, struct live *live);

void stand_show(struct vd_rules *r, struct stand *s, const struct vd_uuid *event);
void stand_dirty(struct vd_rules *r, struct stand *s);
/* Out of all indexes; freed when the state was saved. */
void stand_forget(struct vd_rules *r, struct stand *s);
/* Forgets the oldest without a happening when there are too many. */
void stand_make_room(struct vd_rules *r);

#endif
