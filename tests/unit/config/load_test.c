/* Folders and files that pass, and those that do not, with every word that is said of them. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/event.h"
#include "base/fs.h"
#include "config/load.h"
#include "config/print.h"
#include "tests/support/tmpdir.h"

#define GOOD VD_TEST_DATA "/configs/good"
#define BAD  VD_TEST_DATA "/configs/bad"

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);

    return n > m && strcmp(name + n - m, end) == 0;
}

static char *read_text(const char *folder, const char *name, size_t *ret_len)
{
    char path[600], *text = NULL;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    cr_assert_eq(vd_fs_read(path, 4 << 20, &text, ret_len, NULL), 0, "%s", path);
    return text;
}

static char *said(const struct vd_problems *problems)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    vd_problems_print(problems, NULL, out);
    fclose(out);
    return text;
}

static void load_bad(const char *name, struct vd_problems *problems)
{
    struct vd_config *cfg = NULL;
    struct vd_err err = {0};
    char path[600];
    size_t len;
    int rc;

    if (ends_with(name, ".yaml")) {
        char *text = read_text(BAD, name, &len);

        rc = vd_load_text(&cfg, text, len, problems, &err);
        free(text);
    } else {
        snprintf(path, sizeof path, BAD "/%s", name);
        rc = vd_config_load(&cfg, path, VD_CONFIG_SECRETS_NONE, problems, &err);
    }
    cr_assert_eq(rc, VD_EINVAL, "%s: %d", name, rc);
    cr_assert_null(cfg);
    cr_assert(strlen(err.msg) > 0, "%s", name);
}

Test(load, says_what_is_wrong_with_every_bad_folder_word_by_word)
{
    DIR *dir = opendir(BAD);
    const struct dirent *entry;
    int n = 0;

    cr_assert_not_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        struct vd_problems problems = {0};
        char want_name[300], *want, *got;
        size_t len;

        if (entry->d_name[0] == '.' || ends_with(entry->d_name, ".want"))
            continue;
        snprintf(want_name, sizeof want_name, "%s", entry->d_name);
        if (ends_with(want_name, ".yaml"))
            want_name[strlen(want_name) - 5] = '\0';
        strcat(want_name, ".want");
        load_bad(entry->d_name, &problems);
        got = said(&problems);
        want = read_text(BAD, want_name, &len);
        cr_assert_str_eq(got, want, "%s says:\n%s", entry->d_name, got);
        cr_assert_null(strstr(got, "geheim"), "%s tells a password", entry->d_name);
        cr_assert_null(strstr(got, "hunter2"), "%s tells a password", entry->d_name);
        vd_problems_fini(&problems);
        free(want);
        free(got);
        n++;
    }
    closedir(dir);
    cr_assert_gt(n, 80);
}

Test(load, takes_every_good_file_and_reads_back_what_it_prints)
{
    DIR *dir = opendir(GOOD);
    const struct dirent *entry;
    int n = 0;

    while ((entry = readdir(dir)) != NULL) {
        struct vd_config *cfg = NULL, *again = NULL;
        struct vd_problems problems = {0};
        struct vd_err err = {0};
        char *text, *printed = NULL;
        size_t len;
        FILE *out;

        if (entry->d_name[0] == '.')
            continue;
        text = read_text(GOOD, entry->d_name, &len);
        cr_assert_eq(vd_load_text(&cfg, text, len, &problems, &err), 0, "%s: %s", entry->d_name,
                     err.msg);
        out = open_memstream(&printed, &len);
        vd_print_yaml(&vd_root_keys, cfg, 0, false, 0, out);
        fclose(out);
        cr_assert_eq(vd_load_text(&again, printed, len, &problems, &err), 0, "%s: %s\n%s",
                     entry->d_name, err.msg, printed);
        cr_assert_eq(vd_config_diff(cfg, again, NULL, NULL), 0, "%s\n%s", entry->d_name,
                     printed);
        vd_config_unref(&cfg);
        vd_config_unref(&again);
        vd_problems_fini(&problems);
        free(printed);
        free(text);
        n++;
    }
    closedir(dir);
    cr_assert_gt(n, 7);
}

Test(load, fills_every_field_of_a_camera_and_a_rule)
{
    struct vd_config *cfg = NULL;
    size_t len;
    char *text = read_text(GOOD, "everything.yaml", &len);
    const struct vd_camera_cfg *gate, *dock;
    const struct vd_rule_cfg *rule;

    cr_assert_eq(vd_load_text(&cfg, text, len, NULL, NULL), 0);
    gate = vd_config_camera(cfg, "gate-3");
    dock = vd_config_camera(cfg, "dock");
    rule = vd_config_rule(cfg, "night-gate");
    cr_assert_str_eq(gate->name, "North gate");
    cr_assert_str_eq(cfg->areas[gate->area_index].name, "Nantou");
    cr_assert_eq(cfg->areas[gate->area_index].parent, 1);
    cr_assert_eq(cfg->areas[0].parent, -1);
    cr_assert(!gate->is_enabled);
    cr_assert_eq(gate->transport, VD_CONFIG_TRANSPORT_UDP);
    cr_assert_eq(gate->decode, VD_CONFIG_DECODE_VAAPI);
    cr_assert_eq(gate->evidence, VD_CONFIG_EVIDENCE_OFF);
    cr_assert_eq(gate->priority, 9);
    cr_assert_eq(gate->tags.n, 2);
    cr_assert_float_eq(gate->detect.fps, 2.5f, 1e-6);
    cr_assert_eq(gate->detect.sensitivity, VD_CONFIG_SENSITIVITY_HIGH);
    cr_assert_eq(gate->detect.start.m, 2);
    cr_assert_eq(gate->detect.start.n, 4);
    cr_assert_eq(gate->detect.quiet_us, 1200000);
    cr_assert_float_eq(gate->detect.min_area, 0.0005f, 1e-9);
    cr_assert_eq(gate->n_zones, 2);
    cr_assert_float_eq(gate->zones[0].min_area, 0.003f, 1e-9);
    cr_assert_eq(gate->zones[1].polygon.n_points, 8);
    cr_assert_float_eq(gate->zones[0].min_area_top, 0.0005f, 1e-9);
    cr_assert_eq(gate->zones[0].loiter_us, 90 * 1000000);
    cr_assert_eq(gate->zones[0].n_lines, 2);
    cr_assert_str_eq(gate->zones[0].lines[1].name, "kerb");
    cr_assert_float_eq(gate->zones[0].lines[0].to.y, 0.723456f, 1e-7);
    cr_assert_eq(gate->zones[1].n_lines, 0);
    cr_assert_eq(gate->zones[1].min_area_top, 0);
    cr_assert_eq(gate->zones[1].loiter_us, 0);
    cr_assert(gate->masks[0].is_private);
    cr_assert(!gate->masks[1].is_private);
    cr_assert_str_eq(gate->file, "vedette.yaml");
    cr_assert_null(dock->url);
    cr_assert_str_eq(dock->name, "dock");
    cr_assert_eq(dock->detect.quiet_us, 800000);
    cr_assert_eq(rule->when.kinds, 1u << 0 | 1u << 9);
    cr_assert_eq(rule->when.area_index, 1);
    cr_assert_eq(rule->when.schedule.from_min, 22 * 60);
    cr_assert_eq(rule->when.schedule.to_min, 6 * 60);
    cr_assert_eq(rule->when.schedule.days, 0x70u);
    cr_assert_eq(rule->group_window_us, 90000000);
    cr_assert_eq(rule->group_by, VD_CONFIG_GROUP_AREA);
    cr_assert_eq(rule->resolve, VD_CONFIG_RESOLVE_AUTO);
    cr_assert_eq(vd_config_rule(cfg, "lost")->resolve, VD_CONFIG_RESOLVE_BY_HAND);
    cr_assert_eq(vd_config_rule(cfg, "any")->resolve, VD_CONFIG_RESOLVE_AUTO);
    cr_assert_null(vd_config_rule(cfg, "any")->when.schedule.zone);
    cr_assert_eq(rule->ack_within_us, 90000000);
    cr_assert_eq(rule->resolve_within_us, INT64_C(1800000000));
    cr_assert_eq(rule->cooldown_us, INT64_C(600000000));
    cr_assert_str_eq(rule->asks, "gate-house");
    cr_assert(!rule->has_clip);
    rule = vd_config_rule(cfg, "tailgate");
    cr_assert_eq(rule->when.did, VD_DID_CROSS | VD_DID_LOITER);
    cr_assert_eq(rule->when.direction, VD_DIRECTION_B_TO_A);
    cr_assert_eq(rule->when.count.of, VD_CONFIG_COUNT_CAMERAS);
    cr_assert_float_eq(rule->when.count.share, 0.05f, 1e-9);
    cr_assert_eq(rule->when.count.within_us, 60000000);
    cr_assert_eq(rule->when.schedule.holidays.n, 2);
    cr_assert_eq(rule->when.schedule.on_holidays, VD_CONFIG_HOLIDAYS_WHOLE_DAY);
    cr_assert_eq(rule->after.within_us, 20000000);
    cr_assert_eq(rule->after.cond.kinds, 1u << VD_KIND_INPUT);
    cr_assert(rule->is_suppressing);
    cr_assert_eq(rule->group_level, 2);
    cr_assert_eq(vd_config_rule(cfg, "silent")->when.absent_us, INT64_C(43200000000));
    cr_assert_eq(vd_config_rule(cfg, "silent")->after.within_us, 0);
    cr_assert_eq(cfg->n_calendars, 2);
    cr_assert_str_eq(cfg->calendars[0].dates.items[1], "05-01");
    cr_assert_eq(cfg->retention.media_bytes, INT64_C(1610612736));
    cr_assert_null(vd_config_camera(cfg, "nobody"));
    vd_config_unref(&cfg);
    free(text);
}

Test(load, passes_the_examples_but_for_their_secrets)
{
    static const char *const folders[] = {"shop", "district"};

    for (size_t i = 0; i < 2; i++) {
        struct vd_config *cfg = NULL;
        struct vd_err err = {0};
        char path[600];

        snprintf(path, sizeof path, VD_TEST_DATA "/../../config/examples/%s", folders[i]);
        cr_assert_eq(vd_config_load(&cfg, path, VD_CONFIG_SECRETS_NONE, NULL, &err), 0, "%s",
                     err.msg);
        cr_assert_eq(strlen(cfg->revision), VD_CONFIG_REVISION_LEN);
        vd_config_unref(&cfg);
        cr_assert_eq(vd_config_load(&cfg, path, VD_CONFIG_SECRETS_ALL, NULL, &err), VD_EINVAL);
        cr_assert_not_null(strstr(err.msg, "more: vedette check"), "%s", err.msg);
    }
}

static void put(const struct tmpdir *dir, const char *name, const char *text)
{
    char path[300];

    snprintf(path, sizeof path, "%s/%s", dir->path, name);
    cr_assert_eq(vd_fs_write(path, text, strlen(text), 0644, NULL), 0);
}

static const char one_camera[] = "cameras: [{id: gate, area: a, url: 'rtsp://10.0.0.1/1'}]\n";

static void make_folder(struct tmpdir *dir)
{
    char path[300];

    tmpdir_open(dir);
    snprintf(path, sizeof path, "%s/cameras", dir->path);
    cr_assert_eq(vd_fs_mkdirs(path, 0755, NULL), 0);
    put(dir, "vedette.yaml", "areas: [{code: a, name: A}]\n");
    put(dir, "cameras/gate.yaml", one_camera);
}

Test(load, shows_what_a_change_would_do_before_it_is_made)
{
    struct vd_overlay add = {"cameras/dock.yaml",
                             "cameras: [{id: dock, area: a, pipeline: videotestsrc}]\n", 55};
    struct vd_overlay drop = {"cameras/gate.yaml", NULL, 0};
    struct vd_overlay spoil = {"cameras/gate.yaml", "cameras: [{id: gate}]\n", 22};
    struct vd_config *cfg = NULL;
    struct tmpdir dir;

    make_folder(&dir);
    cr_assert_eq(vd_config_load_with(&cfg, dir.path, &add, 0, NULL, NULL), 0);
    cr_assert_eq(cfg->n_cameras, 2);
    cr_assert_str_eq(cfg->cameras[0].id, "dock");
    cr_assert_str_eq(cfg->cameras[0].file, "cameras/dock.yaml");
    vd_config_unref(&cfg);
    cr_assert_eq(vd_config_load_with(&cfg, dir.path, &drop, 0, NULL, NULL), 0);
    cr_assert_eq(cfg->n_cameras, 0);
    vd_config_unref(&cfg);
    cr_assert_eq(vd_config_load_with(&cfg, dir.path, &spoil, 0, NULL, NULL), VD_EINVAL);
    cr_assert_eq(vd_config_load(&cfg, dir.path, 0, NULL, NULL), 0);
    cr_assert_eq(cfg->n_cameras, 1);
    vd_config_unref(&cfg);
    tmpdir_close(&dir);
}

Test(load, changes_the_revision_with_every_byte_and_only_then)
{
    struct vd_config *first = NULL, *same = NULL, *other = NULL;
    struct tmpdir dir;

    make_folder(&dir);
    cr_assert_eq(vd_config_load(&first, dir.path, 0, NULL, NULL), 0);
    cr_assert_eq(vd_config_load(&same, dir.path, 0, NULL, NULL), 0);
    put(&dir, "vedette.yaml", "areas: [{code: a, name: A}] #\n");
    cr_assert_eq(vd_config_load(&other, dir.path, 0, NULL, NULL), 0);
    cr_assert_str_eq(first->revision, same->revision);
    cr_assert_str_neq(first->revision, other->revision);
    cr_assert_eq(vd_config_diff(first, other, NULL, NULL), 0);
    vd_config_unref(&first);
    vd_config_unref(&same);
    vd_config_unref(&other);
    tmpdir_close(&dir);
}

Test(load, refuses_a_file_of_100_megabytes_without_reading_it)
{
    struct vd_problems problems = {0};
    struct vd_config *cfg = NULL;
    struct tmpdir dir;
    char path[300];

    make_folder(&dir);
    snprintf(path, sizeof path, "%s/cameras/gate.yaml", dir.path);
    cr_assert_eq(truncate(path, 100 << 20), 0);
    cr_assert_eq(vd_config_load(&cfg, dir.path, 0, &problems, NULL), VD_EINVAL);
    cr_assert_eq(problems.n, 1);
    cr_assert_str_eq(problems.items[0].file, "cameras/gate.yaml");
    cr_assert_not_null(strstr(problems.items[0].text, "1 MiB"));
    vd_problems_fini(&problems);
    tmpdir_close(&dir);
}

Test(load, keeps_a_text_of_just_1_MiB_and_refuses_a_byte_more)
{
    size_t len = VD_CONFIG_FILE_MAX;
    char *text = malloc(len + 1);
    struct vd_config *cfg = NULL;

    memset(text, '#', len + 1);
    cr_assert_eq(vd_load_text(&cfg, text, len, NULL, NULL), 0);
    vd_config_unref(&cfg);
    cr_assert_eq(vd_load_text(&cfg, text, len + 1, NULL, NULL), VD_EINVAL);
    free(text);
}

Test(load, says_that_a_folder_is_not_there)
{
    struct vd_config *cfg = NULL;
    struct vd_err err = {0};

    cr_assert_eq(vd_config_load(&cfg, "/nonexistent/vedette", 0, NULL, &err), VD_EIO);
    cr_assert_str_eq(err.msg,
                     "configuration folder '/nonexistent/vedette': No such file or directory");
}

Test(load, reads_one_camera_file_without_its_folder)
{
    struct vd_config *cfg = NULL;
    struct tmpdir dir;
    char path[300];

    make_folder(&dir);
    snprintf(path, sizeof path, "%s/cameras/gate.yaml", dir.path);
    cr_assert_eq(vd_config_load_cameras(&cfg, path, NULL, NULL), 0);
    cr_assert_eq(cfg->n_cameras, 1);
    cr_assert_eq(cfg->cameras[0].area_index, -1);
    vd_config_unref(&cfg);
    tmpdir_close(&dir);
}

/* A limit is a number that a test knows. */
Test(load, takes_1024_rules_and_says_so_at_one_more)
{
    for (int n = VD_CONFIG_RULES_MAX; n <= VD_CONFIG_RULES_MAX + 1; n++) {
        struct vd_problems problems = {0};
        struct vd_config *cfg = NULL;
        char *text = NULL;
        size_t len;
        FILE *out = open_memstream(&text, &len);

        fputs("rules:\n", out);
        for (int i = 0; i < n; i++)
            fprintf(out, "- {id: r%d, when: {}, severity: red, action: Look.}\n", i);
        fclose(out);
        cr_assert_eq(vd_load_text(&cfg, text, len, &problems, NULL),
                     n > VD_CONFIG_RULES_MAX ? VD_EINVAL : 0);
        if (n > VD_CONFIG_RULES_MAX)
            cr_assert_str_eq(problems.items[0].text, "1025 rules, 1024 at most");
        vd_config_unref(&cfg);
        vd_problems_fini(&problems);
        free(text);
    }
}
