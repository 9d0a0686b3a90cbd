#include "tests/unit/rules/story.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

enum { RULES = 8, CAMERAS = 120, OPEN = 100, ROWS = 400, VERDICTS = 32 };

static const int64_t BASE_US = INT64_C(1787400000) * 1000000;

/* The story being told. */
static struct {
    int line;
    char name[160];
    bool restarts, is_fragile;
    int64_t base_us;
    struct story_rule rules[RULES];
    int n_rules;
    struct vd_rules_camera cameras[CAMERAS];
    struct {
        char id[STORY_TEXT], area[STORY_TEXT];
        struct story_words tags;
    } camera_texts[CAMERAS];
    int n_cameras;
    struct vd_rules *book;
    struct vd_rule flat[RULES];
    struct vd_event
        open[OPEN]; /* last message of each open happening, as the database has it */
    int n_open;
    struct vd_event ev;
    uint32_t revs[256];
    struct {
        char rule[STORY_TEXT];
        enum vd_verdict why;
    } verdicts[VERDICTS];
    int n_verdicts;
} t;

static uint8_t next_alert;

static struct vd_uuid make_id(int64_t wall_us)
{
    struct vd_uuid id = {.bytes = {0xa1}};

    (void)wall_us;
    id.bytes[15] = ++next_alert;
    return id;
}

/* ---- the tables ---- */

/* Stands in for the tables rule_state and alert_event. */
static struct {
    struct {
        char rule[STORY_TEXT], key[VD_RULES_KEY_MAX + 1], state[VD_RULES_STATE_MAX + 1];
    } rows[ROWS];
    int n;
    struct {
        struct vd_uuid alert, event;
    } ties[ROWS];
    int n_ties;
} db;

static int db_save(void *arg, const char *rule, const char *key, const char *state)
{
    int i = 0;

    (void)arg;
    while (i < db.n && (strcmp(db.rows[i].key, key) != 0 || strcmp(db.rows[i].rule, rule) != 0))
        i++;
    if (state == NULL) {
        if (i < db.n)
            db.rows[i] = db.rows[--db.n];
        return 0;
    }
    cr_assert_lt(i, ROWS);
    if (i == db.n)
        db.n++;
    (void)vd_str_copy(db.rows[i].rule, STORY_TEXT, rule);
    (void)vd_str_copy(db.rows[i].key, sizeof db.rows[i].key, key);
    (void)vd_str_copy(db.rows[i].state, sizeof db.rows[i].state, state);
    return 0;
}

static void db_untie(const struct vd_uuid *alert, const struct vd_uuid *event)
{
    int kept = 0;

    for (int i = 0; i < db.n_ties; i++)
        if ((alert != NULL && !vd_uuid_equal(&db.ties[i].alert, alert)) ||
            (event != NULL && !vd_uuid_equal(&db.ties[i].event, event)))
            db.ties[kept++] = db.ties[i];
    db.n_ties = kept;
}

static void db_tie(const struct vd_change *c)
{
    if (c->type == VD_CHANGE_OVER)
        db_untie(&c->alert, NULL);
    if ((c->type != VD_CHANGE_OPEN && c->type != VD_CHANGE_JOIN &&
         c->type != VD_CHANGE_ATTACH) ||
        vd_uuid_is_nil(&c->event))
        return;
    cr_assert_lt(db.n_ties, ROWS);
    db.ties[db.n_ties].alert = c->alert;
    db.ties[db.n_ties++].event = c->event;
}

/* ---- the rules ---- */

static void hear(void *arg, const struct vd_rule *rule, const struct vd_event *ev,
                 enum vd_verdict why)
{
    (void)arg;
    (void)ev;
    cr_assert_lt(t.n_verdicts, VERDICTS);
    (void)vd_str_copy(t.verdicts[t.n_verdicts].rule, STORY_TEXT, rule->id);
    t.verdicts[t.n_verdicts++].why = why;
}

static struct vd_rules *book_new(void)
{
    struct vd_rules_opts opts = {.rules = t.flat,
                                 .n_rules = t.n_rules,
                                 .cameras = t.cameras,
                                 .n_cameras = t.n_cameras,
                                 .settle_us = t.restarts && !t.is_fragile ? -1 : 0,
                                 .make_id = make_id};
    struct vd_rules *book = NULL;

    for (int i = 0; i < t.n_rules; i++)
        t.flat[i] = t.rules[i].rule;
    cr_assert_eq(vd_rules_new(&book, &opts, NULL), 0);
    vd_rules_watch(book, hear, NULL);
    return book;
}

static void restart(void)
{
    char alert[VD_UUID_TEXT], event[VD_UUID_TEXT];

    cr_assert_geq(vd_rules_save(t.book, db_save, NULL), 0);
    vd_rules_free(&t.book);
    t.book = book_new();
    for (int i = 0; i < db.n; i++)
        cr_assert_eq(
            vd_rules_restore(t.book, db.rows[i].rule, db.rows[i].key, db.rows[i].state, NULL),
            0, "line %d: %s %s", t.line, db.rows[i].key, db.rows[i].state);
    for (int i = 0; i < db.n_ties; i++) {
        vd_uuid_format(&db.ties[i].alert, alert);
        vd_uuid_format(&db.ties[i].event, event);
        cr_assert_eq(vd_rules_restore_event(t.book, alert, event, NULL), 0);
    }
    for (int i = 0; i < t.n_open; i++)
        cr_assert_eq(vd_rules_restore_open(t.book, &t.open[i], NULL), 0);
}

static void forget_rules(void)
{
    for (int i = 0; i < t.n_rules; i++)
        story_rule_fini(&t.rules[i]);
    t.n_rules = 0;
}

static void end_case(void)
{
    vd_rules_free(&t.book);
    forget_rules();
    t.n_cameras = t.n_open = t.n_verdicts = 0;
    t.is_fragile = false;
    memset(t.revs, 0, sizeof t.revs);
    next_alert = 0;
    t.base_us = BASE_US;
    db.n = db.n_ties = 0;
}

/* ---- steps ---- */

/* "gate-3 area=4403 tags=gate,outside", or "gate-* 12 area=…": twelve of them. */
static void take_camera(char *rest)
{
    char *save = NULL, *id = strtok_r(rest, " ", &save), *star = strchr(id, '*');
    char *count = star != NULL ? strtok_r(NULL, " ", &save) : NULL, *area = NULL, *tags = NULL;
    bool is_off = false;

    for (char *w = strtok_r(NULL, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save)) {
        if (strncmp(w, "area=", 5) == 0)
            area = w + 5;
        else if (strncmp(w, "tags=", 5) == 0)
            tags = w + 5;
        else
            is_off = strcmp(w, "off") == 0;
    }
    for (int i = 1; i <= (count != NULL ? atoi(count) : 1); i++) {
        int n = t.n_cameras++;

        cr_assert_lt(n, CAMERAS);
        if (star != NULL)
            (void)snprintf(t.camera_texts[n].id, STORY_TEXT, "%.*s%d", (int)(star - id), id, i);
        else
            (void)vd_str_copy(t.camera_texts[n].id, STORY_TEXT, id);
        (void)vd_str_copy(t.camera_texts[n].area, STORY_TEXT,
                          area != NULL ? area : "4403/440305");
        t.camera_texts[n].tags.n = 0;
        t.cameras[n] = (struct vd_rules_camera){
            .id = t.camera_texts[n].id, .area = t.camera_texts[n].area, .is_off = is_off};
        if (tags != NULL)
            t.cameras[n].tags = story_split(&t.camera_texts[n].tags, tags);
    }
}

static struct vd_uuid happening(const char *name)
{
    struct vd_uuid id = {.bytes = {0xee}};

    id.bytes[15] = (uint8_t)strtoul(name + 1, NULL, 10);
    return id;
}

static struct vd_uuid alert_of(const char *name)
{
    struct vd_uuid id = {.bytes = {0xa1}};

    id.bytes[15] = (uint8_t)strtoul(name + 1, NULL, 10);
    return id;
}

static void keep_open(void)
{
    int i = 0;

    while (i < t.n_open && !vd_uuid_equal(&t.open[i].event, &t.ev.event))
        i++;
    if (t.ev.phase == VD_PHASE_END || (t.ev.phase == VD_PHASE_MEDIA && i == t.n_open)) {
        if (i < t.n_open)
            t.open[i] = t.open[--t.n_open];
        db_untie(NULL, &t.ev.event);
        return;
    }
    cr_assert_lt(i, OPEN);
    t.open[i] = t.ev;
    if (i == t.n_open)
        t.n_open++;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* After a restart changes of different alerts may come in another order. */
static void sort_changes(const char *text, char *ret_text, size_t size)
{
    struct {
        char text[40];
    } words[2 * ROWS];
    size_t n = 0, len = 0;
    const char *at = text;

    while (*at != '\0') {
        size_t word = strcspn(at, " ");

        word += at[word] == ' ' ? 1 + strcspn(at + word + 1, " ") : 0;
        (void)snprintf(words[n++].text, sizeof words[0].text, "%.*s", (int)word, at);
        at += word + (at[word] == ' ');
    }
    qsort(words, n, sizeof words[0], by_text);
    ret_text[0] = '\0';
    for (size_t i = 0; i < n; i++)
        (void)vd_str_add(ret_text, size, &len, "%s%s", i > 0 ? " " : "", words[i].text);
}

static void expect(const struct vd_change *changes, int n, const char *want_text)
{
    static const char *const names[] = {"open",  "join",   "less", "quiet",    "resolve",
                                        "media", "attach", "over", "suppress", "release"};
    char got[512] = "", copy[512], want[512];
    size_t len = 0;

    (void)vd_str_copy(want, sizeof want, want_text);
    for (int i = 0; i < n; i++) {
        const struct vd_change *c = &changes[i];

        cr_assert(vd_str_add(got, sizeof got, &len, "%s%s a%d", i > 0 ? " " : "",
                             names[c->type], c->alert.bytes[15]));
        if (c->type == VD_CHANGE_SUPPRESS || c->type == VD_CHANGE_RELEASE)
            cr_assert(vd_str_add(got, sizeof got, &len, "<a%d", c->parent.bytes[15]));
        db_tie(c);
    }
    if (n == 0)
        (void)vd_str_copy(got, sizeof got, "-");
    if (t.restarts) {
        sort_changes(want_text, want, sizeof want);
        (void)vd_str_copy(copy, sizeof copy, got);
        sort_changes(copy, got, sizeof got);
    }
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
    int n;

    memset(&t.ev, 0, sizeof t.ev);
    t.ev.time_us = t.base_us + story_us(at);
    t.ev.start_us = t.base_us;
    t.ev.event = happening(name);
    rev = &t.revs[t.ev.event.bytes[15]];
    t.ev.rev = ++*rev;
    t.ev.peak = 0.5f;
    (void)vd_str_copy(t.ev.camera, sizeof t.ev.camera, "gate-3");
    (void)vd_str_copy(t.ev.area, sizeof t.ev.area, "4403/440305");
    (void)vd_str_copy(t.ev.source, sizeof t.ev.source, "/ingest/node-a/1");
    cr_assert(vd_phase_parse(phase, &t.ev.phase), "line %d", t.line);
    if (t.ev.phase == VD_PHASE_END)
        t.ev.end_us = t.ev.time_us;
    if (t.ev.phase == VD_PHASE_START)
        t.ev.start_us = t.ev.time_us;
    story_event_take(&t.ev, save, t.base_us, &received_us, t.line);
    *rev = t.ev.rev;
    t.n_verdicts = 0;
    n = vd_rules_event(t.book, &t.ev, received_us != 0, received_us, &changes, NULL);
    expect(changes, n, want);
    keep_open();
}

static void take_why(const char *rest)
{
    const char *word = strchr(rest, ' ');

    for (int i = 0; i < t.n_verdicts; i++)
        if (strncmp(rest, t.verdicts[i].rule, (size_t)(word - rest)) == 0) {
            cr_assert_str_eq(vd_verdict_name(t.verdicts[i].why), word + 1, "line %d: %s (%s)",
                             t.line, vd_verdict_name(t.verdicts[i].why),
                             vd_verdict_text(t.verdicts[i].why));
            return;
        }
    cr_assert_fail("line %d: nothing was said of '%s'", t.line, rest);
}

static void take_split(char *rest, const char *want)
{
    struct vd_uuid alert = alert_of(rest), event = happening(strchr(rest, ' ') + 1), own;
    int rc = vd_rules_split(t.book, &alert, &event, t.ev.time_us, NULL);

    cr_assert_eq(rc, want[0] == 'a', "line %d", t.line);
    if (rc == 0) {
        db_untie(&alert, &event);
        return;
    }
    own = alert_of(want);
    cr_assert_eq(own.bytes[15], next_alert, "line %d", t.line);
    for (int i = 0; i < db.n_ties; i++)
        if (vd_uuid_equal(&db.ties[i].event, &event) &&
            vd_uuid_equal(&db.ties[i].alert, &alert))
            db.ties[i].alert = own;
}

/* No row of it, so none of its happenings either. */
static void take_refuse(const char *rest)
{
    struct vd_uuid alert = alert_of(rest);

    vd_rules_refuse(t.book, &alert);
    db_untie(&alert, NULL);
}

/* What comes before the first step. False: it is a step. */
static bool take_setting(const char *word, char *rest)
{
    if (strcmp(word, "case") == 0) {
        end_case();
        (void)vd_str_copy(t.name, sizeof t.name, rest);
    } else if (strcmp(word, "rule") == 0) {
        cr_assert_lt(t.n_rules, RULES);
        story_rule_take(&t.rules[t.n_rules++], rest, t.line);
    } else if (strcmp(word, "camera") == 0) {
        take_camera(rest);
    } else if (strcmp(word, "base") == 0) {
        cr_assert(vd_time_parse(rest, &t.base_us));
    } else if (strcmp(word, "fragile") == 0) {
        t.is_fragile = true;
    } else if (strcmp(word, "reload") == 0) {
        cr_assert_geq(vd_rules_save(t.book, db_save, NULL), 0);
        vd_rules_free(&t.book);
        forget_rules();
    } else {
        return false;
    }
    return true;
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
    if (take_setting(line, rest))
        return;
    if (t.book == NULL) {
        t.book = book_new();
        restart(); /* a fresh story restores nothing; one that was reloaded, all */
    }
    if (strcmp(line, "ev") == 0)
        take_ev(rest, want);
    else if (strcmp(line, "tick") == 0)
        expect(changes, vd_rules_tick(t.book, t.base_us + story_us(rest), &changes, NULL),
               want);
    else if (strcmp(line, "restart") == 0)
        restart();
    else if (strcmp(line, "step") == 0)
        vd_rules_step(t.book, story_us(rest));
    else if (strcmp(line, "split") == 0)
        take_split(rest, want);
    else if (strcmp(line, "refuse") == 0)
        take_refuse(rest);
    else if (strcmp(line, "why") == 0)
        take_why(rest);
    else
        cr_assert_fail("line %d: '%s'", t.line, line);
}

/* A split rewrites the changes of the step before, which a restart would have forgotten. */
static bool is_followed_by_split(FILE *f)
{
    long at = ftell(f);
    char next[8] = "";
    bool is_split = fgets(next, sizeof next, f) != NULL && strncmp(next, "split", 5) == 0;

    fseek(f, at, SEEK_SET);
    return is_split;
}

int story_tell_all(const char *path, bool restarts, int *ret_cases)
{
    FILE *f = fopen(path, "r");
    char line[512];
    int steps = 0;

    cr_assert_not_null(f);
    *ret_cases = 0;
    t.line = 0;
    t.restarts = restarts;
    while (fgets(line, sizeof line, f) != NULL) {
        t.line++;
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '#' || line[0] == '\0')
            continue;
        steps++;
        *ret_cases += strncmp(line, "case ", 5) == 0;
        take_line(line);
        if (restarts && t.book != NULL && !t.is_fragile && !is_followed_by_split(f))
            restart();
    }
    end_case();
    fclose(f);
    return steps;
}
