/* Root reads everything; the workers do not. What a check by root would miss is said here. */
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/cli/cli.h"
#include "config/secret.h"

#define WORKER "vedette-ingest"

bool vd_cli_worker(uid_t *ret_uid, gid_t *ret_gid)
{
    const struct passwd *user = geteuid() == 0 ? getpwnam(WORKER) : NULL;

    if (user == NULL)
        return false;
    *ret_uid = user->pw_uid;
    *ret_gid = user->pw_gid;
    return true;
}

/* Whether mode, owner and group let the user in; its further groups are looked up once. */
static bool can_read(const struct stat *st, uid_t uid, const gid_t *groups, int n)
{
    if (st->st_uid == uid)
        return (st->st_mode & S_IRUSR) != 0;
    for (int i = 0; i < n; i++)
        if (groups[i] == st->st_gid)
            return (st->st_mode & S_IRGRP) != 0;
    return false; /* what others may read is refused anyway */
}

void vd_cli_note_unreadable(const char *folder, const struct vd_config *cfg)
{
    gid_t gid, groups[64];
    int n = 64;
    uid_t uid;

    if (!vd_cli_worker(&uid, &gid) || getgrouplist(WORKER, gid, groups, &n) < 0)
        return;
    for (int i = 0; i < cfg->n_cameras; i++) {
        const struct vd_camera_cfg *camera = &cfg->cameras[i];
        char path[VD_CONFIG_PATH_MAX * 2];
        struct stat st;

        if (camera->password_file != NULL &&
            vd_secret_path(cfg->folder, camera->password_file, path, sizeof path, NULL) == 0 &&
            stat(path, &st) == 0 && !can_read(&st, uid, groups, n))
            fprintf(stderr,
                    "%s/%s:%d:1: note: the user " WORKER " cannot read the password file of "
                    "camera '%s'; chown " WORKER " and chmod 600 it\n",
                    folder, camera->file, camera->line, camera->id);
    }
}
