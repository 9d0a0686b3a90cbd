/* storage/pg/cluster_process.c: starting the server as another user, and making sure that only
 * one ever works in the folder. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "storage/pg/cluster_run.h"

/* ---- spawn ---- */

/* In the child, between fork and exec: only calls that are safe there. */
static void become(const struct vd_cluster *cluster, pid_t parent, const char *log_file)
{
    sigset_t none;
    int fd;

    setsid(); /* ^C in the caller's terminal is the caller's to answer */
    if (cluster->drop &&
        (setgroups(0, NULL) != 0 || setresgid(cluster->gid, cluster->gid, cluster->gid) != 0 ||
         setresuid(cluster->uid, cluster->uid, cluster->uid) != 0))
        _exit(126);
    /* after the change of user, which would clear it */
    prctl(PR_SET_PDEATHSIG, SIGINT);
    if (getppid() != parent)
        _exit(126);
    umask(077);
    fd = open(log_file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0)
        fd = open("/dev/null", O_WRONLY);
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
    fd = open("/dev/null", O_RDONLY);
    dup2(fd, STDIN_FILENO);
    (void)close_range(3, ~0U, 0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (chdir("/") != 0)
        _exit(126);
}

pid_t cluster_spawn(const struct vd_cluster *cluster, char *const *argv, const char *log_file,
                    struct vd_err *err)
{
    static char path[] = "PATH=/usr/bin:/bin", locale[] = "LC_ALL=C", zone[] = "TZ=UTC";
    char *const env[] = {path, locale, zone, NULL};
    pid_t parent = getpid();
    pid_t pid = fork();

    if (pid < 0)
        return vd_err_set(err, VD_EIO, "fork: %s", strerror(errno));
    if (pid == 0) {
        become(cluster, parent, log_file);
        execve(argv[0], argv, env);
        _exit(127);
    }
    return pid;
}

bool cluster_wait_fd(int pid_fd, int timeout_ms)
{
    struct pollfd fd = {.fd = pid_fd, .events = POLLIN};
    int n;

    do
        n = poll(&fd, 1, timeout_ms);
    while (n < 0 && errno == EINTR);
    return n > 0;
}

/* ---- what an earlier caller left ---- */

static bool works_here(const struct vd_cluster *cluster, const char *pid)
{
    char link[64], target[VD_PATH_MAX + 32], folder[VD_PATH_MAX];
    const char *name;
    ssize_t n;

    snprintf(link, sizeof link, "/proc/%s/exe", pid);
    n = readlink(link, target, sizeof target - 1);
    if (n <= 0)
        return false;
    target[n] = '\0';
    name = strrchr(target, '/');
    if (name == NULL || strncmp(name, "/postgres", 9) != 0)
        return false;
    snprintf(link, sizeof link, "/proc/%s/cwd", pid);
    n = readlink(link, target, sizeof target - 1);
    if (n <= 0)
        return false;
    target[n] = '\0';
    return realpath(cluster->data_dir, folder) != NULL && strcmp(folder, target) == 0;
}

/* The postmaster of the folder, or 0. */
static pid_t find_postmaster(const struct vd_cluster *cluster)
{
    char path[VD_PATH_MAX + 16], line[32] = {0};
    FILE *f;

    snprintf(path, sizeof path, "%s/postmaster.pid", cluster->data_dir);
    f = fopen(path, "re");
    if (f == NULL)
        return 0;
    if (fgets(line, sizeof line, f) != NULL)
        line[strcspn(line, "\n")] = '\0';
    fclose(f);
    if (line[0] < '1' || line[0] > '9' || !works_here(cluster, line))
        return 0;
    return (pid_t)strtol(line, NULL, 10);
}

/* Signals every process of a server in the folder. Returns one of them, or 0. */
static pid_t signal_all(const struct vd_cluster *cluster, int signal)
{
    DIR *proc = opendir("/proc");
    const struct dirent *entry;
    pid_t pid = 0;

    while (proc != NULL && (entry = readdir(proc)) != NULL) {
        if (entry->d_name[0] < '1' || entry->d_name[0] > '9' ||
            !works_here(cluster, entry->d_name))
            continue;
        pid = (pid_t)strtol(entry->d_name, NULL, 10);
        kill(pid, signal);
    }
    if (proc != NULL)
        closedir(proc);
    return pid;
}

static void end(pid_t pid)
{
    static const struct {
        int signal, wait_ms;
    } steps[] = {{SIGINT, 15000}, {SIGQUIT, 5000}, {SIGKILL, 5000}};
    int fd = pidfd_open(pid, 0);

    for (size_t i = 0; fd >= 0 && i < sizeof steps / sizeof steps[0]; i++) {
        if (pidfd_send_signal(fd, steps[i].signal, NULL, 0) != 0 ||
            cluster_wait_fd(fd, steps[i].wait_ms))
            break;
    }
    if (fd >= 0)
        close(fd);
}

/* Children that outlived their postmaster. Their logger heeds no signal: it ends when the last
 * one that could write to it has. */
static bool end_orphans(const struct vd_cluster *cluster)
{
    enum { ROUNDS = 100, GENTLE = 50, WAIT_MS = 100 };
    pid_t pid = 0;

    for (int i = 0; i < ROUNDS; i++) {
        int fd;

        pid = signal_all(cluster, i < GENTLE ? SIGQUIT : SIGKILL);
        if (pid == 0)
            return true;
        fd = pidfd_open(pid, 0);
        if (fd >= 0) {
            (void)cluster_wait_fd(fd, WAIT_MS);
            close(fd);
        }
    }
    return false;
}

int cluster_clear(struct vd_cluster *cluster, struct vd_err *err)
{
    char path[VD_PATH_MAX + 16];
    pid_t pid = find_postmaster(cluster);

    if (pid != 0)
        end(pid);
    if (!end_orphans(cluster))
        return vd_err_set(err, VD_EIO, "PostgreSQL processes in '%s' do not end",
                          cluster->data_dir);
    /* Only now: the file also guards against children that outlived their postmaster. Its
     * process may be another's by now, and PostgreSQL would take that for a running server. */
    snprintf(path, sizeof path, "%s/postmaster.pid", cluster->data_dir);
    if (unlink(path) != 0 && errno != ENOENT)
        return vd_err_set(err, VD_EIO, "remove '%s': %s", path, strerror(errno));
    return 0;
}
