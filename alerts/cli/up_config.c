/* alerts/cli/up_config.c: the configuration looked at before anything starts, through the eyes
 * of each process that will read it: a folder that one of them would refuse is refused here,
 * with every problem printed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alerts/cli/place.h"
#include "alerts/cli/up.h"
#include "base/str.h"
#include "config/kept.h"
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

/* As vd_config_start(); kept NULL: only the folder will do. Prints every problem. */
static int load(const char *folder, unsigned secrets, const char *kept,
                struct vd_config **ret_cfg, struct vd_err *err)
{
    struct vd_problems problems = {0};
    int rc = kept != NULL ? vd_config_start(ret_cfg, folder, secrets, kept, &problems, err)
                          : vd_config_load(ret_cfg, folder, secrets, &problems, err);

    vd_problems_print(&problems, folder, stderr);
    if (rc < 0 && vd_problems_count(&problems) > 0)
        (void)vd_err_set(err, VD_EINVAL, "%d problems in the configuration, see above",
                         vd_problems_count(&problems));
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
        rc = load(folder, secrets, NULL, &cfg, &err);
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

/* The folder passes for every user that will read it. */
static int look_as_all(const struct up *up, struct vd_err *err)
{
    int rc = 0;

    for (size_t i = 0; up->drops && rc >= 0 && i < sizeof readers / sizeof readers[0]; i++) {
        rc = up_users_reach(&up->ids[readers[i].user], up->config, err);
        if (rc >= 0)
            rc = look_through(up, i, err);
    }
    return rc;
}

/* The demonstration's folder, made now unless it is there. */
static int find_folder(struct up *up, struct vd_err *err)
{
    int written = 0;

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
    return 0;
}

int up_config_load(struct up *up, struct vd_err *err)
{
    unsigned secrets = up->drops ? VD_CONFIG_SECRETS_NONE : VD_CONFIG_SECRETS_ALL;
    struct vd_err why = {0};
    char kept[VD_PATH_MAX];
    bool is_refused;
    int rc = find_folder(up, err);

    if (rc < 0)
        return rc;
    up_state_path(up->opts.state, CLI_KEPT, kept);
    if ((rc = load(up->config, secrets, kept, &up->cfg, &why)) < 0)
        return vd_err_set(err, rc, "%s", why.msg);
    is_refused = rc > 0;
    if (!is_refused && (rc = look_as_all(up, &why)) < 0) {
        if (access(kept, F_OK) != 0)
            return vd_err_set(err, rc, "%s", why.msg);
        fprintf(stderr, "vedette: %s\n", why.msg);
        is_refused = true; /* whom it does not serve has kept what did */
    }
    if (is_refused)
        up_say("the configuration does not pass, see above: what passed last is in force, "
               "until it does");
    else if (vd_config_keep(up->cfg, kept, &why) < 0)
        up_say("the configuration could not be kept for a later start: %s", why.msg);
    if (up->opts.listen != NULL && strcmp(up->opts.listen, up->cfg->console.listen) != 0)
        up_say("--listen is for the first writing of the configuration: 'console: listen:' of "
               "%s/vedette.yaml counts",
               up->config);
    return 0;
}
