#include "alerts/writer/book.h"

#include <stdlib.h>
#include <string.h>

static const int64_t GRACE_US = 400000; /* beyond the detector's quiet */

struct vd_book {
    struct vd_config *cfg;
    struct vd_rule *rules;
    struct vd_tz **zones; /* of rule i, or NULL */
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
    return group == VD_CONFIG_GROUP_RULE ? VD_GROUP_RULE : VD_GROUP_CAMERA;
}

static int take_rule(struct vd_book *book, int i, struct vd_err *err)
{
    const struct vd_rule_cfg *cfg = &book->cfg->rules[i];
    const struct vd_when_cfg *when = &cfg->when;

    if (when->schedule.zone != NULL) {
        int rc = vd_tz_load(&book->zones[i], NULL, when->schedule.zone, err);

        if (rc < 0)
            return rc;
    }
    book->rules[i] = (struct vd_rule){.id = cfg->id,
                                      .is_enabled = cfg->is_enabled,
                                      .kinds = when->kinds,
                                      .area = when->area,
                                      .cameras = names(&when->cameras),
                                      .tags = names(&when->tags),
                                      .zones = names(&when->zones),
                                      .min_score = when->min_score,
                                      .min_duration_us = when->min_duration_us,
                                      .schedule = {book->zones[i], when->schedule.from_min,
                                                   when->schedule.to_min, when->schedule.days},
                                      .severity = severity_of(cfg->severity),
                                      .action = cfg->action,
                                      .instruction = cfg->instruction,
                                      .asks = cfg->asks,
                                      .ack_within_us = cfg->ack_within_us,
                                      .resolve_within_us = cfg->resolve_within_us,
                                      .has_clip = cfg->has_clip,
                                      .group_by = group_of(cfg->group_by),
                                      .window_us = cfg->group_window_us,
                                      .is_auto = cfg->resolve == VD_CONFIG_RESOLVE_AUTO};
    return 0;
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
    book->cameras = calloc(n_cameras, sizeof *book->cameras);
    if (book->rules == NULL || book->zones == NULL || book->cameras == NULL)
        rc = vd_err_set(err, VD_ENOMEM, "rules: out of memory");
    for (int i = 0; rc == 0 && i < cfg->n_rules; i++)
        rc = take_rule(book, i, err);
    for (int i = 0; rc == 0 && i < cfg->n_cameras; i++) {
        const struct vd_camera_cfg *camera = &cfg->cameras[i];

        book->cameras[i] = (struct vd_rules_camera){camera->id, names(&camera->tags)};
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
