/* alerts/cli/up_run.c: one loop that starts what is due, hears who is ready, starts again what
 * died and stops everything in order. A child's end never touches another child. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alerts/cli/up.h"
#include "base/clock.h"
#include "base/notify.h"
#include "base/str.h"

enum { N_STAGES = 3, LOG_BYTES_MAX = 32 * 1024 * 1024 };

/* An end within this long of being started counts as "at once". */
static const int64_t QUICK_US = INT64_C(3000000);
static const int64_t LOG_LOOK_US = INT64_C(60000000);
static const int64_t CONFIG_WAIT_US = INT64_C(10000000);

/* After the n-th quick end in a row. The first two come well within a second. */
static const int64_t again_us[] = {100000, 200000, 500000, 1000000, 2000000, 5000000, 10000000};

/* When a stage is told to stop, at the latest, and when it is killed; since the wish. */
static const int64_t term_us[N_STAGES] = {0, 2000000, 2800000};
static const int64_t kill_us[N_STAGES] = {2500000, 2800000, 4700000};

static int64_t now_us(void)
{
    return vd_clock_system.mono_us(vd_clock_system.self);
}

void up_say(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    fputs("vedette: ", stdout);
    vprintf(fmt, args);
    va_end(args);
    putchar('\n');
    (void)fflush(stdout);
}

int up_notify_open(struct up *up, struct vd_err *err)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int fd, on = 1;

    up_state_path(up->opts.state, "run/notify", up->notify);
    if (!vd_str_copy(addr.sun_path, sizeof addr.sun_path, up->notify))
        return vd_err_set(err, VD_EINVAL, "socket path too long: '%s'", up->notify);
    (void)unlink(up->notify);
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return vd_err_set(err, VD_EIO, "socket: %s", strerror(errno));
    /* Who says READY=1 is told by the kernel, not by the sender. */
    if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0 ||
        bind(fd, (const struct sockaddr *)&addr, sizeof addr) != 0 ||
        chown(up->notify, (uid_t)-1, up->ids[UP_USER_PG].gid) != 0 ||
        chmod(up->notify, up->drops ? 0660 : 0600) != 0) {
        int rc = vd_err_set(err, VD_EIO, "bind '%s': %s", up->notify, strerror(errno));

        close(fd);
        return rc;
    }
    up->notify_fd = fd;
    return 0;
}

static struct up_child *child_of(struct up *up, pid_t pid)
{
    for (int i = 0; pid > 0 && i < up->n_children; i++)
        if (up->children[i].pid == pid)
            return &up->children[i];
    return NULL;
}

static void set_ready(struct up_child *child)
{
    double seconds = (double)(now_us() - child->started_us) / 1e6;

    if (!child->was_ready)
        up_say("%s is ready (%.1f s)", child->name, seconds);
    LOG_INFO("up.ready", "child=%s pid=%d seconds=%.1f", child->name, (int)child->pid, seconds);
    child->phase = UP_READY;
    child->was_ready = true;
}

/* One datagram of sd_notify(3)'s protocol. False: there is none. */
static bool take_notice(struct up *up)
{
    union {
        char room[CMSG_SPACE(sizeof(struct ucred))];
        struct cmsghdr align;
    } control;
    char text[512];
    struct iovec io = {.iov_base = text, .iov_len = sizeof text - 1};
    struct msghdr msg = {.msg_iov = &io,
                         .msg_iovlen = 1,
                         .msg_control = &control,
                         .msg_controllen = sizeof control};
    ssize_t n = recvmsg(up->notify_fd, &msg, MSG_CMSG_CLOEXEC);
    const struct cmsghdr *head = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
    struct up_child *child;
    struct ucred cred;

    if (n < 0)
        return false;
    if (head == NULL || head->cmsg_type != SCM_CREDENTIALS)
        return true;
    memcpy(&cred, CMSG_DATA(head), sizeof cred);
    text[n] = '\0';
    child = child_of(up, cred.pid);
    if (child != NULL && child->phase == UP_STARTING && !child->is_once &&
        (strncmp(text, "READY=1", 7) == 0 || strstr(text, "\nREADY=1") != NULL))
        set_ready(child);
    return true;
}

static void describe_end(int status, char *text, size_t size)
{
    if (WIFSIGNALED(status))
        (void)snprintf(text, size, "killed by SIG%s", sigabbrev_np(WTERMSIG(status)));
    else
        (void)snprintf(text, size, "exit status %d", WEXITSTATUS(status));
}

/* Decides when a child that ended runs again, and says so once a minute and cause. */
static void plan_again(struct up *up, struct up_child *child, int status)
{
    const int n_steps = (int)(sizeof again_us / sizeof again_us[0]);
    bool asked_for_help = WIFEXITED(status) && WEXITSTATUS(status) == UP_EXIT_CONFIG;
    bool was_quick = now_us() - child->started_us < QUICK_US;
    int64_t wait_us;
    char end[48];
    uint32_t repeats;

    child->n_quick = was_quick ? child->n_quick + 1 : 0;
    wait_us = asked_for_help
                  ? CONFIG_WAIT_US
                  : again_us[child->n_quick < n_steps ? child->n_quick : n_steps - 1];
    child->phase = UP_DOWN;
    child->due_us = now_us() + wait_us;
    describe_end(status, end, sizeof end);
    if (vd_log_gate(&child->gate, (uint32_t)status + 1, now_us(), &repeats)) {
        LOG_WARN("up.end", "child=%s end=\"%s\" again_ms=%lld repeats=%u", child->name, end,
                 (long long)(wait_us / 1000), repeats);
        up_say("%s ended (%s), starting it again%s", child->name, end,
               asked_for_help ? " slowly: it says that somebody has to act" : "");
    }
    if (asked_for_help && !up->said_ready)
        up->gives_up = true;
}

static void reap(struct up *up)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        struct up_child *child = child_of(up, pid);

        if (child == NULL)
            continue;
        child->pid = 0;
        if (up->stop_us != 0)
            child->phase = UP_DOWN;
        else if (child->is_once && WIFEXITED(status) && WEXITSTATUS(status) == 0)
            set_ready(child);
        else
            plan_again(up, child, status);
    }
}

static bool may_start(const struct up *up, const struct up_child *child)
{
    if (child->phase == UP_DOWN)
        return now_us() >= child->due_us;
    if (child->phase != UP_WAITING)
        return false;
    if (child->patience_us != 0 && now_us() - up->begun_us > child->patience_us)
        return true;
    for (int i = 0; i < up->n_children; i++)
        if ((child->after & (UINT64_C(1) << i)) != 0 && !up->children[i].was_ready)
            return false;
    return true;
}

static void start_due(struct up *up)
{
    struct vd_err err = {0};
    uint32_t repeats;

    for (int i = 0; i < up->n_children; i++) {
        struct up_child *child = &up->children[i];

        if (child->pid != 0 || !may_start(up, child))
            continue;
        if (up_child_start(up, child, &err) < 0) {
            child->phase = UP_DOWN;
            child->due_us = now_us() + CONFIG_WAIT_US;
            if (vd_log_gate(&child->gate, 0, now_us(), &repeats)) {
                LOG_ERROR("up.start", "child=%s reason=\"%s\"", child->name, err.msg);
                up_say("%s: %s", child->name, err.msg);
            }
        }
    }
}

/* Ends a child that has not become ready in its time: it will be started again. */
static void expire(struct up_child *child)
{
    if (child->phase != UP_STARTING || child->ready_us == 0 || child->was_killed ||
        now_us() - child->started_us < child->ready_us)
        return;
    child->was_killed = true;
    LOG_ERROR("up.late", "child=%s pid=%d seconds=%lld advice=\"killed; see its last lines\"",
              child->name, (int)child->pid, (long long)(child->ready_us / 1000000));
    (void)kill(child->pid, SIGKILL);
}

static void say_when_ready(struct up *up)
{
    const char *listen_at = up->cfg->console.listen;
    bool tls = up->cfg->console.tls.cert != NULL || up->cfg->console.tls.is_generated;
    char path[VD_PATH_MAX], *password = NULL;
    size_t len;

    for (int i = 0; i < up->n_children; i++)
        if (!up->children[i].was_ready)
            return;
    up->said_ready = true;
    vd_notify("READY=1");
    LOG_INFO("up.all", "seconds=%.1f", (double)(now_us() - up->begun_us) / 1e6);
    up_say("everything runs (%.1f s)", (double)(now_us() - up->begun_us) / 1e6);
    up_say("console: %s://%s%s/", tls ? "https" : "http",
           listen_at[0] == ':' ? "localhost" : "", listen_at);
    up_state_path(up->opts.state, "secrets/first-password", path);
    /* Never into a journal that others read. */
    if (getenv("JOURNAL_STREAM") == NULL && vd_fs_read(path, 256, &password, &len, NULL) == 0) {
        password[strcspn(password, "\n")] = '\0';
        up_say("user:    admin");
        up_say("password: %s   (first one, from %s)", password, path);
        explicit_bzero(password, len);
    }
    free(password);
    up_say("Ctrl-C stops all of it");
}

/* ---- stopping ---- */

/* True while a child of an earlier stage still runs. */
static bool runs_before(const struct up *up, int stage)
{
    for (int i = 0; i < up->n_children; i++)
        if (up->children[i].pid != 0 && up->children[i].stage < stage)
            return true;
    return false;
}

static void stop_stage(struct up *up, int stage)
{
    int64_t since_us = now_us() - up->stop_us;
    bool may_term = since_us >= term_us[stage] || !runs_before(up, stage);

    for (int i = 0; i < up->n_children; i++) {
        struct up_child *child = &up->children[i];

        if (child->pid == 0 || child->stage != stage)
            continue;
        if (since_us >= kill_us[stage] && !child->was_killed) {
            LOG_WARN("up.kill", "child=%s pid=%d reason=\"did not stop in time\"", child->name,
                     (int)child->pid);
            child->was_killed = true;
            (void)kill(child->pid, SIGKILL);
        } else if (may_term && child->due_us >= 0) {
            child->due_us = -1; /* told once */
            (void)kill(child->pid, SIGTERM);
        }
    }
}

static void begin_stop(struct up *up, const char *why)
{
    if (up->stop_us != 0)
        return;
    up->stop_us = now_us();
    vd_notify("STOPPING=1");
    LOG_INFO("up.stop", "reason=\"%s\"", why);
    up_say("stopping");
    for (int i = 0; i < up->n_children; i++) {
        up->children[i].due_us = 0;
        up->children[i].was_killed = false;
    }
}

/* The terminal that the command was typed on is closed: nobody is there to stop it later. */
static bool lost_terminal(const struct up *up)
{
    return up->tty_fd >= 0 && tcgetpgrp(up->tty_fd) < 0 && errno == EIO;
}

static void take_signals(struct up *up)
{
    int sig;

    while ((sig = vd_signals_take(up->signal_fd)) != 0) {
        if (sig == SIGTERM || sig == SIGINT)
            begin_stop(up, sig == SIGTERM ? "SIGTERM" : "SIGINT");
        else if (sig == SIGHUP && lost_terminal(up))
            begin_stop(up, "terminal closed");
        else if (sig == SIGHUP) {
            LOG_INFO("up.reload", "reason=SIGHUP");
            for (int i = 0; i < up->n_children; i++)
                if (up->children[i].pid != 0 && up->children[i].program != NULL &&
                    up->children[i].phase == UP_READY)
                    (void)kill(up->children[i].pid, SIGHUP);
        }
    }
}

/* ---- the loop ---- */

/* Keeps our own log file bounded: its writers append, so it can be emptied under them. */
static void bound_log(const struct up *up)
{
    struct stat st;

    if (!up->owns_log || fstat(STDERR_FILENO, &st) != 0 || st.st_size < LOG_BYTES_MAX)
        return;
    if (ftruncate(STDERR_FILENO, 0) == 0)
        LOG_INFO("up.log", "emptied_bytes=%lld", (long long)st.st_size);
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Milliseconds until something is due. */
static int wait_ms(const struct up *up)
{
    int64_t now = now_us(), due = now + LOG_LOOK_US;

    for (int i = 0; i < up->n_children; i++) {
        const struct up_child *child = &up->children[i];

        if (child->phase == UP_DOWN && child->pid == 0 && up->stop_us == 0)
            due = sooner(due, child->due_us);
        if (child->phase == UP_STARTING && child->ready_us != 0 && !child->was_killed)
            due = sooner(due, child->started_us + child->ready_us);
        if (child->phase == UP_WAITING && child->patience_us != 0)
            due = sooner(due, up->begun_us + child->patience_us);
    }
    for (int i = 0; up->stop_us != 0 && i < N_STAGES; i++) {
        if (now < up->stop_us + term_us[i])
            due = sooner(due, up->stop_us + term_us[i]);
        if (now < up->stop_us + kill_us[i])
            due = sooner(due, up->stop_us + kill_us[i]);
    }
    return due <= now ? 0 : (int)((due - now) / 1000 + 1);
}

static void turn(struct up *up)
{
    struct pollfd fds[] = {{.fd = up->signal_fd, .events = POLLIN},
                           {.fd = up->notify_fd, .events = POLLIN}};

    (void)poll(fds, 2, wait_ms(up));
    while (take_notice(up))
        continue;
    take_signals(up);
    reap(up); /* after the notices: a one-shot may say and end in the same breath */
    if (up->stop_us == 0) {
        start_due(up);
        for (int i = 0; i < up->n_children; i++)
            expire(&up->children[i]);
        if (!up->said_ready)
            say_when_ready(up);
        if (up->gives_up)
            begin_stop(up, "a child needs somebody to act");
    }
    for (int stage = 0; up->stop_us != 0 && stage < N_STAGES; stage++)
        stop_stage(up, stage);
    bound_log(up);
}

int up_run(struct up *up, struct vd_err *err)
{
    up->begun_us = now_us();
    start_due(up);
    while (up->stop_us == 0 || runs_before(up, N_STAGES))
        turn(up);
    up_say("stopped (%.1f s)", (double)(now_us() - up->stop_us) / 1e6);
    if (up->gives_up)
        return vd_err_set(err, VD_EINVAL, "not started: see the reason above, or in the log");
    return 0;
}
