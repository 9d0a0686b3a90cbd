/* A real PostgreSQL in a temporary folder. */
#include "tests/support/pg_tmp.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "storage/pg/migrate.h"

#define BIN "/usr/lib/postgresql/15/bin/"

static void die(const char *what, const char *why)
{
    fprintf(stderr, "pg_tmp: %s: %s\n", what, why);
    abort();
}

static void nap(void)
{
    nanosleep(&(struct timespec){0, 20000000}, NULL);
}

/* In a child: becomes the user that PostgreSQL may run as. */
static void drop_root(void)
{
    const struct passwd *user = getpwnam("postgres");
    uid_t uid = user != NULL ? user->pw_uid : 65534;
    gid_t gid = user != NULL ? user->pw_gid : 65534;

    if (geteuid() != 0)
        return;
    if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 ||
        setresuid(uid, uid, uid) != 0)
        _exit(126);
}

static pid_t spawn(const struct pg_tmp *pg, char *const *argv)
{
    pid_t pid = fork();

    if (pid < 0)
        die("fork", strerror(errno));
    if (pid == 0) {
        char log[128];
        int fd;

        setpgid(0, 0); /* so that ^C in a terminal and Criterion's timeouts miss it */
        drop_root();
        if (chdir(pg->dir) != 0)
            _exit(126);
        prctl(PR_SET_PDEATHSIG, SIGQUIT);
        snprintf(log, sizeof log, "%s/log", pg->dir);
        fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
        dup2(fd, 1);
        dup2(fd, 2);
        execv(argv[0], argv);
        _exit(127);
    }
    return pid;
}

static void show_log(const struct pg_tmp *pg)
{
    char path[128], line[512];
    FILE *f;

    snprintf(path, sizeof path, "%s/log", pg->dir);
    f = fopen(path, "r");
    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        fputs(line, stderr);
    if (f != NULL)
        fclose(f);
}

static void make_data(struct pg_tmp *pg)
{
    char data[96];
    char *argv[] = {BIN "initdb",
                    "-D",
                    data,
                    "-U",
                    "vedette_admin",
                    "--no-sync",
                    "--auth=trust",
                    "--locale=C.UTF-8",
                    "--encoding=UTF8",
                    "--no-instructions",
                    NULL};
    int status = 0;

    snprintf(data, sizeof data, "%s/data", pg->dir);
    if (waitpid(spawn(pg, argv), &status, 0) < 0 || status != 0) {
        show_log(pg);
        die("initdb", "ended badly");
    }
}

struct vd_pg_opts pg_tmp_opts(const struct pg_tmp *pg, const char *role, const char *dbname)
{
    return (struct vd_pg_opts){.host = pg->dir, .user = role, .dbname = dbname};
}

struct vd_pg *pg_tmp_connect(const struct pg_tmp *pg, const char *role, const char *dbname)
{
    struct vd_pg_opts opts = pg_tmp_opts(pg, role, dbname);
    struct vd_err err = {0};
    struct vd_pg *conn = NULL;

    if (vd_pg_open(&conn, &opts, &err) < 0)
        die("connect", err.msg);
    return conn;
}

void pg_tmp_start(struct pg_tmp *pg)
{
    char data[96], socket[96];
    char *argv[] = {BIN "postgres",
                    "-D",
                    data,
                    "-k",
                    socket,
                    "-c",
                    "listen_addresses=",
                    "-c",
                    "max_connections=50",
                    "-c",
                    "shared_buffers=32MB",
                    "-c",
                    "max_wal_size=256MB",
                    NULL};

    snprintf(data, sizeof data, "%s/data", pg->dir);
    snprintf(socket, sizeof socket, "%s", pg->dir);
    pg->pid = spawn(pg, argv);
    for (int i = 0;; i++) {
        struct vd_pg_opts opts = pg_tmp_opts(pg, "vedette_admin", "postgres");
        struct vd_err err = {0};
        struct vd_pg *conn = NULL;
        int rc = vd_pg_open(&conn, &opts, &err);

        vd_pg_close(&conn);
        if (rc == 0)
            return;
        if (i == 1000) {
            show_log(pg);
            die("start", err.msg);
        }
        if (waitpid(pg->pid, NULL, WNOHANG) != 0)
            pg->pid = spawn(pg, argv); /* children of one that was killed hold its memory */
        nap();
    }
}

static void make_database(struct pg_tmp *pg)
{
    static const char *const statements[] = {
        "CREATE ROLE vedette_owner LOGIN", "CREATE ROLE vedette_router LOGIN",
        "CREATE ROLE vedette_console LOGIN", "CREATE ROLE vedette_reader LOGIN",
        "CREATE DATABASE vedette OWNER vedette_owner"};
    struct vd_pg *conn = pg_tmp_connect(pg, "vedette_admin", "postgres");
    struct vd_err err = {0};

    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++)
        if (vd_pg_exec(conn, statements[i], NULL, NULL, &err) < 0)
            die("roles", err.msg);
    vd_pg_close(&conn);
    conn = pg_tmp_connect(pg, "vedette_owner", NULL);
    if (vd_pg_migrate(conn, &err) < 0)
        die("migrate", err.msg);
    vd_pg_close(&conn);
}

void pg_tmp_open(struct pg_tmp *pg)
{
    memset(pg, 0, sizeof *pg);
    snprintf(pg->dir, sizeof pg->dir, "/tmp/vedette-pg-XXXXXX");
    if (mkdtemp(pg->dir) == NULL || chmod(pg->dir, 0777) != 0)
        die("folder", strerror(errno));
    make_data(pg);
    pg_tmp_start(pg);
    make_database(pg);
}

/* The postmaster and its children, which are in sessions of their own. */
void pg_tmp_signal(const struct pg_tmp *pg, int signal)
{
    DIR *proc = opendir("/proc");
    const struct dirent *entry;

    /* the postmaster first: it would start anew what dies; but killed, it leaves orphans that
     * are no longer found, so it is stopped before and killed behind them */
    if (signal != SIGKILL)
        kill(pg->pid, signal);
    while (proc != NULL && (entry = readdir(proc)) != NULL) {
        char path[300], stat[256] = {0};
        long parent = 0;
        const char *rest;
        FILE *f;

        snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
        if (entry->d_name[0] < '1' || entry->d_name[0] > '9' || (f = fopen(path, "r")) == NULL)
            continue;
        if (fgets(stat, sizeof stat, f) != NULL && (rest = strrchr(stat, ')')) != NULL &&
            sscanf(rest + 1, " %*c %ld", &parent) == 1 && parent == pg->pid)
            kill((pid_t)strtol(entry->d_name, NULL, 10), signal);
        fclose(f);
    }
    if (signal == SIGKILL)
        kill(pg->pid, signal);
    if (proc != NULL)
        closedir(proc);
}

void pg_tmp_crash(struct pg_tmp *pg)
{
    pg_tmp_signal(pg, SIGSTOP);
    pg_tmp_signal(pg, SIGKILL);
    waitpid(pg->pid, NULL, 0);
    pg->pid = 0;
}

void pg_tmp_stop(struct pg_tmp *pg)
{
    kill(pg->pid, SIGINT);
    waitpid(pg->pid, NULL, 0);
    pg->pid = 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    return remove(path);
}

void pg_tmp_close(struct pg_tmp *pg)
{
    if (pg->pid > 0) {
        kill(pg->pid, SIGQUIT); /* nothing here is worth a checkpoint */
        waitpid(pg->pid, NULL, 0);
    }
    (void)nftw(pg->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    memset(pg, 0, sizeof *pg);
}

void pg_tmp_fresh(const struct pg_tmp *pg, const char *dbname)
{
    struct vd_pg *conn = pg_tmp_connect(pg, "vedette_admin", "postgres");
    struct vd_err err = {0};
    char sql[160];

    /* of a test's own making: needs no quoting */
    snprintf(sql, sizeof sql, "CREATE DATABASE %s TEMPLATE vedette OWNER vedette_owner",
             dbname);
    if (vd_pg_exec(conn, sql, NULL, NULL, &err) < 0)
        die("fresh database", err.msg);
    vd_pg_close(&conn);
}
