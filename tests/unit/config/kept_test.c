/* What passed last serves while the folder does not, and nothing else does. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/crypto.h"
#include "base/fs.h"
#include "config/kept.h"
#include "config/problems.h"
#include "tests/support/tmpdir.h"

static const char SYSTEM[] = "areas:\n  - {code: a, name: A}\n";
static const char CAMERAS[] = "cameras:\n  - {id: dock, area: a, url: \"rtsp://x/1\", user: u, "
                              "password_file: secrets/p}\n";
static const char PASSWORD[] = "correct horse";

struct place {
    struct tmpdir dir;
    char folder[128], kept[128];
};

static void write_file(const struct place *p, const char *name, const char *text)
{
    char path[300];

    snprintf(path, sizeof path, "%s/%s", p->folder, name);
    cr_assert_eq(vd_fs_write(path, text, strlen(text), 0600, NULL), 0);
}

static void place_open(struct place *p)
{
    char path[300];

    tmpdir_open(&p->dir);
    snprintf(p->folder, sizeof p->folder, "%s/c", p->dir.path);
    snprintf(p->kept, sizeof p->kept, "%s/s/kept", p->dir.path);
    for (int i = 0; i < 3; i++) {
        static const char *const parts[] = {"", "cameras", "secrets"};

        snprintf(path, sizeof path, "%s/%s", p->folder, parts[i]);
        cr_assert_eq(vd_fs_mkdirs(path, 0700, NULL), 0);
    }
    write_file(p, "vedette.yaml", SYSTEM);
    write_file(p, "cameras/all.yaml", CAMERAS);
    write_file(p, "secrets/p", PASSWORD);
}

static int start(const struct place *p, struct vd_config **ret_cfg, struct vd_err *err)
{
    return vd_config_start(ret_cfg, p->folder, VD_CONFIG_SECRETS_CAMERAS, p->kept, NULL, err);
}

/* Starts, keeps, and leaves the revision. */
static void keep(const struct place *p, char revision[VD_CONFIG_REVISION_LEN + 1])
{
    struct vd_config *cfg = NULL;
    struct vd_err err = {0};

    cr_assert_eq(start(p, &cfg, &err), 0, "%s", err.msg);
    cr_assert_eq(vd_config_keep(cfg, p->kept, &err), 0, "%s", err.msg);
    memcpy(revision, cfg->revision, VD_CONFIG_REVISION_LEN + 1);
    vd_config_unref(&cfg);
}

Test(kept, serves_while_the_folder_is_bad_and_says_where)
{
    char revision[VD_CONFIG_REVISION_LEN + 1];
    struct vd_problems problems = {0};
    struct vd_config *cfg = NULL;
    struct vd_err err = {0};
    struct place p;

    place_open(&p);
    keep(&p, revision);
    write_file(&p, "cameras/all.yaml", "cameras:\n  - {id: dock, aera: a}\n");
    cr_assert_eq(
        vd_config_start(&cfg, p.folder, VD_CONFIG_SECRETS_CAMERAS, p.kept, &problems, &err), 1);
    cr_assert_str_eq(cfg->revision, revision);
    cr_assert_not_null(vd_config_camera(cfg, "dock"));
    cr_assert_str_eq(vd_config_camera(cfg, "dock")->file, "cameras/all.yaml");
    cr_assert_neq(vd_config_camera(cfg, "dock")->secret_stamp, 0);
    cr_assert_eq(strncmp(err.msg, "cameras/all.yaml:2:5: ", 22), 0, "%s", err.msg);
    cr_assert_geq(vd_problems_count(&problems), 1);
    vd_problems_fini(&problems);
    vd_config_unref(&cfg);
    tmpdir_close(&p.dir);
}

Test(kept, gives_way_to_the_folder_once_that_passes)
{
    char revision[VD_CONFIG_REVISION_LEN + 1];
    struct vd_config *cfg = NULL;
    struct vd_err err = {0};
    struct place p;

    place_open(&p);
    keep(&p, revision);
    write_file(&p, "cameras/all.yaml", "cameras: []\n");
    cr_assert_eq(start(&p, &cfg, &err), 0, "%s", err.msg);
    cr_assert_eq(cfg->n_cameras, 0);
    cr_assert_str_neq(cfg->revision, revision);
    vd_config_unref(&cfg);
    tmpdir_close(&p.dir);
}

Test(kept, holds_no_secret_and_is_its_owners_alone)
{
    char revision[VD_CONFIG_REVISION_LEN + 1], *data = NULL;
    struct place p;
    struct stat st;
    size_t len;

    place_open(&p);
    keep(&p, revision);
    cr_assert_eq(stat(p.kept, &st), 0);
    cr_assert_eq(st.st_mode & 0777, 0600);
    cr_assert_eq(vd_fs_read(p.kept, VD_KEPT_MAX, &data, &len, NULL), 0);
    cr_assert_not_null(memmem(data, len, "secrets/p", 9));
    cr_assert_null(memmem(data, len, PASSWORD, strlen(PASSWORD)));
    free(data);
    tmpdir_close(&p.dir);
}

Test(kept, outlives_the_folder_and_its_secrets)
{
    char revision[VD_CONFIG_REVISION_LEN + 1], path[300];
    struct vd_config *cfg = NULL;
    struct vd_err err = {0};
    struct place p;

    place_open(&p);
    keep(&p, revision);
    snprintf(path, sizeof path, "%s/secrets/p", p.folder);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(start(&p, &cfg, &err), 1);
    cr_assert_not_null(strstr(err.msg, "password_file"), "%s", err.msg);
    cr_assert_eq(vd_config_camera(cfg, "dock")->secret_stamp, 0);
    vd_config_unref(&cfg);

    snprintf(path, sizeof path, "%s.gone", p.folder);
    cr_assert_eq(rename(p.folder, path), 0);
    cr_assert_eq(start(&p, &cfg, &err), 1);
    cr_assert_str_eq(cfg->revision, revision);
    cr_assert_str_eq(cfg->folder, p.folder);
    vd_config_unref(&cfg);
    tmpdir_close(&p.dir);
}

Test(kept, of_nothing_or_of_another_folder_serves_nobody)
{
    char revision[VD_CONFIG_REVISION_LEN + 1], path[300];
    struct vd_config *cfg = NULL;
    struct vd_err err = {0};
    struct place p;

    place_open(&p);
    write_file(&p, "rules", "a file in the place of a folder");
    cr_assert_eq(start(&p, &cfg, &err), VD_EINVAL);
    cr_assert_null(strstr(err.msg, "kept"), "%s", err.msg);
    snprintf(path, sizeof path, "%s/rules", p.folder);
    cr_assert_eq(unlink(path), 0);
    keep(&p, revision);

    snprintf(path, sizeof path, "%s.new", p.folder);
    cr_assert_eq(rename(p.folder, path), 0);
    snprintf(p.folder, sizeof p.folder, "%.120s.new", p.dir.path);
    cr_assert_eq(start(&p, &cfg, &err), VD_EIO);
    cr_assert_not_null(strstr(err.msg, "it is of the folder"), "%s", err.msg);
    cr_assert_null(cfg);
    tmpdir_close(&p.dir);
}

Test(kept, of_a_folder_serves_whatever_way_it_is_named)
{
    char revision[VD_CONFIG_REVISION_LEN + 1], link[300];
    struct vd_config *cfg = NULL;
    struct vd_err err = {0};
    struct place p;

    place_open(&p);
    keep(&p, revision);
    write_file(&p, "vedette.yaml", "nonsense: 1\n");
    snprintf(link, sizeof link, "%s/link", p.dir.path);
    cr_assert_eq(symlink(p.folder, link), 0);
    snprintf(p.folder, sizeof p.folder, "%.100s/link/", p.dir.path);
    cr_assert_eq(start(&p, &cfg, &err), 1, "%s", err.msg);
    cr_assert_str_eq(cfg->revision, revision);
    vd_config_unref(&cfg);
    tmpdir_close(&p.dir);
}

Test(kept, damaged_anywhere_is_refused)
{
    char revision[VD_CONFIG_REVISION_LEN + 1], *data = NULL;
    struct vd_config *cfg = NULL;
    struct vd_err err = {0};
    struct place p;
    size_t len;

    place_open(&p);
    keep(&p, revision);
    write_file(&p, "vedette.yaml", "nonsense: 1\n");
    cr_assert_eq(vd_fs_read(p.kept, VD_KEPT_MAX, &data, &len, NULL), 0);
    for (size_t i = 0; i < 2 * len; i++) { /* each byte spoilt, then each length cut */
        FILE *out = fopen(p.kept, "wb");

        if (i < len)
            data[i] ^= 1;
        cr_assert_eq(fwrite(data, 1, i < len ? len : i - len, out), i < len ? len : i - len);
        if (i < len)
            data[i] ^= 1;
        cr_assert_eq(fclose(out), 0);
        cr_assert_eq(start(&p, &cfg, &err), VD_EINVAL, "%zu of %zu", i, len);
        cr_assert_not_null(strstr(err.msg, "what was kept does not serve"), "%s", err.msg);
    }
    free(data);
    tmpdir_close(&p.dir);
}
