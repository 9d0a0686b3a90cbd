/* vedette camera remove: a camera's file is set aside, never destroyed. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "config/cli/cli.h"

/* A file with several cameras is edited by people: their comments are worth more than a verb.
 */
static int judge(const struct vd_config *cfg, const struct vd_camera_cfg *camera)
{
    if (strncmp(camera->file, "cameras/", 8) != 0)
        return vd_cli_fail(VD_CLI_FAILED,
                           "camera '%s' stands in %s line %d; delete its lines there, then run "
                           "'vedette check'",
                           camera->id, camera->file, camera->line);
    for (int i = 0; i < cfg->n_cameras; i++) {
        const struct vd_camera_cfg *other = &cfg->cameras[i];

        if (other != camera && strcmp(other->file, camera->file) == 0)
            return vd_cli_fail(VD_CLI_FAILED,
                               "camera '%s' shares %s with '%s'; delete its lines, from %d on, "
                               "then run 'vedette check'",
                               camera->id, camera->file, other->id, camera->line);
    }
    return 0;
}

static int set_aside(const char *folder, const struct vd_camera_cfg *camera)
{
    char from[VD_PATH_MAX], to[VD_PATH_MAX];
    struct vd_err err = {0};

    if (vd_fs_join(from, sizeof from, folder, camera->file, &err) < 0)
        return vd_cli_fail(VD_CLI_FAILED, "%s", err.msg);
    if (snprintf(to, sizeof to, "%s.removed", from) >= (int)sizeof to)
        return vd_cli_fail(VD_CLI_FAILED, "the path of '%s' is too long", camera->file);
    if (rename(from, to) != 0)
        return vd_cli_fail(VD_CLI_FAILED, "'%s': %s", from, strerror(errno));
    printf("removed camera '%s'; its settings are kept in %s\n", camera->id, to);
    return 0;
}

static int remove_camera(const char *folder, const char *id)
{
    struct vd_config *cfg = NULL, *without = NULL;
    struct vd_overlay over = {0};
    const struct vd_camera_cfg *camera;
    int rc = vd_cli_load(&cfg, folder, NULL, VD_CONFIG_SECRETS_NONE);

    if (rc != 0)
        return rc;
    camera = vd_config_camera(cfg, id);
    rc = camera != NULL ? judge(cfg, camera)
                        : vd_cli_fail(VD_CLI_FAILED,
                                      "there is no camera '%s'; 'vedette camera "
                                      "list' lists them",
                                      id);
    if (rc == 0) {
        over.path = camera->file;
        rc = vd_cli_load(&without, folder, &over, VD_CONFIG_SECRETS_NONE);
        if (rc != 0)
            vd_cli_fail(rc, "camera '%s' is still needed, as said above; nothing was removed",
                        id);
    }
    if (rc == 0)
        rc = set_aside(folder, camera);
    vd_config_unref(&without);
    vd_config_unref(&cfg);
    return rc;
}

int vd_cli_camera_remove(int argc, char **argv)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"state", required_argument, NULL, 's'},
                                            {NULL, 0, NULL, 0}};
    const char *config = NULL, *state = NULL;
    char folder[VD_CONFIG_PATH_MAX];
    int option, rc;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'c')
            config = optarg;
        else if (option == 's')
            state = optarg;
        else
            return VD_CLI_USAGE;
    }
    if (optind + 1 != argc)
        return vd_cli_fail(VD_CLI_USAGE, "camera remove: give one id");
    rc = vd_cli_folder(config, state, folder);
    return rc != 0 ? rc : remove_camera(folder, argv[optind]);
}
