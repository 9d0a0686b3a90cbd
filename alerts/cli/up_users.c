/* alerts/cli/up_users.c: the system users that the processes run as. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alerts/cli/up.h"

#define GROUP "vedette"

static const char *const names[UP_N_USERS] = {
    [UP_USER_PG] = "vedette-pg",         [UP_USER_INGEST] = "vedette-ingest",
    [UP_USER_ROUTER] = "vedette-router", [UP_USER_CONSOLE] = "vedette-console",
    [UP_USER_CAMSIM] = "vedette-camsim",
};

/* Runs a program of the system and waits for it; true when it ended well. */
static bool tool(const char *const argv[])
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        sigset_t none;

        sigemptyset(&none);
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
        execv(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    if (pid < 0)
        return false;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return false;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int make_user(const char *name, struct vd_err *err)
{
    const char *const argv[] = {"/usr/sbin/useradd",
                                "--system",
                                "--no-create-home",
                                "--home-dir",
                                "/nonexistent",
                                "--shell",
                                "/usr/sbin/nologin",
                                "--gid",
                                GROUP,
                                "--comment",
                                "Vedette",
                                name,
                                NULL};

    if (!tool(argv))
        return vd_err_set(err, VD_EIO,
                          "useradd could not make the system user '%s'; make it yourself, "
                          "in the group " GROUP,
                          name);
    return 0;
}

int up_users_find(struct up_ids ids[UP_N_USERS], bool keeps_user, bool *ret_drops,
                  struct vd_err *err)
{
    static const char *const group[] = {"/usr/sbin/groupadd", "--system", GROUP, NULL};
    bool drops = geteuid() == 0 && !keeps_user;

    if (drops && getgrnam(GROUP) == NULL && !tool(group))
        return vd_err_set(err, VD_EIO, "groupadd could not make the system group '" GROUP "'");
    for (int i = 0; i < UP_N_USERS; i++) {
        const struct passwd *pw;
        int rc;

        ids[i] = (struct up_ids){.name = names[i], .uid = geteuid(), .gid = getegid()};
        if (!drops)
            continue;
        if (getpwnam(names[i]) == NULL && (rc = make_user(names[i], err)) < 0)
            return rc;
        pw = getpwnam(names[i]);
        if (pw == NULL || pw->pw_uid == 0)
            return vd_err_set(err, VD_EINVAL, "system user '%s' is %s", names[i],
                              pw == NULL ? "still missing" : "root; it must not be");
        ids[i].uid = pw->pw_uid;
        ids[i].gid = pw->pw_gid;
    }
    *ret_drops = drops;
    return 0;
}

int up_users_become(const struct up_ids *ids, struct vd_err *err)
{
    if (initgroups(ids->name, ids->gid) != 0 || setgid(ids->gid) != 0 || setuid(ids->uid) != 0)
        return vd_err_set(err, VD_EIO, "become user '%s': %s", ids->name, strerror(errno));
    if (setuid(0) == 0)
        return vd_err_set(err, VD_EIO, "user '%s' could become root again", ids->name);
    return 0;
}

/* Whether the effective user may search the folder. */
static bool may_enter(const char *folder)
{
    return faccessat(AT_FDCWD, folder, X_OK, AT_EACCESS) == 0;
}

int up_users_reach(const struct up_ids *ids, const char *path, struct vd_err *err)
{
    char part[VD_PATH_MAX];
    uid_t uid = geteuid();
    gid_t gid = getegid();
    int rc = 0;

    if (setegid(ids->gid) != 0 || seteuid(ids->uid) != 0)
        rc = vd_err_set(err, VD_EIO, "become user '%s': %s", ids->name, strerror(errno));
    for (size_t i = 1; rc == 0 && i < sizeof part && path[i - 1] != '\0'; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (!may_enter(part))
            rc = vd_err_set(err, VD_EINVAL,
                            "user '%s' may not enter '%s': choose another folder, or allow it "
                            "with 'chmod o+x %s'",
                            ids->name, part, part);
    }
    if (seteuid(uid) != 0 || setegid(gid) != 0)
        return vd_err_set(err, VD_EIO, "become root again: %s", strerror(errno));
    return rc;
}
