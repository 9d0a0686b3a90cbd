#include "alerts/writer/book.h"

#include <stdlib.h>
#include <string.h>

static const int64_t GRACE_US = 400000; /* beyond the detector's quiet */

struct vd_book {
    struct vd_config *cfg;
    struct vd_rule *rules;
    struct vd_tz **zones;      /* of rule i, or NULL */
    struct vd_days **holidays; /* of rule i, or NULL */
    struct vd_rules_camera *cameras;
    int64_t grace_us;
};

static struct vd_names names(const struct vd_strings *list)
{
    return (struct vd_names){list->items, list->n};
}

static enum vd_severity severity_of(int severity)
{
    if (severity == VD_CONFIG_SEVERITY_RED)
        return VD_SEVERITY_RED;
    return severity == VD_CONFIG_SEVERITY_YELLOW ? VD_SEVERITY_YELLOW : VD_SEVERITY_GREEN;
}

static enum vd_group_by group_of(int group)
{
    if (group == VD_CONFIG_GROUP_AREA)
        return VD_GROUP_AREA;
    if (group == VD_CONFIG_GROUP_NODE)
        return VD_GROUP_NODE;
    return group == VD_CONFIG_GROUP_RULE ? VD_GROUP_RULE : VD_GROUP_CAMERA;
}

static struct vd_cond cond_of(const struct vd_when_cfg *when)
{
    return (struct vd_cond){.kinds = when->kinds,
                            .area = when->area,
                            .cameras = names(&when->cameras),
                            .tags = names(&when->tags),
                            .zones = names(&when->zones),
                            .did = when->did,
                            .lines = names(&when->lines),
                            .direction = (enum vd_direction)when->direction,
                            .min_dwell_us = when->min_dwell_us,
                            .min_score = when->min_score,
                            .min_size = when->min_size,
                            .max_size = when->max_size};
}

static struct vd_count count_of(const struct vd_count_cfg *count)
{
    return (struct vd_count){.within_us = count->within_us,
                             .at_least = (int)count->at_least,
                             .share = count->share,
                             .of_cameras = count->of == VD_CONFIG_COUNT_CAMERAS};
}

static const struct vd_calendar_cfg *calendar(const struct vd_config *cfg, const char *name)
{
    int i = 0;

    while (strcmp(cfg->calendars[i].name, name) != 0) /* the check knows that it is there */
        i++;
    return &cfg->calendars[i];
}

/* The dates of all calendars that the schedule names, in one piece. */
static int take_holidays(struct vd_book *book, int i, const struct vd_strings *calendars,
                         int *ret_n, struct vd_err *err)
{
    int n = 0;

    for (int c = 0; c < calendars->n; c++)
        n += calendar(book->cfg, calendars->items[c])->dates.n;
    *ret_n = n;
    if (n == 0)
        return 0;
    book->holidays[i] = calloc((size_t)n, sizeof *book->holidays[i]);
    if (book->holidays[i] == NULL)
        return vd_err_set(err, VD_ENOMEM, "rules: out of memory");
    for (int c = 0, at = 0; c < calendars->n; c++) {
        const struct vd_strings *dates = &calendar(book->cfg, calendars->items[c])->dates;

        for (int d = 0; d < dates->n; d++, at++) {
            struct vd_days *days = &book->holidays[i][at];
            int rc =
                vd_config_days(dates->items[d], &days->from, &days->to, &days->is_yearly, err);

            if (rc < 0)
                return rc;
        }
    }
    return 0;
}

static int take_schedule(struct vd_book *book, int i, struct vd_schedule *ret,
                         struct vd_err *err)
{
    const struct vd_schedule_cfg *cfg = &book->cfg->rules[i].when.schedule;
    int rc, n = 0;

    if (cfg->zone == NULL)
        return 0;
    rc = vd_tz_load(&book->zones[i], NULL, cfg->zone, err);
    if (rc >= 0)
        rc = take_holidays(book, i, &cfg->holidays, &n, err);
    if (rc < 0)
        return rc;
    *ret = (struct vd_schedule){.tz = book->zones[i],
                                .from_min = cfg->from_min,
                                .to_min = cfg->to_min,
                                .days = cfg->days,
                                .holidays = book->holidays[i],
                                .n_holidays = n,
                                .on_holidays = (enum vd_on_holidays)cfg->on_holidays};
    return 0;
}

static int take_rule(struct vd_book *book, int i, struct vd_err *err)
{
    const struct vd_rule_cfg *cfg = &book->cfg->rules[i];

    book->rules[i] = (struct vd_rule){.id = cfg->id,
                                      .is_enabled = cfg->is_enabled,
                                      .when = cond_of(&cfg->when),
                                      .min_duration_us = cfg->when.min_duration_us,
                                      .after = cond_of(&cfg->after.cond),
                                      .after_us = cfg->after.within_us,
                                      .count = count_of(&cfg->when.count),
                                      .absent_us = cfg->when.absent_us,
                                      .severity = severity_of(cfg->severity),
                                      .action = cfg->action,
                                      .instruction = cfg->instruction,
                                      .asks = cfg->asks,
                                      .ack_within_us = cfg->ack_within_us,
                                      .resolve_within_us = cfg->resolve_within_us,
                                      .has_clip = cfg->has_clip,
                                      .group_by = group_of(cfg->group_by),
                                      .group_level = cfg->group_level,
                                      .window_us = cfg->group_window_us,
                                      .cooldown_us = cfg->cooldown_us,
                                      .is_auto = cfg->resolve == VD_CONFIG_RESOLVE_AUTO,
                                      .is_suppressing = cfg->is_suppressing};
    return take_schedule(book, i, &book->rules[i].schedule, err);
}

int vd_book_new(struct vd_book **ret_book, struct vd_config *cfg, struct vd_err *err)
{
    size_t n_rules = (size_t)cfg->n_rules + 1, n_cameras = (size_t)cfg->n_cameras + 1;
    struct vd_book *book = calloc(1, sizeof *book);
    int rc = 0;

    if (book == NULL)
        return vd_err_set(err, VD_ENOMEM, "rules: out of memory");
    book->cfg = vd_config_ref(cfg);
    book->rules = calloc(n_rules, sizeof *book->rules);
    book->zones = calloc(n_rules, sizeof(struct vd_tz *));
    book->holidays = calloc(n_rules, sizeof(struct vd_days *));
    book->cameras = calloc(n_cameras, sizeof *book->cameras);
    if (book->rules == NULL || book->zones == NULL || book->holidays == NULL ||
        book->cameras == NULL)
        rc = vd_err_set(err, VD_ENOMEM, "rules: out of memory");
    for (int i = 0; rc == 0 && i < cfg->n_rules; i++)
        rc = take_rule(book, i, err);
    for (int i = 0; rc == 0 && i < cfg->n_cameras; i++) {
        const struct vd_camera_cfg *camera = &cfg->cameras[i];

        book->cameras[i] = (struct vd_rules_camera){.id = camera->id,
                                                    .area = camera->area,
                                                    .tags = names(&camera->tags),
                                                    .is_off = !camera->is_enabled};
        if (camera->detect.quiet_us + GRACE_US > book->grace_us)
            book->grace_us = camera->detect.quiet_us + GRACE_US;
    }
    if (rc < 0) {
        vd_book_free(&book);
        return rc;
    }
    *ret_book = book;
    return 0;
}

void vd_book_free(struct vd_book **book)
{
    struct vd_book *b = *book;

    if (b == NULL)
        return;
    for (int i = 0; b->zones != NULL && i < b->cfg->n_rules; i++)
        vd_tz_free(&b->zones[i]);
    for (int i = 0; b->holidays != NULL && i < b->cfg->n_rules; i++)
        free(b->holidays[i]);
    free(b->holidays);
    free(b->rules);
    free(b->zones);
    free(b->cameras);
    vd_config_unref(&b->cfg);
    free(b);
    *book = NULL;
}

int vd_book_rules(const struct vd_book *book, struct vd_rules **ret_rules, struct vd_err *err)
{
    struct vd_rules_opts opts = {.rules = book->rules,
                                 .n_rules = book->cfg->n_rules,
                                 .cameras = book->cameras,
                                 .n_cameras = book->cfg->n_cameras,
                                 .grace_us = book->grace_us};

    return vd_rules_new(ret_rules, &opts, err);
}

const struct vd_config *vd_book_config(const struct vd_book *book)
{
    return book->cfg;
}
