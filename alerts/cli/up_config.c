/* alerts/cli/up_config.c: the configuration looked at before anything starts, through the eyes
 * of each process that will read it: a folder that one of them would refuse is refused here,
 * with every problem printed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alerts/cli/up.h"
#include "base/str.h"
#include "config/problems.h"

static const struct {
    enum up_user user;
    unsigned secrets;
} readers[] = {
    {UP_USER_PG, VD_CONFIG_SECRETS_DB_OWNER},
    {UP_USER_ROUTER, VD_CONFIG_SECRETS_DB_ROUTER},
    {UP_USER_CONSOLE, VD_CONFIG_SECRETS_DB_CONSOLE | VD_CONFIG_SECRETS_CONSOLE},
    {UP_USER_INGEST, VD_CONFIG_SECRETS_CAMERAS},
};

static int load(const char *folder, unsigned secrets, struct vd_config **ret_cfg,
                struct vd_err *err)
{
    struct vd_problems problems = {0};
    int rc = vd_config_load(ret_cfg, folder, secrets, &problems, err);

    if (rc < 0 && vd_problems_count(&problems) > 0) {
        vd_problems_print(&problems, folder, stderr);
        (void)vd_err_set(err, VD_EINVAL, "%d problems in the configuration, see above",
                         vd_problems_count(&problems));
    }
    vd_problems_fini(&problems);
    return rc;
}

/* In a forked child: as that user, with its secrets. */
static int look_as(const struct up_ids *ids, const char *folder, unsigned secrets)
{
    struct vd_config *cfg = NULL;
    struct vd_err err = {0};
    int rc = up_users_become(ids, &err);

    if (rc >= 0)
        rc = load(folder, secrets, &cfg, &err);
    if (rc < 0)
        fprintf(stderr, "vedette: as user '%s': %s\n", ids->name, err.msg);
    vd_config_unref(&cfg);
    return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int look_through(const struct up *up, size_t i, struct vd_err *err)
{
    const struct up_ids *ids = &up->ids[readers[i].user];
    pid_t pid = fork();
    int status = 0;

    if (pid < 0)
        return vd_err_set(err, VD_EIO, "fork: %s", strerror(errno));
    if (pid == 0)
        _exit(look_as(ids, up->config, readers[i].secrets));
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return vd_err_set(err, VD_EIO, "wait: %s", strerror(errno));
    if (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_SUCCESS)
        return vd_err_set(err, VD_EINVAL,
                          "the configuration does not serve user '%s', see above; a secret "
                          "belongs to who reads it: chown %s FILE && chmod 600 FILE",
                          ids->name, ids->name);
    return 0;
}

int up_config_load(struct up *up, struct vd_err *err)
{
    unsigned secrets = up->drops ? VD_CONFIG_SECRETS_NONE : VD_CONFIG_SECRETS_ALL;
    int rc, written = 0;

    (void)vd_str_copy(up->config, sizeof up->config, up->opts.config);
    if (up->config[0] == '\0') {
        up_state_path(up->opts.state, "config", up->config);
        written = up_demo_write(up->config,
                                up->opts.listen != NULL ? up->opts.listen : "127.0.0.1:8080",
                                up->ids[UP_USER_PG].gid, err);
        if (written < 0)
            return written;
    }
    up_say("configuration: %s%s", up->config,
           written > 0 ? " (written now: six simulated cameras)" : "");
    if ((rc = load(up->config, secrets, &up->cfg, err)) < 0)
        return rc;
    for (size_t i = 0; up->drops && i < sizeof readers / sizeof readers[0]; i++)
        if ((rc = up_users_reach(&up->ids[readers[i].user], up->config, err)) < 0 ||
            (rc = look_through(up, i, err)) < 0)
            return rc;
    return 0;
}
