#include "alerts/cli/trial.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/rules/map.h"
#include "base/str.h"

/* An alert that would be. */
struct row {
    struct vd_uuid id, event, parent;
    const struct vd_rule *rule;
    char group[VD_GROUP_KEY_MAX + 1], camera[VD_ID_MAX + 1], area[VD_AREA_MAX + 1];
    int n; /* its number here */
    int64_t events;
    bool is_active, is_resolved;
    struct row *next;
};

/* A happening, and what each rule said of it last. */
struct seen {
    struct vd_uuid event;
    uint8_t whys[]; /* VD_N_WHYS: nothing yet */
};

struct trial {
    struct trial_opts opts;
    const struct vd_config *cfg;
    struct vd_rules *rules;
    struct vd_map rows; /* id -> struct row */
    struct vd_map seen; /* event -> struct seen */
    struct row *first, **last;
    int n_rows, n_messages;
    int64_t n_happenings, now_us;
    int64_t (*totals)[VD_N_WHYS]; /* of each rule, happenings */
    int rc;
};

static int no_memory(struct vd_err *err)
{
    return vd_err_set(err, VD_ENOMEM, "rules: out of memory");
}

/* ---- what is said ---- */

static bool is_of_interest(const struct trial *t, const char *rule)
{
    return t->opts.only == NULL || strcmp(t->opts.only, rule) == 0;
}

static const char *change_name(enum vd_change_type type)
{
    static const char *const names[] = {"open",  "join",   "less", "quiet",    "resolve",
                                        "media", "attach", "over", "suppress", "release"};

    return names[type];
}

static void print_change(const struct trial *t, const struct vd_change *c,
                         const struct row *row)
{
    const struct row *parent = vd_map_get(&t->rows, c->parent.bytes, sizeof c->parent.bytes);
    char at[VD_TIME_TEXT], beneath[32] = "";

    vd_time_format(t->now_us, at);
    if (t->opts.is_json) {
        if (parent != NULL)
            (void)snprintf(beneath, sizeof beneath, ",\"suppressed_by\":\"a%d\"", parent->n);
        fprintf(t->opts.out,
                "{\"at\":\"%s\",\"change\":\"%s\",\"alert\":\"a%d\",\"rule\":\"%s\","
                "\"severity\":\"%s\",\"group\":\"%s\",\"events\":%" PRId64 "%s}\n",
                at, change_name(c->type), row->n, c->rule_id,
                vd_severity_name(row->rule->severity), row->group, row->events, beneath);
        return;
    }
    if (c->type == VD_CHANGE_SUPPRESS && parent != NULL)
        (void)snprintf(beneath, sizeof beneath, "  beneath a%d", parent->n);
    fprintf(t->opts.out, "%s  %-8s a%-4d %-6s %s  %s%s%s", at, change_name(c->type), row->n,
            vd_severity_name(row->rule->severity), c->rule_id,
            row->camera[0] != '\0' ? row->camera : row->area, beneath,
            c->type == VD_CHANGE_OPEN ? "  " : "");
    if (c->type == VD_CHANGE_OPEN)
        fputs(row->rule->action, t->opts.out);
    if (row->events > 1 && c->type == VD_CHANGE_JOIN)
        fprintf(t->opts.out, "  x%" PRId64, row->events);
    fputc('\n', t->opts.out);
}

static void print_why(const struct trial *t, const struct vd_rule *rule,
                      const struct vd_event *ev, enum vd_verdict why)
{
    char at[VD_TIME_TEXT], id[VD_UUID_TEXT];

    vd_time_format(t->now_us, at);
    vd_uuid_format(&ev->event, id);
    if (t->opts.is_json)
        fprintf(t->opts.out,
                "{\"at\":\"%s\",\"event\":\"%s\",\"phase\":\"%s\",\"camera\":\"%s\","
                "\"rule\":\"%s\",\"why\":\"%s\"}\n",
                at, id, vd_phase_name(ev->phase), ev->camera, rule->id, vd_verdict_name(why));
    else
        fprintf(t->opts.out, "%s  %s %s %s: %s: %s\n", at, ev->camera, vd_kind_name(ev->kind),
                vd_phase_name(ev->phase), rule->id, vd_verdict_text(why));
}

/* ---- what becomes of alerts ---- */

static struct row *row_new(struct trial *t, const struct vd_change *c)
{
    struct row *row = calloc(1, sizeof *row);

    if (row != NULL) {
        row->id = c->alert;
        row->event = c->event;
        row->rule = c->rule;
        row->n = ++t->n_rows;
        (void)vd_str_copy(row->group, sizeof row->group, c->group);
        (void)vd_str_copy(row->camera, sizeof row->camera, c->camera);
        (void)vd_str_copy(row->area, sizeof row->area, c->area);
    }
    if (row == NULL || vd_map_put(&t->rows, row->id.bytes, sizeof row->id.bytes, row) < 0) {
        free(row);
        return NULL;
    }
    *t->last = row;
    t->last = &row->next;
    return row;
}

static void apply(struct row *row, const struct vd_change *c)
{
    row->events = c->count;
    switch (c->type) {
    case VD_CHANGE_OPEN:
    case VD_CHANGE_JOIN:
        row->is_active = true;
        break;
    case VD_CHANGE_QUIET:
    case VD_CHANGE_OVER:
        row->is_active = false;
        break;
    case VD_CHANGE_RESOLVE:
        row->is_resolved = true;
        break;
    case VD_CHANGE_SUPPRESS:
        row->parent = c->parent;
        break;
    case VD_CHANGE_RELEASE:
        row->parent = (struct vd_uuid){{0}};
        break;
    default:
        break;
    }
}

/* Others' numbers are of no interest: with one rule asked for, its causes are still told. */
static int take_changes(struct trial *t, const struct vd_change *changes, int n,
                        struct vd_err *err)
{
    for (int i = 0; i < n; i++) {
        const struct vd_change *c = &changes[i];
        struct row *row = vd_map_get(&t->rows, c->alert.bytes, sizeof c->alert.bytes);

        if (row == NULL && c->type == VD_CHANGE_OPEN && (row = row_new(t, c)) == NULL)
            return no_memory(err);
        if (row == NULL)
            continue;
        apply(row, c);
        if (is_of_interest(t, c->rule_id) && c->type != VD_CHANGE_LESS &&
            c->type != VD_CHANGE_MEDIA && c->type != VD_CHANGE_ATTACH)
            print_change(t, c, row);
    }
    return n < 0 ? n : 0;
}

/* ---- why not ---- */

static int rule_index(const struct trial *t, const struct vd_rule *rule)
{
    for (int i = 0; i < t->cfg->n_rules; i++)
        if (strcmp(t->cfg->rules[i].id, rule->id) == 0)
            return i;
    return -1;
}

static struct seen *seen_of(struct trial *t, const struct vd_uuid *event)
{
    struct seen *seen = vd_map_get(&t->seen, event->bytes, sizeof event->bytes);
    size_t n = (size_t)t->cfg->n_rules;

    if (seen != NULL)
        return seen;
    seen = malloc(sizeof *seen + n);
    if (seen == NULL)
        return NULL;
    seen->event = *event;
    memset(seen->whys, VD_N_WHYS, n);
    if (vd_map_put(&t->seen, seen->event.bytes, sizeof seen->event.bytes, seen) < 0) {
        free(seen);
        return NULL;
    }
    t->n_happenings++;
    return seen;
}

/* The last word counts, except that one that fired has fired. */
static void hear(void *arg, const struct vd_rule *rule, const struct vd_event *ev,
                 enum vd_verdict why)
{
    struct trial *t = arg;
    struct seen *seen;
    uint8_t *last;

    if (ev == NULL || ev->phase == VD_PHASE_MEDIA)
        return;
    seen = seen_of(t, &ev->event);
    if (seen == NULL) {
        t->rc = VD_ENOMEM;
        return;
    }
    last = &seen->whys[rule_index(t, rule)];
    if (*last != VD_WHY_FIRES)
        *last = (uint8_t)why;
    if (t->opts.tells_why && why != VD_WHY_STANDING && is_of_interest(t, rule->id))
        print_why(t, rule, ev, why);
}

static void fold(struct trial *t, struct seen *seen)
{
    for (int i = 0; i < t->cfg->n_rules; i++)
        if (seen->whys[i] < VD_N_WHYS)
            t->totals[i][seen->whys[i]]++;
    (void)vd_map_take(&t->seen, seen->event.bytes, sizeof seen->event.bytes);
    free(seen);
}

/* ---- from outside ---- */

int trial_new(struct trial **ret_trial, const struct trial_opts *opts, struct vd_err *err)
{
    struct trial *t = calloc(1, sizeof *t);
    int rc;

    if (t == NULL)
        return no_memory(err);
    t->opts = *opts;
    t->last = &t->first;
    t->cfg = vd_book_config(opts->book);
    t->totals = calloc((size_t)t->cfg->n_rules + 1, sizeof *t->totals);
    rc = t->totals == NULL ? no_memory(err) : vd_book_rules(opts->book, &t->rules, err);
    if (rc < 0) {
        trial_free(&t);
        return rc;
    }
    vd_rules_watch(t->rules, hear, t);
    *ret_trial = t;
    return 0;
}

void trial_free(struct trial **trial)
{
    struct trial *t = *trial;
    struct seen *seen;
    size_t at = 0;

    if (t == NULL)
        return;
    while ((seen = vd_map_next(&t->seen, &at)) != NULL)
        free(seen);
    while (t->first != NULL) {
        struct row *row = t->first;

        t->first = row->next;
        free(row);
    }
    vd_map_fini(&t->seen);
    vd_map_fini(&t->rows);
    vd_rules_free(&t->rules);
    free(t->totals);
    free(t);
    *trial = NULL;
}

int trial_wait(struct trial *trial, int64_t until_us, struct vd_err *err)
{
    int64_t next_us;
    int rc = 0;

    while (rc >= 0 && (next_us = vd_rules_next_us(trial->rules)) <= until_us) {
        const struct vd_change *changes = NULL;
        int n;

        if (next_us > trial->now_us)
            trial->now_us = next_us;
        n = vd_rules_tick(trial->rules, trial->now_us, &changes, err);
        rc = take_changes(trial, changes, n, err);
        if (next_us == vd_rules_next_us(trial->rules))
            break; /* it waits for a message */
    }
    if (trial->now_us < until_us)
        trial->now_us = until_us;
    return rc < 0 ? rc : trial->rc;
}

int trial_take(struct trial *trial, const struct vd_event *ev, struct vd_err *err)
{
    const struct vd_change *changes = NULL;
    int64_t received_us = ev->recorded_us != 0 ? ev->recorded_us : ev->time_us;
    int64_t off_us = received_us - ev->time_us;
    bool is_suspect = off_us > trial->opts.suspect_us || off_us < -trial->opts.suspect_us;
    struct seen *seen;
    int n, rc;

    if (trial->now_us == 0)
        trial->now_us = received_us; /* silences begin with the first message */
    rc = trial_wait(trial, received_us, err);
    if (rc < 0)
        return rc;
    trial->n_messages++;
    n = vd_rules_event(trial->rules, ev, is_suspect, received_us, &changes, err);
    rc = take_changes(trial, changes, n, err);
    if (rc < 0 || trial->rc < 0)
        return rc < 0 ? rc : no_memory(err);
    seen = vd_map_get(&trial->seen, ev->event.bytes, sizeof ev->event.bytes);
    if (ev->phase == VD_PHASE_END && seen != NULL)
        fold(trial, seen);
    return 0;
}

static void report_alert(const struct trial *t, const struct row *row)
{
    const struct row *parent =
        vd_map_get(&t->rows, row->parent.bytes, sizeof row->parent.bytes);
    char event[VD_UUID_TEXT], beneath[16];

    vd_uuid_format(&row->event, event);
    (void)snprintf(beneath, sizeof beneath, "\"a%d\"", parent != NULL ? parent->n : 0);
    fprintf(t->opts.out,
            "{\"alert\":\"a%d\",\"rule\":\"%s\",\"severity\":\"%s\",\"group\":\"%s\","
            "\"events\":%" PRId64 ",\"event\":%s%s%s,\"active\":%s,\"resolved\":%s,"
            "\"suppressed_by\":%s}\n",
            row->n, row->rule->id, vd_severity_name(row->rule->severity), row->group,
            row->events, vd_uuid_is_nil(&row->event) ? "" : "\"",
            vd_uuid_is_nil(&row->event) ? "null" : event,
            vd_uuid_is_nil(&row->event) ? "" : "\"", row->is_active ? "true" : "false",
            row->is_resolved ? "true" : "false", parent != NULL ? beneath : "null");
}

static int alerts_of(const struct trial *t, const char *rule)
{
    int n = 0;

    for (const struct row *row = t->first; row != NULL; row = row->next)
        n += strcmp(row->rule->id, rule) == 0;
    return n;
}

static void report_rule(const struct trial *t, int i)
{
    const struct vd_rule_cfg *rule = &t->cfg->rules[i];
    FILE *out = t->opts.out;
    int n = alerts_of(t, rule->id);

    if (t->opts.is_json) {
        fprintf(out, "{\"rule\":\"%s\",\"alerts\":%d,\"happenings\":{", rule->id, n);
        for (int why = 0, some = 0; why < VD_N_WHYS; why++)
            if (t->totals[i][why] > 0)
                fprintf(out, "%s\"%s\":%" PRId64, some++ > 0 ? "," : "",
                        vd_verdict_name((enum vd_verdict)why), t->totals[i][why]);
        fputs("}}\n", out);
        return;
    }
    fprintf(out, "\n%s: %d %s of %" PRId64 " happenings\n", rule->id, n,
            n == 1 ? "alert" : "alerts", t->totals[i][VD_WHY_FIRES]);
    for (int why = 0; why < VD_N_WHYS; why++)
        if (why != VD_WHY_FIRES && t->totals[i][why] > 0)
            fprintf(out, "  not of %" PRId64 ": %s\n", t->totals[i][why],
                    vd_verdict_text((enum vd_verdict)why));
}

int trial_report(struct trial *trial, struct vd_err *err)
{
    struct seen *seen;

    for (size_t at = 0; (seen = vd_map_next(&trial->seen, &at)) != NULL; at = 0)
        fold(trial, seen);
    for (const struct row *row = trial->first; trial->opts.is_json && row != NULL;
         row = row->next)
        if (is_of_interest(trial, row->rule->id))
            report_alert(trial, row);
    if (!trial->opts.is_json)
        fprintf(trial->opts.out, "\n%d messages of %" PRId64 " happenings: %d %s\n",
                trial->n_messages, trial->n_happenings, trial->n_rows,
                trial->n_rows == 1 ? "alert" : "alerts");
    for (int i = 0; i < trial->cfg->n_rules; i++)
        if (is_of_interest(trial, trial->cfg->rules[i].id))
            report_rule(trial, i);
    return fflush(trial->opts.out) != 0 || ferror(trial->opts.out)
               ? vd_err_set(err, VD_EIO, "standard output can't be written")
               : 0;
}

int trial_alerts(const struct trial *trial)
{
    return trial->n_rows;
}
