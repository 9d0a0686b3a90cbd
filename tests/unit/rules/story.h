/* tests/unit/rules/story.h: tells the rules a story of the table rules.eval, step by step, with
 * a stand-in for the tables that their memory is kept in. One story at a time. */
#ifndef VD_TESTS_RULES_STORY_H
#define VD_TESTS_RULES_STORY_H

#include "alerts/rules/rules.h"

enum { STORY_WORDS = 12, STORY_TEXT = 96, STORY_DAYS = 8 };

struct story_words {
    char text[STORY_WORDS][STORY_TEXT];
    const char *items[STORY_WORDS];
    int n;
};

struct story_cond {
    char area[STORY_TEXT];
    struct story_words cameras, tags, zones, lines;
};

/* A rule with the texts that it borrows. */
struct story_rule {
    struct vd_rule rule;
    char id[STORY_TEXT];
    struct story_cond when, after;
    struct vd_tz *zone;
    struct vd_days days[STORY_DAYS];
};

/* "id key=value …", see the head of rules.eval. Fails the test at a word that it does not know;
 * line is for its message. */
void story_rule_take(struct story_rule *r, char *words, int line);
void story_rule_fini(struct story_rule *r);

/* "key=value …" over what ev holds. received may be left alone. */
void story_event_take(struct vd_event *ev, char *words, int64_t base_us, int64_t *received_us,
                      int line);

struct vd_names story_split(struct story_words *w, const char *list);
int64_t story_us(const char *seconds);

/* Tells all stories of a file; with a restart after each step of those that bear it when
 * restarts. Returns how many steps there were, *ret_cases stories. */
int story_tell_all(const char *path, bool restarts, int *ret_cases);

#endif
