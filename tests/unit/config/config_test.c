/* Snapshots: shared, compared, and the secrets and changes beside them. */
#include <criterion/criterion.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/crypto.h"
#include "base/fs.h"
#include "config/load.h"
#include "config/secret.h"
#include "config/watch.h"
#include "tests/support/tmpdir.h"

static struct vd_config *load_text(const char *text)
{
    struct vd_config *cfg = NULL;
    struct vd_err err = {0};

    cr_assert_eq(vd_load_text(&cfg, text, strlen(text), NULL, &err), 0, "%s", err.msg);
    return cfg;
}

static void note(void *self, const struct vd_camera_cfg *was, const struct vd_camera_cfg *now)
{
    char *log = self;
    size_t len = strlen(log);

    snprintf(log + len, 200 - len, "%s%s ",
             was == NULL   ? "+"
             : now == NULL ? "-"
                           : "*",
             was != NULL ? was->id : now->id);
}

#define AREAS         "areas: [{code: a, name: A}, {code: b, name: B}]\n"
#define CAM(id, rest) "- {id: " id ", area: a, url: 'rtsp://10.0.0.1/1'" rest "}\n"

static const struct {
    const char *was, *now, *cameras;
    unsigned bits;
} diffs[] = {
    {"", "", "", 0},
    {AREAS "cameras:\n" CAM("a", "") CAM("c", ""), AREAS "cameras:\n" CAM("b", "") CAM("c", ""),
     "-a +b ", VD_CONFIG_CHANGED_CAMERAS},
    {AREAS "cameras:\n" CAM("a", "") CAM("b", ""),
     "# moved\n" AREAS "cameras:\n" CAM("b", "") CAM("a", ""), "", 0},
    {AREAS "cameras:\n" CAM("a", "") CAM("b", "") CAM("c", ""),
     AREAS "cameras:\n" CAM("a", "") CAM("b", ", detect: {fps: 4}") CAM("c", ""), "*b ",
     VD_CONFIG_CHANGED_CAMERAS},
    {AREAS "cameras:\n" CAM("a", ", zones: [{name: z, polygon: [[0,0],[1,0],[1,1]]}]"),
     AREAS "cameras:\n" CAM("a", ", zones: [{name: z, polygon: [[0,0],[1,0],[1,0.99]]}]"),
     "*a ", VD_CONFIG_CHANGED_CAMERAS},
    {AREAS "cameras:\n" CAM("a", ", tags: [x]"), AREAS "cameras:\n" CAM("a", ", tags: [x, y]"),
     "*a ", VD_CONFIG_CHANGED_CAMERAS},
    {AREAS "cameras:\n" CAM("a", ""),
     "areas: [{code: a, name: AA}, {code: b, name: B}]\n"
     "cameras:\n" CAM("a", ""),
     "", VD_CONFIG_CHANGED_AREAS},
    {"", "rules: [{id: r, when: {}, severity: red, action: Look.}]\n", "",
     VD_CONFIG_CHANGED_RULES},
    {"rules: [{id: r, when: {kind: lost}, severity: red, action: Look.}]\n",
     "rules: [{id: r, when: {kind: dark}, severity: red, action: Look.}]\n", "",
     VD_CONFIG_CHANGED_RULES},
    {"", "ingest: {backoff_min: 2s}\n", "", VD_CONFIG_CHANGED_SYSTEM},
    {"", "ingest: {backoff_min: 1000ms}\n", "", 0},
    {"", "ingest: {workers: 3}\n", "", VD_CONFIG_CHANGED_SYSTEM | VD_CONFIG_CHANGED_RESTART},
    {"", "console: {tls: {generate: true}}\n", "",
     VD_CONFIG_CHANGED_SYSTEM | VD_CONFIG_CHANGED_RESTART},
    {"", "database: {url: 'postgresql://db/v'}\n", "",
     VD_CONFIG_CHANGED_SYSTEM | VD_CONFIG_CHANGED_RESTART},
};

Test(config, a_diff_names_what_changed_and_nothing_else)
{
    for (size_t i = 0; i < sizeof diffs / sizeof diffs[0]; i++) {
        struct vd_config *was = load_text(diffs[i].was), *now = load_text(diffs[i].now);
        char cameras[200] = "";

        cr_assert_eq(vd_config_diff(was, now, note, cameras), diffs[i].bits, "case %zu", i);
        cr_assert_str_eq(cameras, diffs[i].cameras, "case %zu", i);
        cr_assert_eq(vd_config_diff(now, now, NULL, NULL), 0);
        vd_config_unref(&was);
        vd_config_unref(&now);
    }
}

Test(config, a_snapshot_lives_until_the_last_reference)
{
    struct vd_config *cfg = load_text(AREAS), *other = vd_config_ref(cfg), *none = NULL;

    vd_config_unref(&cfg);
    cr_assert_null(cfg);
    cr_assert_str_eq(other->areas[1].name, "B");
    vd_config_unref(&other);
    vd_config_unref(&none);
}

static void put(const char *path, const char *text, size_t len, mode_t mode)
{
    cr_assert_eq(vd_fs_write(path, text, len, mode, NULL), 0, "%s", path);
}

static const struct {
    const char *bytes;
    size_t len;
    mode_t mode;
    const char *secret; /* NULL: refused */
} secrets[] = {
    {"a@b:c/d#e?f%41 g\\h\"i'j", 22, 0600, "a@b:c/d#e?f%41 g\\h\"i'j"},
    {"word\n", 5, 0600, "word"},
    {"word\r\n", 6, 0640, "word"},
    {"word\n\n", 6, 0600, NULL},
    {" word ", 6, 0600, " word "},
    {"\xe5\x8c\x97\n", 4, 0600, "\xe5\x8c\x97"},
    {"word", 4, 0644, NULL},
    {"word", 4, 0604, NULL},
    {"", 0, 0600, NULL},
    {"\n", 1, 0600, NULL},
    {"two\nlines", 9, 0600, NULL},
    {"a\0b", 3, 0600, NULL},
};

Test(config, a_secret_is_the_line_of_its_file)
{
    struct tmpdir dir;

    cr_assert_eq(vd_crypto_init(NULL), 0);
    tmpdir_open(&dir);
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        const char *path = tmpdir_file(&dir, "secret");
        struct vd_secret secret = {0};
        struct vd_err err = {0};
        int rc;

        put(path, secrets[i].bytes, secrets[i].len, secrets[i].mode);
        rc = vd_config_secret(NULL, path, &secret, &err);
        cr_assert_eq(rc == 0, secrets[i].secret != NULL, "case %zu: %s", i, err.msg);
        cr_assert_eq(vd_secret_check(path, NULL, NULL), rc);
        cr_assert_null(strstr(err.msg, "word"), "%s", err.msg);
        if (rc == 0)
            cr_assert_str_eq(secret.text, secrets[i].secret, "case %zu", i);
        vd_secret_fini(&secret);
        cr_assert_null(secret.text);
        vd_secret_fini(&secret);
    }
    tmpdir_close(&dir);
}

Test(config, a_secret_too_long_or_of_another_kind_is_refused)
{
    struct vd_secret secret = {0};
    char text[VD_SECRET_MAX + 1];
    struct tmpdir dir;

    cr_assert_eq(vd_crypto_init(NULL), 0);
    tmpdir_open(&dir);
    memset(text, 'x', sizeof text);
    put(tmpdir_file(&dir, "long"), text, sizeof text, 0600);
    put(tmpdir_file(&dir, "just"), text, VD_SECRET_MAX - 1, 0600);
    cr_assert_eq(mkfifo(tmpdir_file(&dir, "fifo"), 0600), 0);
    cr_assert_eq(vd_config_secret(NULL, tmpdir_file(&dir, "long"), &secret, NULL), VD_EINVAL);
    cr_assert_eq(vd_config_secret(NULL, tmpdir_file(&dir, "fifo"), &secret, NULL), VD_EINVAL);
    cr_assert_eq(vd_config_secret(NULL, dir.path, &secret, NULL), VD_EINVAL);
    cr_assert_eq(vd_config_secret(NULL, tmpdir_file(&dir, "none"), &secret, NULL), VD_EIO);
    cr_assert_eq(vd_config_secret(NULL, tmpdir_file(&dir, "just"), &secret, NULL), 0);
    cr_assert_eq(secret.len, VD_SECRET_MAX - 1);
    vd_secret_fini(&secret);
    tmpdir_close(&dir);
}

#define WITH_SECRET                                                                            \
    "areas: [{code: a, name: A}]\ncameras: [{id: gate, area: a, url: 'rtsp://10.0.0.1/1', "    \
    "user: u, password_file: secrets/gate}]\n"

Test(config, a_new_password_changes_its_camera_and_only_its_reader_looks_at_it)
{
    struct vd_config *was = NULL, *now = NULL;
    struct vd_secret secret = {0};
    char cameras[200] = "";
    struct vd_err err = {0};
    struct tmpdir dir;

    cr_assert_eq(vd_crypto_init(NULL), 0);
    tmpdir_open(&dir);
    put(tmpdir_file(&dir, "vedette.yaml"), WITH_SECRET, strlen(WITH_SECRET), 0644);
    cr_assert_eq(vd_config_load(&was, dir.path, VD_CONFIG_SECRETS_CONSOLE, NULL, NULL), 0);
    vd_config_unref(&was);
    cr_assert_eq(vd_config_load(&was, dir.path, VD_CONFIG_SECRETS_CAMERAS, NULL, &err),
                 VD_EINVAL);
    cr_assert_str_eq(err.msg, "vedette.yaml:2:81: password_file: there is no such file; make "
                              "it, with the secret in it and nothing else");
    cr_assert_eq(vd_fs_mkdirs(tmpdir_file(&dir, "secrets"), 0700, NULL), 0);
    put(tmpdir_file(&dir, "secrets/gate"), "one\n", 4, 0600);
    cr_assert_eq(vd_config_load(&was, dir.path, VD_CONFIG_SECRETS_CAMERAS, NULL, NULL), 0);
    cr_assert_eq(vd_config_secret(was, was->cameras[0].password_file, &secret, NULL), 0);
    cr_assert_str_eq(secret.text, "one");
    vd_secret_fini(&secret);
    put(tmpdir_file(&dir, "secrets/gate"), "two\n", 4, 0600);
    cr_assert_eq(vd_config_load(&now, dir.path, VD_CONFIG_SECRETS_CAMERAS, NULL, NULL), 0);
    cr_assert_eq(vd_config_diff(was, now, note, cameras), VD_CONFIG_CHANGED_CAMERAS);
    cr_assert_str_eq(cameras, "*gate ");
    cr_assert_str_eq(was->revision, now->revision);
    vd_config_unref(&was);
    vd_config_unref(&now);
    tmpdir_close(&dir);
}

enum { SETTLE_US = 20 * 1000 };

/* Waits until the watch tells of a change; false after timeout_ms without one. */
static bool told(struct vd_watch *watch, int timeout_ms)
{
    struct pollfd fd = {.fd = vd_watch_fd(watch), .events = POLLIN};

    while (poll(&fd, 1, timeout_ms) > 0)
        if (vd_watch_take(watch))
            return true;
    return false;
}

Test(config, a_watch_tells_of_each_change_once_it_has_settled)
{
    struct vd_watch *watch = NULL;
    struct tmpdir dir;

    tmpdir_open(&dir);
    put(tmpdir_file(&dir, "vedette.yaml"), "", 0, 0644);
    cr_assert_eq(vd_watch_open(&watch, dir.path, SETTLE_US, NULL), 0);
    cr_assert(!told(watch, 60));
    put(tmpdir_file(&dir, "vedette.yaml"), "#", 1, 0644);
    cr_assert(told(watch, 2000));
    cr_assert(!told(watch, 60), "told twice");

    /* a folder that comes later is watched from then on, and so is what is in it */
    cr_assert_eq(vd_fs_mkdirs(tmpdir_file(&dir, "cameras"), 0755, NULL), 0);
    cr_assert(told(watch, 2000));
    for (int i = 0; i < 50; i++)
        put(tmpdir_file(&dir, "cameras/gate.yaml"), "#", 1, 0644);
    cr_assert(told(watch, 2000));
    cr_assert(!told(watch, 60));
    cr_assert_eq(unlink(tmpdir_file(&dir, "cameras/gate.yaml")), 0);
    cr_assert(told(watch, 2000));

    /* an editor's files beside it are no change, a read is none either */
    put(tmpdir_file(&dir, ".vedette.yaml.swp"), "#", 1, 0644);
    cr_assert(!told(watch, 60));
    vd_watch_close(&watch);
    vd_watch_close(&watch);
    tmpdir_close(&dir);
}

Test(config, a_watch_outlives_a_folder_that_is_replaced)
{
    struct vd_watch *watch = NULL;
    struct tmpdir dir;
    char folder[256];

    tmpdir_open(&dir);
    snprintf(folder, sizeof folder, "%s", tmpdir_file(&dir, "now"));
    cr_assert_eq(vd_fs_mkdirs(folder, 0755, NULL), 0);
    cr_assert_eq(vd_watch_open(&watch, folder, SETTLE_US, NULL), 0);
    cr_assert_eq(rename(folder, tmpdir_file(&dir, "old")), 0);
    cr_assert(told(watch, 2000));
    cr_assert_eq(vd_fs_mkdirs(folder, 0755, NULL), 0);
    cr_assert(told(watch, 3000), "the folder came back");
    put(tmpdir_file(&dir, "now/vedette.yaml"), "#", 1, 0644);
    cr_assert(told(watch, 3000));
    vd_watch_close(&watch);
    tmpdir_close(&dir);
}

Test(config, a_watch_follows_a_link_that_comes_to_point_elsewhere)
{
    struct vd_watch *watch = NULL;
    struct tmpdir dir;

    tmpdir_open(&dir);
    cr_assert_eq(vd_fs_mkdirs(tmpdir_file(&dir, "one"), 0755, NULL), 0);
    cr_assert_eq(vd_fs_mkdirs(tmpdir_file(&dir, "two"), 0755, NULL), 0);
    cr_assert_eq(symlink("one", tmpdir_file(&dir, "now")), 0);
    cr_assert_eq(vd_watch_open(&watch, tmpdir_file(&dir, "now/"), SETTLE_US, NULL), 0);
    put(tmpdir_file(&dir, "neighbour"), "#", 1, 0644);
    cr_assert(!told(watch, 60), "a neighbour is no business of ours");
    cr_assert_eq(symlink("two", tmpdir_file(&dir, "next")), 0);
    cr_assert_eq(rename(tmpdir_file(&dir, "next"), tmpdir_file(&dir, "now")), 0);
    cr_assert(told(watch, 2000));
    put(tmpdir_file(&dir, "two/vedette.yaml"), "#", 1, 0644);
    cr_assert(told(watch, 2000), "the new folder is watched");
    vd_watch_close(&watch);
    tmpdir_close(&dir);
}

Test(config, a_watch_on_nothing_tells_when_it_comes)
{
    struct vd_watch *watch = NULL;
    struct tmpdir dir;
    char folder[300];

    tmpdir_open(&dir);
    snprintf(folder, sizeof folder, "%s", tmpdir_file(&dir, "later"));
    cr_assert_eq(vd_watch_open(&watch, folder, SETTLE_US, NULL), 0);
    cr_assert(!told(watch, 60));
    cr_assert_eq(mkdir(folder, 0700), 0);
    cr_assert(told(watch, 3000));
    vd_watch_close(&watch);
    tmpdir_close(&dir);
}
