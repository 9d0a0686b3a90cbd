/* The rules against the table of stories in rules.eval, and the time that a thousand take. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alerts/rules/rules.h"
#include "base/str.h"

enum { RULES = 8, CAMERAS = 4, WORDS = 8, TEXT = 64, LAST = 40 };

static const int64_t BASE_US = INT64_C(1787400000) * 1000000;

struct words {
    char text[WORDS][TEXT];
    const char *items[WORDS];
    int n;
};

/* One story being told. */
static struct {
    int line;
    char name[160];
    int64_t base_us;
    struct vd_rule rules[RULES];
    char ids[RULES][TEXT], areas[RULES][TEXT];
    struct words cameras_of[RULES], tags_of[RULES], zones_of[RULES];
    struct vd_tz *zones[RULES];
    int n_rules;
    struct vd_rules_camera cameras[CAMERAS];
    char camera_ids[CAMERAS][TEXT];
    struct words camera_tags[CAMERAS];
    int n_cameras;
    struct vd_rules *book;
    struct vd_event
        last[LAST]; /* last message of each open happening, as the database has it */
    int n_last;
    struct vd_event ev;
    uint32_t revs[LAST];
} t;

static uint8_t next_alert;

static struct vd_uuid make_id(int64_t wall_us)
{
    struct vd_uuid id = {.bytes = {0xa1}};

    (void)wall_us;
    id.bytes[15] = ++next_alert;
    return id;
}

static struct vd_names split(struct words *w, const char *list)
{
    char copy[256], *save = NULL;

    cr_assert(vd_str_copy(copy, sizeof copy, list));
    w->n = 0;
    for (char *p = strtok_r(copy, ",", &save); p != NULL; p = strtok_r(NULL, ",", &save)) {
        cr_assert(vd_str_copy(w->text[w->n], TEXT, p));
        w->items[w->n] = w->text[w->n];
        w->n++;
    }
    return (struct vd_names){w->items, w->n};
}

static int64_t us(const char *seconds)
{
    return llround(strtod(seconds, NULL) * 1e6);
}

static void take_schedule(int i, const char *text)
{
    char name[64], days[8] = "1111111";
    struct vd_schedule *s = &t.rules[i].schedule;
    int h1, m1, h2, m2;

    cr_assert_geq(sscanf(text, "%63[^,],%d:%d-%d:%d,%7s", name, &h1, &m1, &h2, &m2, days), 5);
    cr_assert_eq(vd_tz_load(&t.zones[i], NULL, name, NULL), 0);
    *s = (struct vd_schedule){t.zones[i], h1 * 60 + m1, h2 * 60 + m2, 0};
    for (int d = 0; d < 7; d++)
        s->days |= (uint32_t)(days[d] == '1') << d;
}

static void take_rule_word(int i, const char *key, const char *value)
{
    struct vd_rule *rule = &t.rules[i];
    struct words kinds = {0};

    if (strcmp(key, "off") == 0) {
        rule->is_enabled = false;
    } else if (strcmp(key, "auto") == 0) {
        rule->is_auto = true;
    } else if (strcmp(key, "kinds") == 0) {
        (void)split(&kinds, value);
        for (int k = 0; k < kinds.n; k++) {
            enum vd_kind kind;

            cr_assert(vd_kind_parse(kinds.text[k], &kind));
            rule->kinds |= 1u << kind;
        }
    } else if (strcmp(key, "area") == 0) {
        cr_assert(vd_str_copy(t.areas[i], TEXT, value));
        rule->area = t.areas[i];
    } else if (strcmp(key, "cameras") == 0) {
        rule->cameras = split(&t.cameras_of[i], value);
    } else if (strcmp(key, "tags") == 0) {
        rule->tags = split(&t.tags_of[i], value);
    } else if (strcmp(key, "zones") == 0) {
        rule->zones = split(&t.zones_of[i], value);
    } else if (strcmp(key, "min_score") == 0) {
        rule->min_score = strtof(value, NULL);
    } else if (strcmp(key, "min_duration") == 0) {
        rule->min_duration_us = us(value);
    } else if (strcmp(key, "schedule") == 0) {
        take_schedule(i, value);
    } else if (strcmp(key, "window") == 0) {
        rule->window_us = us(value);
    } else if (strcmp(key, "group") == 0) {
        rule->group_by = strcmp(value, "area") == 0 ? VD_GROUP_AREA : VD_GROUP_RULE;
    } else {
        cr_assert_fail("line %d: rule key '%s'", t.line, key);
    }
}

static void take_rule(char *rest)
{
    char *save = NULL, *id = strtok_r(rest, " ", &save);
    int i = t.n_rules++;

    cr_assert_lt(i, RULES);
    memset(&t.rules[i], 0, sizeof t.rules[i]);
    cr_assert(vd_str_copy(t.ids[i], TEXT, id));
    t.rules[i].id = t.ids[i];
    t.rules[i].is_enabled = true;
    t.rules[i].action = "look";
    for (char *w = strtok_r(NULL, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save)) {
        char *eq = strchr(w, '=');

        if (eq != NULL)
            *eq++ = '\0';
        take_rule_word(i, w, eq);
    }
}

static void take_camera(char *rest)
{
    int i = t.n_cameras++;
    char *tags = strstr(rest, " tags=");

    *tags = '\0';
    cr_assert(vd_str_copy(t.camera_ids[i], TEXT, rest));
    t.cameras[i] =
        (struct vd_rules_camera){t.camera_ids[i], split(&t.camera_tags[i], tags + 6)};
}

static void forget_rules(void)
{
    for (int i = 0; i < RULES; i++)
        vd_tz_free(&t.zones[i]);
    t.n_rules = 0;
}

static void end_case(void)
{
    vd_rules_free(&t.book);
    forget_rules();
    t.n_cameras = t.n_last = 0;
    memset(t.revs, 0, sizeof t.revs);
    next_alert = 0;
    t.base_us = BASE_US;
}

static struct vd_rules *book_new(void)
{
    struct vd_rules_opts opts = {.rules = t.rules,
                                 .n_rules = t.n_rules,
                                 .cameras = t.cameras,
                                 .n_cameras = t.n_cameras,
                                 .make_id = make_id};
    struct vd_rules *book = NULL;

    cr_assert_eq(vd_rules_new(&book, &opts, NULL), 0);
    return book;
}

/* Stands in for the tables rule_state and alert_event. */
static struct {
    struct row {
        char rule[TEXT], alert[VD_UUID_TEXT], state[VD_RULES_STATE_MAX + 1];
    } rows[LAST];
    int n;
    struct {
        struct vd_uuid alert, event;
    } ties[LAST];
    int n_ties;
} db;

static int db_save(void *arg, const char *rule, const struct vd_uuid *alert, const char *state)
{
    char id[VD_UUID_TEXT];
    int i = 0;

    (void)arg;
    vd_uuid_format(alert, id);
    while (i < db.n && strcmp(db.rows[i].alert, id) != 0)
        i++;
    if (i == db.n)
        db.n++;
    if (state == NULL) {
        db.rows[i] = db.rows[--db.n];
        return 0;
    }
    (void)vd_str_copy(db.rows[i].rule, TEXT, rule);
    (void)vd_str_copy(db.rows[i].alert, VD_UUID_TEXT, id);
    (void)vd_str_copy(db.rows[i].state, sizeof db.rows[i].state, state);
    return 0;
}

static void restart(void)
{
    char alert[VD_UUID_TEXT], event[VD_UUID_TEXT];

    cr_assert_geq(vd_rules_save(t.book, db_save, NULL), 0);
    vd_rules_free(&t.book);
    t.book = book_new();
    for (int i = 0; i < db.n; i++)
        cr_assert_eq(
            vd_rules_restore(t.book, db.rows[i].rule, db.rows[i].alert, db.rows[i].state, NULL),
            0);
    for (int i = 0; i < db.n_ties; i++) {
        vd_uuid_format(&db.ties[i].alert, alert);
        vd_uuid_format(&db.ties[i].event, event);
        cr_assert_eq(vd_rules_restore_event(t.book, alert, event, NULL), 0);
    }
    for (int i = 0; i < t.n_last; i++)
        cr_assert_eq(vd_rules_restore_open(t.book, &t.last[i], NULL), 0);
}

static struct vd_uuid happening(const char *name)
{
    struct vd_uuid id = {.bytes = {0xee}};

    id.bytes[15] = (uint8_t)strtoul(name + 1, NULL, 10);
    return id;
}

static void take_ev_word(const char *key, const char *value, int64_t *received_us)
{
    if (strcmp(key, "camera") == 0) {
        (void)vd_str_copy(t.ev.camera, sizeof t.ev.camera, value);
    } else if (strcmp(key, "area") == 0) {
        (void)vd_str_copy(t.ev.area, sizeof t.ev.area, value);
    } else if (strcmp(key, "zone") == 0) {
        struct words zones = {0};

        (void)split(&zones, value);
        t.ev.n_zones = (uint32_t)zones.n;
        for (int i = 0; i < zones.n; i++)
            (void)vd_str_copy(t.ev.zones[i], sizeof t.ev.zones[i], zones.text[i]);
    } else if (strcmp(key, "kind") == 0) {
        cr_assert(vd_kind_parse(value, &t.ev.kind));
    } else if (strcmp(key, "peak") == 0) {
        t.ev.peak = strtof(value, NULL);
    } else if (strcmp(key, "start") == 0) {
        t.ev.start_us = t.base_us + us(value);
    } else if (strcmp(key, "end") == 0) {
        t.ev.end_us = t.base_us + us(value);
    } else if (strcmp(key, "rev") == 0) {
        t.ev.rev = (uint32_t)strtoul(value, NULL, 10);
    } else if (strcmp(key, "received") == 0) {
        *received_us = t.base_us + us(value);
    } else {
        cr_assert_fail("line %d: event key '%s'", t.line, key);
    }
}

static void keep_last(void)
{
    int i = 0;

    while (i < t.n_last && !vd_uuid_equal(&t.last[i].event, &t.ev.event))
        i++;
    if (t.ev.phase == VD_PHASE_END || (t.ev.phase == VD_PHASE_MEDIA && i == t.n_last)) {
        if (i < t.n_last)
            t.last[i] = t.last[--t.n_last];
        for (i = 0; i < db.n_ties; i++)
            if (vd_uuid_equal(&db.ties[i].event, &t.ev.event))
                db.ties[i--] = db.ties[--db.n_ties];
        return;
    }
    t.last[i] = t.ev;
    if (i == t.n_last)
        t.n_last++;
}

static void expect(const struct vd_change *changes, int n, const char *want)
{
    static const char *const names[] = {"open", "join", "less", "quiet", "resolve", "media"};
    char got[512] = "";
    size_t len = 0;

    for (int i = 0; i < n; i++) {
        const struct vd_change *c = &changes[i];

        cr_assert(vd_str_add(got, sizeof got, &len, "%s%s a%d", i > 0 ? " " : "",
                             names[c->type], c->alert.bytes[15]));
        if (c->type == VD_CHANGE_OPEN || c->type == VD_CHANGE_JOIN) {
            db.ties[db.n_ties].alert = c->alert;
            db.ties[db.n_ties++].event = c->event;
        }
    }
    if (n == 0)
        (void)vd_str_copy(got, sizeof got, "-");
    cr_assert_str_eq(got, want, "line %d, case '%s': got '%s', want '%s'", t.line, t.name, got,
                     want);
}

static void take_ev(char *rest, const char *want)
{
    char *save = NULL, *at = strtok_r(rest, " ", &save), *name = strtok_r(NULL, " ", &save);
    char *phase = strtok_r(NULL, " ", &save);
    const struct vd_change *changes = NULL;
    int64_t received_us = 0;
    uint32_t *rev;

    memset(&t.ev, 0, sizeof t.ev);
    t.ev.time_us = t.base_us + us(at);
    t.ev.start_us = t.base_us;
    t.ev.event = happening(name);
    rev = &t.revs[t.ev.event.bytes[15]];
    t.ev.rev = ++*rev;
    t.ev.peak = 0.5f;
    (void)vd_str_copy(t.ev.camera, sizeof t.ev.camera, "gate-3");
    (void)vd_str_copy(t.ev.area, sizeof t.ev.area, "4403/440305");
    cr_assert(vd_phase_parse(phase, &t.ev.phase), "line %d", t.line);
    if (t.ev.phase == VD_PHASE_END)
        t.ev.end_us = t.ev.time_us;
    for (char *w = strtok_r(NULL, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save)) {
        char *eq = strchr(w, '=');

        cr_assert_not_null(eq, "line %d: '%s'", t.line, w);
        *eq = '\0';
        take_ev_word(w, eq + 1, &received_us);
    }
    *rev = t.ev.rev;
    int n = vd_rules_event(t.book, &t.ev, received_us != 0, received_us, &changes, NULL);

    expect(changes, n, want);
    keep_last();
}

static void check_why(void *arg, const struct vd_rule *rule, enum vd_verdict why,
                      int64_t due_us)
{
    char *rest = arg, *word = strchr(rest, ' ');

    (void)due_us;
    if (strncmp(rest, rule->id, (size_t)(word - rest)) == 0)
        cr_assert_str_eq(vd_verdict_name(why), word + 1, "line %d: %s", t.line,
                         vd_verdict_text(why));
}

static void take_split(char *rest, const char *want)
{
    struct vd_uuid alert = {.bytes = {0xa1}}, own = {0}, event;

    alert.bytes[15] = (uint8_t)strtoul(rest + 1, NULL, 10);
    event = happening(strchr(rest, ' ') + 1);
    cr_assert_eq(vd_rules_split(t.book, &alert, &event, t.ev.time_us, &own, NULL), 0);
    cr_assert_eq(own.bytes[15], strtoul(want + 1, NULL, 10), "line %d", t.line);
    for (int i = 0; i < db.n_ties; i++)
        if (vd_uuid_equal(&db.ties[i].event, &event) &&
            vd_uuid_equal(&db.ties[i].alert, &alert))
            db.ties[i].alert = own;
}

/* No row of it, so none of its happenings either. */
static void take_refuse(const char *rest)
{
    struct vd_uuid alert = {.bytes = {0xa1}};
    int kept = 0;

    alert.bytes[15] = (uint8_t)strtoul(rest + 1, NULL, 10);
    vd_rules_refuse(t.book, &alert);
    for (int i = 0; i < db.n_ties; i++)
        if (!vd_uuid_equal(&db.ties[i].alert, &alert))
            db.ties[kept++] = db.ties[i];
    db.n_ties = kept;
}

static void take_line(char *line)
{
    char *want = strstr(line, " => "), *rest = strchr(line, ' ');
    const struct vd_change *changes = NULL;

    if (want != NULL) {
        *want = '\0';
        want += 4;
    }
    if (rest != NULL)
        *rest++ = '\0';
    if (strcmp(line, "case") == 0) {
        end_case();
        db.n = db.n_ties = 0;
        (void)vd_str_copy(t.name, sizeof t.name, rest);
        return;
    }
    if (strcmp(line, "rule") == 0)
        return take_rule(rest);
    if (strcmp(line, "camera") == 0)
        return take_camera(rest);
    if (strcmp(line, "base") == 0) {
        cr_assert(vd_time_parse(rest, &t.base_us));
        return;
    }
    if (strcmp(line, "reload") == 0) {
        cr_assert_geq(vd_rules_save(t.book, db_save, NULL), 0);
        vd_rules_free(&t.book);
        forget_rules();
        return;
    }
    if (t.book == NULL) {
        t.book = book_new();
        restart(); /* a fresh story restores nothing; one that was reloaded, all */
    }
    if (strcmp(line, "ev") == 0)
        take_ev(rest, want);
    else if (strcmp(line, "tick") == 0)
        expect(changes, vd_rules_tick(t.book, t.base_us + us(rest), &changes, NULL), want);
    else if (strcmp(line, "restart") == 0)
        restart();
    else if (strcmp(line, "split") == 0)
        take_split(rest, want);
    else if (strcmp(line, "refuse") == 0)
        take_refuse(rest);
    else if (strcmp(line, "why") == 0)
        vd_rules_explain(t.book, &t.ev, check_why, rest);
    else
        cr_assert_fail("line %d: '%s'", t.line, line);
}

Test(rules, tell_every_story_of_the_table)
{
    FILE *f = fopen(VD_TEST_DATA "/rules.eval", "r");
    char line[512];
    int steps = 0;

    cr_assert_not_null(f);
    while (fgets(line, sizeof line, f) != NULL) {
        t.line++;
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '#' || line[0] == '\0')
            continue;
        steps++;
        take_line(line);
    }
    end_case();
    fclose(f);
    cr_assert_gt(steps, 200);
}

Test(rules, refuse_states_that_make_no_sense_and_go_on)
{
    static const char *const bad[] = {
        "", "{", "[]", "{}", "{\"group\":\"x\"}", "{\"group\":\"x\",\"event\":\"no\"}"};
    static const char ID[] = "01890000-0000-7000-8000-000000000001";

    t.book = book_new();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(vd_rules_restore(t.book, "r", ID, bad[i], NULL), VD_EPROTO, "%s", bad[i]);
    cr_assert_eq(vd_rules_restore(t.book, "r", "no", "{}", NULL), VD_EPROTO);
    cr_assert_eq(vd_rules_restore_event(t.book, ID, ID, NULL), 0);
    vd_rules_free(&t.book);
}

/* Issue 5 asks for less than 20 us an event with a thousand rules; here it must only not be
 * absurd under a sanitizer, the figure is printed. */
Test(rules, a_thousand_of_them_are_weighed_in_microseconds)
{
    enum { N = 1000, EVENTS = 20000 };
    static struct vd_rule rules[N];
    static char ids[N][16], areas[N][32];
    struct vd_rules_opts opts = {.rules = rules, .n_rules = N};
    const struct vd_change *changes = NULL;
    struct vd_event ev = {.kind = VD_KIND_MOTION, .rev = 1, .peak = 0.5f};
    struct vd_rules *book = NULL;
    struct timespec a, b;
    double each;

    for (int i = 0; i < N; i++) {
        (void)snprintf(ids[i], sizeof ids[i], "r%d", i);
        (void)snprintf(areas[i], sizeof areas[i], "44/%d", i % 100);
        rules[i] = (struct vd_rule){.id = ids[i],
                                    .is_enabled = true,
                                    .area = i % 10 == 0 ? NULL : areas[i],
                                    .min_score = 0.9f,
                                    .action = "look"};
    }
    cr_assert_eq(vd_rules_new(&book, &opts, NULL), 0);
    clock_gettime(CLOCK_MONOTONIC, &a);
    for (int i = 0; i < EVENTS; i++) {
        ev.event.bytes[0] = (uint8_t)i;
        ev.event.bytes[1] = (uint8_t)(i >> 8);
        (void)snprintf(ev.camera, sizeof ev.camera, "cam-%d", i % 2000);
        (void)snprintf(ev.area, sizeof ev.area, "44/%d", i % 100);
        cr_assert_eq(vd_rules_event(book, &ev, false, 0, &changes, NULL), 0);
    }
    clock_gettime(CLOCK_MONOTONIC, &b);
    each = ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) / EVENTS;
    fprintf(stderr, "{\"case\":\"1000 rules\",\"ns_per_event\":%.0f}\n", each);
    cr_assert_lt(each, 200000.0);
    vd_rules_free(&book);
}
