#include "config/watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "config/config.h"

enum {
    SETTLE_TIMES_MAX = 10, /* a folder that never rests is told after so many settle times */
    RETRY_US = 1000 * 1000 /* how often a folder that went away is looked for */
};

#define CHANGES                                                                                \
    (IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB |        \
     IN_DELETE_SELF | IN_MOVE_SELF)

/* One fd to poll: an epoll set of the notifications and of the timer that waits for rest. */
struct vd_watch {
    int epoll_fd, notify_fd, timer_fd;
    char folder[VD_CONFIG_PATH_MAX + 1];
    char parent[VD_CONFIG_PATH_MAX + 1], name[VD_CONFIG_PATH_MAX + 1]; /* of the folder */
    int parent_wd;                                                     /* -1: not watched */
    int64_t settle_us;
    int64_t first_us; /* when the first change of this series came; 0: none waits */
    bool is_whole;    /* the folder itself is watched */
};

static int64_t now_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void set_timer(const struct vd_watch *watch, int64_t wait_us)
{
    struct itimerspec spec = {
        .it_value = {.tv_sec = wait_us / 1000000, .tv_nsec = wait_us % 1000000 * 1000 + 1}};

    (void)timerfd_settime(watch->timer_fd, 0, &spec, NULL);
}

/* Watches the parts that exist. A watch on a folder that has one already is the same watch; a
 * folder that was replaced gets a new one, and the kernel drops the old. */
static void add_watches(struct vd_watch *watch)
{
    /* A roll-out may put another folder, or a link to one, in this one's place. */
    if (watch->name[0] != '\0')
        watch->parent_wd =
            inotify_add_watch(watch->notify_fd, watch->parent,
                              IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_MOVED_FROM);

    static const char *const parts[] = {"", "/cameras", "/rules", "/secrets"};

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        char path[VD_CONFIG_PATH_MAX + 16];
        int wd;

        (void)snprintf(path, sizeof path, "%s%s", watch->folder, parts[i]);
        wd = inotify_add_watch(watch->notify_fd, path, CHANGES);
        if (i == 0)
            watch->is_whole = wd >= 0;
    }
}

static int add_to_set(const struct vd_watch *watch, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    return epoll_ctl(watch->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static void set_paths(struct vd_watch *watch, const char *folder)
{
    size_t len = strlen(folder);
    const char *slash;

    while (len > 1 && folder[len - 1] == '/')
        len--;
    (void)snprintf(watch->folder, sizeof watch->folder, "%.*s", (int)len, folder);
    slash = strrchr(watch->folder, '/');
    if (slash == NULL)
        (void)snprintf(watch->parent, sizeof watch->parent, ".");
    else
        (void)snprintf(watch->parent, sizeof watch->parent, "%.*s",
                       slash > watch->folder ? (int)(slash - watch->folder) : 1, watch->folder);
    (void)snprintf(watch->name, sizeof watch->name, "%s",
                   slash != NULL ? slash + 1 : watch->folder);
    watch->parent_wd = -1;
}

int vd_watch_open(struct vd_watch **ret_watch, const char *folder, int64_t settle_us,
                  struct vd_err *err)
{
    struct vd_watch *watch;

    if (strlen(folder) > VD_CONFIG_PATH_MAX)
        return vd_err_set(err, VD_EINVAL, "watch: the path of the folder is too long");
    watch = calloc(1, sizeof *watch);
    if (watch == NULL)
        return vd_err_set(err, VD_ENOMEM, "watch: out of memory");
    set_paths(watch, folder);
    watch->settle_us = settle_us;
    watch->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    watch->notify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    watch->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (watch->epoll_fd < 0 || watch->notify_fd < 0 || watch->timer_fd < 0 ||
        add_to_set(watch, watch->notify_fd) != 0 || add_to_set(watch, watch->timer_fd) != 0) {
        int code = vd_err_set(err, VD_EIO, "watch '%.120s': %s", folder, strerror(errno));

        vd_watch_close(&watch);
        return code;
    }
    add_watches(watch);
    if (!watch->is_whole && (errno == ENOENT || errno == ENOTDIR)) {
        set_timer(watch, RETRY_US);
    } else if (!watch->is_whole) {
        int code = vd_err_set(err, VD_EIO, "watch '%.120s': %s", folder, strerror(errno));

        vd_watch_close(&watch);
        return code;
    }
    *ret_watch = watch;
    return 0;
}

int vd_watch_fd(const struct vd_watch *watch)
{
    return watch->epoll_fd;
}

/* Files that editors keep beside the one they edit are no change, nor are our folder's
 * neighbours. */
static bool is_ours(const struct vd_watch *watch, const struct inotify_event *event)
{
    size_t len = event->len > 0 ? strlen(event->name) : 0;

    if (event->wd == watch->parent_wd)
        return len > 0 && strcmp(event->name, watch->name) == 0;
    return len == 0 || (event->name[0] != '.' && event->name[len - 1] != '~');
}

/* Reads what is there. Returns whether any of it is a change. */
static bool drain(struct vd_watch *watch)
{
    _Alignas(struct inotify_event) char buf[4096];
    bool is_changed = false;
    ssize_t got;

    while ((got = read(watch->notify_fd, buf, sizeof buf)) > 0) {
        for (char *at = buf; at < buf + got;) {
            struct inotify_event event;

            memcpy(&event, at, sizeof event);
            is_changed = is_changed || is_ours(watch, (const struct inotify_event *)(void *)at);
            at += sizeof event + event.len;
        }
    }
    return is_changed;
}

bool vd_watch_take(struct vd_watch *watch)
{
    uint64_t ticks;
    bool is_rung = read(watch->timer_fd, &ticks, sizeof ticks) > 0;
    bool is_changed = drain(watch), was_whole = watch->is_whole;
    int64_t now = now_us();

    if (is_changed || is_rung)
        add_watches(watch); /* a folder may have come, gone, or been replaced */
    if (!was_whole && watch->is_whole)
        is_changed = true;
    if (is_changed && watch->first_us == 0)
        watch->first_us = now;
    if (is_changed && now - watch->first_us < watch->settle_us * SETTLE_TIMES_MAX) {
        set_timer(watch, watch->settle_us);
        return false;
    }
    if (watch->first_us != 0 && (is_rung || is_changed)) {
        watch->first_us = 0;
        if (!watch->is_whole)
            set_timer(watch, RETRY_US);
        return true;
    }
    if (!watch->is_whole)
        set_timer(watch, RETRY_US);
    return false;
}

void vd_watch_close(struct vd_watch **watch)
{
    struct vd_watch *w = *watch;

    *watch = NULL;
    if (w == NULL)
        return;
    if (w->epoll_fd >= 0)
        (void)close(w->epoll_fd);
    if (w->notify_fd >= 0)
        (void)close(w->notify_fd);
    if (w->timer_fd >= 0)
        (void)close(w->timer_fd);
    free(w);
}
