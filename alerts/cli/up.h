/* alerts/cli/up.h: `vedette up`, the supervisor of one machine, and what its files share.
 *
 * One thread, one poll loop, no library with threads of its own: it forks whenever a child must
 * run again, and that is only safe so. Nothing here serves anybody; it starts, watches, stops.
 */
#ifndef VD_ALERTS_CLI_UP_H
#define VD_ALERTS_CLI_UP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/log.h"
#include "config/config.h"

enum {
    UP_CHILDREN_MAX = 64,
    UP_ARGS_MAX = 12,
    UP_STATE_MAX = 80,  /* bytes of the state folder's path: socket paths below it end at 107 */
    UP_EXIT_CONFIG = 78 /* EX_CONFIG: starting again will not help until somebody acts */
};

/* ---- options (up_opts.c) ---- */

struct up_opts {
    char state[VD_PATH_MAX - 64]; /* paths within it fit */
    char config[VD_PATH_MAX];     /* "": the demonstration in the state folder */
    char bin[VD_PATH_MAX];        /* where the programs are */
    const char *log;    /* NULL: file in the state folder on a terminal, else stderr */
    const char *listen; /* of a configuration that is to be generated */
    enum vd_log_level level;
    bool keeps_user; /* as root: do not drop to users of our own */
};

enum { UP_OPTS_RUN = -1 };

/* Returns UP_OPTS_RUN, or the exit code after having printed help or what is wrong. */
int up_opts_parse(struct up_opts *opts, int argc, char **argv);

/* ---- users (up_users.c) ---- */

enum up_user { UP_USER_PG, UP_USER_INGEST, UP_USER_ROUTER, UP_USER_CONSOLE, UP_USER_CAMSIM };
enum { UP_N_USERS = UP_USER_CAMSIM + 1 };

struct up_ids {
    const char *name;
    uid_t uid;
    gid_t gid;
};

/* Finds the system users, making those that are missing (as root), or fills in the caller's own
 * ids. *ret_drops: children change to them. Runs groupadd and useradd and waits for them. */
int up_users_find(struct up_ids ids[UP_N_USERS], bool keeps_user, bool *ret_drops,
                  struct vd_err *err);

/* Becomes that user for good, with its groups; in a fresh child only. */
int up_users_become(const struct up_ids *ids, struct vd_err *err);

/* VD_EINVAL, naming the folder that is in the way, when that user cannot reach path. */
int up_users_reach(const struct up_ids *ids, const char *path, struct vd_err *err);

/* ---- the state folder (up_state.c) ---- */

/* The path of a file or folder of ours below the state folder, which is short enough for all.
 */
void up_state_path(const char *state, const char *name, char ret_path[VD_PATH_MAX]);

/* Takes the lock of the state folder; the descriptor is inherited by every child, so that the
 * lock lasts as long as any of them. Waits a little for what an earlier, killed instance left.
 * VD_EINVAL: another instance runs on it (says its pid). */
int up_state_lock(const char *state, int *ret_fd, struct vd_err *err);

/* Makes the folders with their owners and modes. VD_EINVAL: one belongs to somebody else. */
int up_state_folders(const char *state, const struct up_ids ids[UP_N_USERS], bool drops,
                     struct vd_err *err);

/* Fails when the disk is so full that PostgreSQL could not start, says so when it soon is. */
int up_state_room(const char *state, struct vd_err *err);

/* Fails when somebody else listens on host:port ("127.0.0.1:8080"). what names the listener. */
int up_state_port(const char *what, const char *listen, struct vd_err *err);

/* Writes secrets/first-password for the console's first user unless it is there. */
int up_state_password(const char *state, const struct up_ids *reader, struct vd_err *err);

/* ---- the demonstration (up_demo.c) ---- */

/* Writes the demonstration's configuration into folder unless a vedette.yaml is there.
 * Returns 1: written, 0: was there. */
int up_demo_write(const char *folder, const char *listen, gid_t gid, struct vd_err *err);

/* True when the configuration's cameras are those of vedette-camsim; *ret_port gets its port.
 */
bool up_demo_is(const char *folder, char *ret_port, size_t size);

/* ---- the configuration (up_config.c) ---- */

struct up;

/* Finds or writes the folder and loads it; as root once more as each user that will read it.
 * Prints every problem. Forks and waits. */
int up_config_load(struct up *up, struct vd_err *err);

/* ---- PostgreSQL (up_pg.c): bodies of forked children ---- */

/* Makes, starts and keeps the private cluster until SIGTERM; returns the exit code. */
int up_pg_keep(const struct up *up);

/* Brings the schema up to date, once; returns the exit code. */
int up_pg_migrate(const struct up *up);

/* ---- children (up_child.c) ---- */

enum up_phase {
    UP_WAITING,  /* for those it comes after */
    UP_STARTING, /* runs, has not said READY=1 */
    UP_READY,    /* runs; or a one-shot that is through */
    UP_DOWN      /* ended; starts again at due_us */
};

struct up_child {
    char name[16];
    const char *program; /* in opts.bin; NULL: body */
    int (*body)(const struct up *up);
    char args[UP_ARGS_MAX][VD_PATH_MAX];
    int n_args;
    enum up_user user;
    bool is_once;        /* exit status 0 means done */
    bool is_root;        /* keeps its ids: it drops those of its own children */
    uint64_t after;      /* bits of the children it waits for */
    int64_t patience_us; /* waits no longer than this for them; 0: for ever */
    int64_t ready_us;    /* must be ready this long after its start; 0: no limit */
    int stage;           /* stops in the order of stages */

    enum up_phase phase;
    pid_t pid; /* 0: none */
    int64_t started_us, due_us;
    int n_quick; /* ends in a row that came before or right after it was ready */
    bool was_ready, was_killed;
    struct vd_log_gate gate;
};

struct up {
    struct up_opts opts;
    struct vd_config *cfg;
    struct up_ids ids[UP_N_USERS];
    bool drops; /* children change to users of their own */
    int lock_fd, signal_fd, notify_fd, tty_fd;
    char config[VD_PATH_MAX];
    char notify[VD_PATH_MAX];
    struct up_child children[UP_CHILDREN_MAX];
    int n_children;
    int64_t begun_us, stop_us; /* stop_us 0: runs */
    bool owns_log;             /* stderr is a file of ours: kept bounded */
    bool said_ready;
    bool gives_up; /* a child told that nothing helps before all was ever ready */
};

/* Adds a child. The first problem with its text is kept for up_child_start. */
struct up_child *up_child_add(struct up *up, const char *name, enum up_user user, int stage);
void up_child_arg(struct up_child *child, const char *text);

/* Forks it. VD_EINVAL: the program is not there. VD_EIO: no process to be had. */
int up_child_start(struct up *up, struct up_child *child, struct vd_err *err);

/* ---- the loop (up_run.c) ---- */

/* Opens the socket on which children say that they are ready. */
int up_notify_open(struct up *up, struct vd_err *err);

/* Runs until told to stop, then stops everything. Returns 0, or VD_EINVAL when a child said
 * that starting again cannot help, before all was ready once. */
int up_run(struct up *up, struct vd_err *err);

/* A line for the person who typed the command: to stdout, flushed. */
__attribute__((format(printf, 1, 2))) void up_say(const char *fmt, ...);

#endif
