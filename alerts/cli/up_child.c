/* alerts/cli/up_child.c: from a row of the table to a running process with as little power as
 * it needs. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alerts/cli/up.h"
#include "base/clock.h"
#include "base/notify.h"
#include "base/str.h"

enum { LOCK_FD = 3, PROGRAM_FD = 4, FILES_MAX = 65536, EXIT_NO_START = 126 };

struct up_child *up_child_add(struct up *up, const char *name, enum up_user user, int stage)
{
    struct up_child *child = &up->children[up->n_children++];

    *child = (struct up_child){.user = user, .stage = stage};
    (void)vd_str_copy(child->name, sizeof child->name, name);
    return child;
}

void up_child_arg(struct up_child *child, const char *text)
{
    (void)vd_str_copy(child->args[child->n_args++], VD_PATH_MAX, text);
}

/* A script can't be run by a descriptor that closes on exec; ours are programs, but tests put
 * scripts in their place. */
static bool is_script(int fd)
{
    char head[2];

    return pread(fd, head, sizeof head, 0) == (ssize_t)sizeof head && head[0] == '#' &&
           head[1] == '!';
}

/* The lock stays, at a number of its own; a program to be run follows; all else is closed. */
static void keep_files(int lock_fd, int program_fd)
{
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int lock = fcntl(lock_fd, F_DUPFD, 10);
    int program = program_fd >= 0 ? fcntl(program_fd, F_DUPFD, 10) : -1;
    int flags = program_fd >= 0 && is_script(program_fd) ? 0 : O_CLOEXEC;

    if (null < 0 || lock < 0 || (program_fd >= 0 && program < 0) || dup2(null, 0) != 0 ||
        dup2(lock, LOCK_FD) != LOCK_FD ||
        (program >= 0 && dup3(program, PROGRAM_FD, flags) != PROGRAM_FD))
        _exit(EXIT_NO_START);
    (void)close_range(program >= 0 ? PROGRAM_FD + 1 : LOCK_FD + 1, ~0U, 0);
}

static void limit_files(void)
{
    struct rlimit none = {0, 0}, files;

    (void)setrlimit(RLIMIT_CORE, &none); /* a core would hold passwords and pictures */
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max < FILES_MAX ? files.rlim_max : FILES_MAX;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
}

static void set_environment(const struct up *up, const struct up_ids *ids, bool drops)
{
    static const char *const gone[] = {
        "PGPASSWORD", "PGPASSFILE", "PGSERVICE",  "PGSERVICEFILE", "PGHOST",      "PGHOSTADDR",
        "PGPORT",     "PGUSER",     "PGDATABASE", "PGOPTIONS",     "SUDO_COMMAND"};
    char folder[64], path[VD_PATH_MAX];

    for (size_t i = 0; i < sizeof gone / sizeof gone[0]; i++)
        (void)unsetenv(gone[i]);
    (void)setenv("NOTIFY_SOCKET", up->notify, 1);
    if (!drops)
        return;
    (void)setenv("HOME", "/nonexistent", 1);
    (void)setenv("USER", ids->name, 1);
    (void)setenv("LOGNAME", ids->name, 1);
    (void)snprintf(folder, sizeof folder, "cache/%s", ids->name);
    up_state_path(up->opts.state, folder, path);
    (void)setenv("XDG_CACHE_HOME", path, 1);
}

/* In the child. Never returns. */
_Noreturn static void run_child(const struct up *up, const struct up_child *child, pid_t parent,
                                int program_fd)
{
    const struct up_ids *ids = &up->ids[child->user];
    bool drops = up->drops && !child->is_root;
    const char *argv[UP_ARGS_MAX + 2] = {child->program};
    struct vd_err err = {0};
    sigset_t none;

    (void)setsid(); /* Ctrl-C on the terminal is for the supervisor: it stops in order */
    keep_files(up->lock_fd, program_fd);
    limit_files();
    (void)umask(0007);
    if (chdir("/") != 0)
        _exit(EXIT_NO_START);
    if (drops && up_users_become(ids, &err) < 0) {
        LOG_ERROR("up.user", "child=%s reason=\"%s\"", child->name, err.msg);
        _exit(EXIT_NO_START);
    }
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    /* After the change of user, which clears it. */
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
    if (getppid() != parent)
        _exit(EXIT_NO_START);
    set_environment(up, ids, drops);
    sigemptyset(&none);
    (void)signal(SIGPIPE, SIG_DFL);
    if (child->body != NULL) {
        (void)prctl(PR_SET_NAME, child->name, 0, 0, 0);
        vd_undumpable();
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
        _exit(child->body(up));
    }
    for (int i = 0; i < child->n_args; i++)
        argv[i + 1] = child->args[i];
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    /* By descriptor: the user it runs as may not be able to walk to the file. */
    fexecve(PROGRAM_FD, (char *const *)(uintptr_t)argv, environ);
    LOG_ERROR("up.exec", "program=%s reason=\"%s\"", child->program, strerror(errno));
    _exit(EXIT_NO_START);
}

static int open_program(const struct up *up, const char *program, int *ret_fd,
                        struct vd_err *err)
{
    char path[VD_PATH_MAX];
    int rc = vd_fs_join(path, sizeof path, up->opts.bin, program, err);

    if (rc < 0)
        return rc;
    *ret_fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*ret_fd < 0)
        return vd_err_set(err, VD_EINVAL, "program '%s': %s; build it, or give --bin", path,
                          strerror(errno));
    return 0;
}

int up_child_start(struct up *up, struct up_child *child, struct vd_err *err)
{
    const struct vd_clock *clock = &vd_clock_system;
    pid_t parent = getpid(), pid;
    int fd = -1, rc;

    if (child->program != NULL && (rc = open_program(up, child->program, &fd, err)) < 0)
        return rc;
    pid = fork();
    if (pid == 0)
        run_child(up, child, parent, fd);
    if (fd >= 0)
        close(fd);
    if (pid < 0)
        return vd_err_set(err, VD_EIO, "fork for %s: %s", child->name, strerror(errno));
    child->pid = pid;
    child->phase = UP_STARTING;
    child->was_killed = false;
    child->started_us = clock->mono_us(clock->self);
    LOG_INFO("up.start", "child=%s pid=%d", child->name, (int)pid);
    return 0;
}
