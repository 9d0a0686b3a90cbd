/* alerts/rules/memory.h: what the rules remember. Of this room alone: rules.h is what others
 * see.
 *
 * A stand is an alert that repeats may still fold into. A live one is a happening that has not
 * ended; a tie says what it is to a rule: waited for, counted, or stood for by a stand. A tally
 * holds the marks of one rule and group: happenings that a count or a sequence has met and not
 * yet used. A silence is a group of which a rule wants to hear nothing for a while. Stands,
 * marks and silences are kept in the database, one row each; ties and lives are worked out. */
#ifndef VD_ALERTS_RULES_MEMORY_H
#define VD_ALERTS_RULES_MEMORY_H

#include "alerts/rules/map.h"
#include "alerts/rules/rules.h"

enum { RULE_ID_MAX = 63, GROUP_ID_MAX = RULE_ID_MAX + 1 + VD_GROUP_KEY_MAX };

enum kept_type { KEPT_STAND, KEPT_MARK, KEPT_SILENCE };

/* First member of what is kept. */
struct kept {
    enum kept_type type;
    bool is_dirty, is_gone; /* gone: freed once its row was taken back */
    struct kept *dirty_next;
};

struct stand {
    struct kept kept;
    struct vd_uuid alert;
    const struct vd_rule *rule; /* NULL: configured no more */
    char rule_id[RULE_ID_MAX + 1];
    char group[VD_GROUP_KEY_MAX + 1];
    char group_id[GROUP_ID_MAX + 1]; /* rule_id, newline, group */
    struct vd_uuid event;            /* the happening it shows; nil: none */
    struct vd_uuid parent;           /* the alert it lies beneath; nil: none */
    int64_t first_us, last_us, opened_us, window_us, count;
    int64_t serial; /* in the order of opening, whatever the clock said */
    int needs;      /* what was counted until it opened; 0: its rule does not suppress */
    bool is_auto, is_resolved;
    bool is_closed;  /* resolved by hand: nothing folds into it any more */
    bool is_refused; /* could not be stored: closed, and no word of it any more */
    bool is_over;    /* a cause of which little is left: stands for nothing until it is back */
    bool is_silent;  /* stands for a silence that goes on */
    bool is_fresh;   /* a cause that has just opened: those of its happenings are looked at */
    uint32_t reviewed;  /* the review that looked at it last */
    struct live **open; /* happenings attached */
    int n_open, room;
    struct stand *shown_next; /* others that show the same happening */
    struct stand *cause_next; /* others that suppress */
    struct stand *gone_next;
};

struct tie {
    const struct vd_rule *rule; /* NULL only when attached */
    struct stand *stand;        /* NULL: waited for, or counted */
    bool is_counted;            /* met all that it could; more must come */
    int64_t due_us;             /* waited for: until then */
};

struct live {
    struct vd_uuid event;
    struct vd_event ev; /* its last message; rev 0: not seen since the restore */
    int64_t shift_us;   /* what brings its times to ours; 0 unless they are suspect */
    struct tie *ties;
    int n_ties, room;
};

enum mark_role { MARK_FIRST, MARK_SECOND, MARK_COUNTED, N_MARK_ROLES };

struct mark {
    struct kept kept;
    enum mark_role role;
    struct tally *tally; /* NULL: gone */
    char rule_id[RULE_ID_MAX + 1];
    struct vd_uuid event;
    char camera[VD_ID_MAX + 1];
    int64_t at_us;
    struct vd_event *ev; /* of a second that waits for its first; NULL after a restore */
    int64_t shift_us;
};

struct tally {
    const struct vd_rule *rule;
    char group[VD_GROUP_KEY_MAX + 1];
    char id[GROUP_ID_MAX + 1];
    int needs;
    struct tally *idle_next; /* others without marks, while they are collected */
    struct {
        struct mark **items; /* by at_us */
        int n, room;
    } marks[N_MARK_ROLES];
};

struct silence {
    struct kept kept;
    const struct vd_rule *rule;
    char group[VD_GROUP_KEY_MAX + 1];
    char id[GROUP_ID_MAX + 1];
    char camera[VD_ID_MAX + 1], area[VD_AREA_MAX + 1]; /* what its alert is about */
    int64_t heard_us;                                  /* 0: not yet, nor begun to listen */
    int n_open;                                        /* happenings that go on break it */
    struct stand *stand;
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
    struct vd_map tallies;    /* group_id -> struct tally */
    struct vd_map silences;   /* group_id -> struct silence */
    struct stand *causes;     /* stands that suppress */
    struct kept *dirty;       /* to be saved; gone ones are freed then */
    struct vd_change *changes;
    int n_changes, room;
    int64_t next_live_us, next_stand_us, next_mark_us, next_silence_us;
    int64_t settled_us; /* no silence is believed before: what was said is on its way */
    bool is_cause_changed;
    bool is_restoring; /* what is made now is saved already */
    uint32_t review;
    int n_marks;
    int64_t serial; /* the last one given to a stand */
    uint64_t not_waited_for, forgotten;
    int rc; /* first failure of this call */
    vd_rules_why_fn *watch;
    void *watch_arg;
};

/* The rules that may concern a message, found once for each camera and kind. */
struct candidate {
    const struct vd_rule *rule;
    bool is_when, is_after; /* by which of its conditions */
};
struct candidates {
    int n;
    char key[VD_ID_MAX + VD_AREA_MAX + 4];
    size_t key_len;
    struct candidate items[];
};
/* NULL: out of memory. */
const struct candidates *rules_candidates(struct vd_rules *r, const struct vd_event *ev);
void candidates_flush(struct vd_rules *r);
const struct vd_names *camera_tags(const struct vd_rules *r, const struct vd_event *ev);

/* "rule\ngroup" */
size_t group_id(const struct vd_rule *rule, const char *group, char id[GROUP_ID_MAX + 1]);

void kept_dirty(struct vd_rules *r, struct kept *kept);
void kept_free(struct kept *kept);

/* Each returns NULL and sets r->rc when memory is out. */
struct stand *stand_new(struct vd_rules *r, const struct vd_uuid *alert, const char *rule_id,
                        const char *group);
struct live *live_get(struct vd_rules *r, const struct vd_uuid *event, bool is_needed);
struct tie *tie_new(struct vd_rules *r, struct live *live, const struct vd_rule *rule);

struct tie *tie_of(struct live *live, const struct vd_rule *rule);
void tie_drop(struct live *live, struct tie *tie);
void live_drop(struct vd_rules *r, struct live *live);

void stand_attach(struct vd_rules *r, struct stand *s, struct live *live);
void stand_detach(struct stand *s, const struct live *live);
/* Whether anything that it stands for goes on. */
bool stand_lasts(const struct stand *s);
void stand_show(struct vd_rules *r, struct stand *s, const struct vd_uuid *event);
/* Out of all indexes; freed when the state was saved. */
void stand_forget(struct vd_rules *r, struct stand *s);
/* Forgets the oldest without a happening when there are too many. */
void stand_make_room(struct vd_rules *r);
/* When it may be forgotten, once nothing lasts. */
int64_t stand_kept_until(const struct stand *s);

/* ---- fire.c ---- */

void change_add(struct vd_rules *r, enum vd_change_type type, struct stand *s,
                const struct vd_event *ev);
void note_stand(struct vd_rules *r, const struct stand *s);
/* A happening has all that its message and time can give: what the rule remembers decides.
 * tie may be NULL when too many happenings are followed. */
enum vd_verdict qualify(struct vd_rules *r, const struct vd_rule *rule, struct live *live,
                        const struct vd_event *ev, int64_t shift_us, int64_t at_us);
struct stand *fire_silence(struct vd_rules *r, const struct silence *silence, int64_t at_us);
/* The happening is over, for all that stood or waited for it. */
void fire_end(struct vd_rules *r, struct live *live, const struct vd_event *ev,
              int64_t shift_us);
void wait_for(struct vd_rules *r, struct tie *tie, int64_t due_us);

/* ---- tally.c ---- */

enum { MARKS_MAX = 131072, SEQUENCE_MARKS_MAX = 16 };

struct tally *tally_get(struct vd_rules *r, const struct vd_rule *rule, const char *group);
/* NULL: it is there already, or memory is out. */
struct mark *mark_add(struct vd_rules *r, struct tally *t, enum mark_role role,
                      const struct mark *of);
bool mark_is_known(const struct tally *t, enum mark_role role, const struct vd_uuid *event);
/* Whether another happening was the first of the sequence, at most its time before at_us. */
bool tally_follows(const struct tally *t, const struct vd_uuid *event, int64_t at_us);
/* Whether a span with the mark in it holds as many as are needed: marks [*ret_from, *ret_to) of
 * MARK_COUNTED. */
bool tally_reached(const struct tally *t, const struct mark *mark, int *ret_from, int *ret_to);
void tally_take(struct vd_rules *r, struct tally *t, int from, int to);
void tally_prune(struct vd_rules *r, int64_t now_us);
/* A message that may be the first of a sequence; seconds that waited for it fire. */
void tally_first(struct vd_rules *r, const struct vd_rule *rule, const struct vd_event *ev,
                 int64_t shift_us);
void tallies_free(struct vd_rules *r);

/* ---- cause.c ---- */

/* After the happenings of stands changed: what lies beneath what. */
void cause_review(struct vd_rules *r, const struct live *live);
void cause_review_one(struct vd_rules *r, struct stand *s);
void cause_over(struct vd_rules *r, struct stand *s);

/* ---- silence.c ---- */

int silences_make(struct vd_rules *r);
struct silence *silence_of(struct vd_rules *r, const struct vd_rule *rule, const char *group);
enum vd_verdict silence_hear(struct vd_rules *r, const struct vd_rule *rule, struct live **live,
                             const struct vd_event *ev, int64_t shift_us);
/* The happening goes on, which is no silence. */
void silence_join(struct vd_rules *r, const struct vd_rule *rule, struct live **live,
                  const struct vd_event *ev);
/* An alert of a silence that goes on was restored. */
void silence_link(struct vd_rules *r, struct stand *stand);
/* Its rule or group is no more: nobody listens, so it can't go on. */
bool silence_is_orphan(struct vd_rules *r, const struct stand *stand);
/* A happening that broke silences is over. */
void silence_end(struct vd_rules *r, const struct vd_rule *rule, const struct vd_event *ev,
                 int64_t shift_us);
void silence_note(struct vd_rules *r, const struct silence *s);
void silences_tick(struct vd_rules *r, int64_t now_us);
void silences_free(struct vd_rules *r);

static inline int64_t max64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

#endif
