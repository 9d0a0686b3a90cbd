/* alerts/cli/up_state.c: the state folder: its lock, its folders, what it needs to start. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alerts/cli/up.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/str.h"

enum {
    ROOM_NEEDED_MIB = 128, /* a fresh cluster takes 40, its log 64 */
    ROOM_WARNED_MIB = 1024,
    PASSWORD_LEN = 16
};

static const int64_t LEFTOVERS_US = INT64_C(6000000);

void up_state_path(const char *state, const char *name, char ret_path[VD_PATH_MAX])
{
    int rc = vd_fs_join(ret_path, VD_PATH_MAX, state, name, NULL);

    assert(rc >= 0); /* UP_STATE_MAX leaves room for every name of ours */
    (void)rc;
}

/* The pid in the lock file, if that process runs. */
static pid_t holder(int fd)
{
    char text[16] = "";
    int64_t pid;
    ssize_t n = pread(fd, text, sizeof text - 1, 0);

    if (n <= 0)
        return 0;
    text[strcspn(text, "\n")] = '\0';
    if (!vd_str_int64(text, &pid) || pid <= 0 || pid > INT32_MAX)
        return 0;
    return kill((pid_t)pid, 0) == 0 || errno == EPERM ? (pid_t)pid : 0;
}

static int busy(int fd, const char *state, struct vd_err *err)
{
    pid_t pid = holder(fd);

    if (pid != 0)
        return vd_err_set(err, VD_EINVAL,
                          "'vedette up' (pid %d) runs on the state folder '%s' already: stop "
                          "it, or give another folder with --state",
                          (int)pid, state);
    return vd_err_set(err, VD_EINVAL,
                      "processes of an instance that was killed still hold '%s/lock': wait for "
                      "them, or end them (fuser '%s/lock' names them)",
                      state, state);
}

int up_state_lock(const char *state, int *ret_fd, struct vd_err *err)
{
    const struct vd_clock *clock = &vd_clock_system;
    int64_t until_us = clock->mono_us(clock->self) + LEFTOVERS_US;
    char path[VD_PATH_MAX], text[16];
    int fd, n, rc;

    up_state_path(state, "lock", path);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return vd_err_set(err, VD_EIO, "open '%s': %s", path, strerror(errno));
    /* What a killed instance left behind ends by itself; flock has no deadline of its own. */
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EINTR && errno != EWOULDBLOCK) {
            rc = vd_err_set(err, VD_EIO, "lock '%s': %s", path, strerror(errno));
            goto bad;
        }
        if (holder(fd) != 0 || clock->mono_us(clock->self) > until_us) {
            rc = busy(fd, state, err);
            goto bad;
        }
        (void)poll(NULL, 0, 50);
    }
    n = snprintf(text, sizeof text, "%d\n", (int)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != n) {
        rc = vd_err_set(err, VD_EIO, "write '%s': %s", path, strerror(errno));
        goto bad;
    }
    *ret_fd = fd;
    return 0;
bad:
    close(fd);
    return rc;
}

static void owner_name(uid_t uid, char *text, size_t size)
{
    const struct passwd *pw = getpwuid(uid);

    if (pw != NULL)
        (void)vd_str_copy(text, size, pw->pw_name);
    else
        (void)snprintf(text, size, "%u", (unsigned)uid);
}

static int folder(const char *path, mode_t mode, uid_t uid, gid_t gid, struct vd_err *err)
{
    char is[64], wanted[64];
    struct stat st;
    bool made = mkdir(path, mode & 0700) == 0;

    if (!made && errno != EEXIST)
        return vd_err_set(err, VD_EIO, "make folder '%s': %s", path, strerror(errno));
    if (lstat(path, &st) != 0 || !S_ISDIR(st.st_mode))
        return vd_err_set(err, VD_EINVAL, "'%s' is no folder: move it away", path);
    if (made) {
        if ((st.st_uid != uid || st.st_gid != gid) && chown(path, uid, gid) != 0)
            return vd_err_set(err, VD_EIO, "chown '%s': %s", path, strerror(errno));
    } else if (st.st_uid != uid) {
        owner_name(st.st_uid, is, sizeof is);
        owner_name(uid, wanted, sizeof wanted);
        return vd_err_set(err, VD_EINVAL,
                          "'%s' belongs to '%s', not '%s': run as who made it, give another "
                          "folder with --state, or change its owner",
                          path, is, wanted);
    }
    if ((st.st_mode & 07777) != mode && chmod(path, mode) != 0)
        return vd_err_set(err, VD_EIO, "chmod '%s': %s", path, strerror(errno));
    return 0;
}

int up_state_folders(const char *state, const struct up_ids ids[UP_N_USERS], bool drops,
                     struct vd_err *err)
{
    const uid_t me = geteuid();
    const gid_t ours = ids[UP_USER_PG].gid;
    const struct {
        const char *name;
        mode_t mode; /* where users differ; alone nobody else gets in */
        uid_t uid;
        gid_t gid;
    } table[] = {
        {"run", 01770, me, ours}, /* all bind here, none takes another's socket away */
        {"secrets", 0711, me, ours},
        {"log", 0750, me, ours},
        {"cache", 0711, me, ours},
        {"cache/vedette-ingest", 0700, ids[UP_USER_INGEST].uid, ours},
        {"cache/vedette-camsim", 0700, ids[UP_USER_CAMSIM].uid, ours},
        {"spool", 0700, ids[UP_USER_INGEST].uid, ours},
        {"media", 0700, ids[UP_USER_INGEST].uid, ours},
        {"router", 0700, ids[UP_USER_ROUTER].uid, ours},
        {"console", 0700, ids[UP_USER_CONSOLE].uid, ours},
    };
    char path[VD_PATH_MAX];
    int rc = folder(state, drops ? 0711 : 0700, me, getegid(), err);

    if (rc < 0)
        return rc;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        mode_t mode = drops ? table[i].mode : 0700;

        up_state_path(state, table[i].name, path);
        if ((rc = folder(path, mode, table[i].uid, table[i].gid, err)) < 0)
            return rc;
    }
    for (int i = 0; drops && i < UP_N_USERS; i++)
        if ((rc = up_users_reach(&ids[i], state, err)) < 0)
            return rc;
    return 0;
}

int up_state_room(const char *state, struct vd_err *err)
{
    unsigned long long bytes, mib;
    int rc = vd_fs_free_bytes(state, &bytes, err);

    if (rc < 0)
        return rc;
    mib = bytes / 1024 / 1024;
    if (mib < ROOM_NEEDED_MIB)
        return vd_err_set(err, VD_EIO,
                          "disk full: %llu MiB are free under '%s', %d are needed to start: "
                          "make room, or give another folder with --state",
                          mib, state, ROOM_NEEDED_MIB);
    if (mib < ROOM_WARNED_MIB)
        up_say("only %llu MiB are free under %s: pictures and events need room", mib, state);
    return 0;
}

int up_state_port(const char *what, const char *listen_at, struct vd_err *err)
{
    struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
                             .ai_socktype = SOCK_STREAM},
                    *found = NULL;
    char host[256], service[8];
    uint16_t port;
    int fd, on = 1, rc;

    if ((rc = vd_config_listen(listen_at, host, sizeof host, &port, err)) < 0)
        return rc;
    (void)snprintf(service, sizeof service, "%u", port);
    if (getaddrinfo(host[0] != '\0' ? host : NULL, service, &hints, &found) != 0)
        return vd_err_set(err, VD_EINVAL, "%s: '%s' is no address of this machine", what,
                          listen_at);
    fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (port != 0 && bind(fd, found->ai_addr, found->ai_addrlen) != 0)
            rc = errno == EADDRINUSE
                     ? vd_err_set(err, VD_EINVAL,
                                  "%s: port %u of '%s' is in use by another program: stop it "
                                  "('ss -ltnp sport = :%u' names it) or choose another port in "
                                  "the configuration",
                                  what, port, host, port)
                     : vd_err_set(err, VD_EINVAL, "%s: '%s': %s", what, listen_at,
                                  strerror(errno));
        close(fd);
    }
    freeaddrinfo(found);
    return rc < 0 ? rc : 0;
}

int up_state_password(const char *state, const struct up_ids *reader, struct vd_err *err)
{
    char path[VD_PATH_MAX], text[PASSWORD_LEN + 2];
    int rc;

    up_state_path(state, "secrets/first-password", path);
    if (access(path, F_OK) == 0)
        return 0;
    vd_random_text(text, PASSWORD_LEN);
    text[PASSWORD_LEN] = '\n';
    rc = vd_fs_write(path, text, PASSWORD_LEN + 1, 0600, err);
    vd_secret_wipe(text, sizeof text);
    if (rc < 0)
        return rc;
    if (reader->uid != geteuid() && chown(path, reader->uid, reader->gid) != 0)
        return vd_err_set(err, VD_EIO, "chown '%s': %s", path, strerror(errno));
    return 0;
}
