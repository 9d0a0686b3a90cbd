/* The private server: made, left, killed, found damaged; always either running or explained. */
#include <criterion/criterion.h>

#include <fcntl.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "storage/pg/cluster.h"
#include "storage/pg/migrate.h"
#include "tests/support/tmpdir.h"

static struct tmpdir dir;
static struct vd_err err;
static struct vd_cluster *cluster;
static char data_dir[80], socket_dir[80], secrets_dir[80];
static struct vd_cluster_role router_role;

static void set_up(void)
{
    tmpdir_open(&dir);
    chmod(dir.path, 0711); /* the server's user passes through */
    snprintf(data_dir, sizeof data_dir, "%s/pg", dir.path);
    snprintf(socket_dir, sizeof socket_dir, "%s/run/pg", dir.path);
    snprintf(secrets_dir, sizeof secrets_dir, "%s/secrets", dir.path);
}

static void tear_down(void)
{
    vd_cluster_close(&cluster);
    tmpdir_close(&dir);
}

TestSuite(cluster, .init = set_up, .fini = tear_down, .timeout = 100);

static uid_t server_uid(void)
{
    const struct passwd *user = getpwnam("postgres");

    return user != NULL ? user->pw_uid : 65534;
}

static struct vd_cluster_opts opts_of(void)
{
    router_role = (struct vd_cluster_role){"vedette_router", 65534, 65534};
    return (struct vd_cluster_opts){.data_dir = data_dir,
                                    .socket_dir = socket_dir,
                                    .secrets_dir = secrets_dir,
                                    .drop = geteuid() == 0,
                                    .uid = server_uid(),
                                    .gid = server_uid(),
                                    .roles = &router_role,
                                    .n_roles = geteuid() == 0};
}

static void open_cluster(void)
{
    struct vd_cluster_opts opts = opts_of();

    cr_assert_eq(vd_cluster_open(&cluster, &opts, &err), 0, "%s", err.msg);
}

/* Expects a refusal whose message holds text. */
static void assert_refused(int code, const char *text)
{
    struct vd_cluster_opts opts = opts_of();

    cr_assert_eq(vd_cluster_open(&cluster, &opts, &err), code, "%s", err.msg);
    cr_assert_not_null(strstr(err.msg, text), "%s", err.msg);
    cr_assert_null(cluster);
}

static struct vd_pg *connect_as(const char *role, const char *secret_of)
{
    char path[160];
    struct vd_pg_opts opts = {.host = socket_dir, .user = role, .password_file = path};
    struct vd_pg *pg = NULL;

    snprintf(path, sizeof path, "%s/%s", secrets_dir, secret_of);
    return vd_pg_open(&pg, &opts, &err) == 0 ? pg : NULL;
}

static int64_t count_rows(void)
{
    struct vd_pg *pg = connect_as("vedette_owner", "vedette_owner");
    struct vd_pg_rows *rows = NULL;
    int64_t n;

    cr_assert_not_null(pg, "%s", err.msg);
    cr_assert_eq(vd_pg_exec(pg, "SELECT count(*) FROM rule_state", NULL, &rows, &err), 1, "%s",
                 err.msg);
    n = vd_pg_int(rows, 0, 0);
    vd_pg_rows_free(&rows);
    vd_pg_close(&pg);
    return n;
}

static void add_row(const char *role)
{
    struct vd_pg *pg = connect_as(role, role);

    cr_assert_not_null(pg, "%s", err.msg);
    cr_assert_eq(vd_pg_exec(pg,
                            "INSERT INTO rule_state VALUES ('r', gen_random_uuid()::text, '',"
                            " now())",
                            NULL, NULL, &err),
                 1, "%s", err.msg);
    vd_pg_close(&pg);
}

static void migrate(void)
{
    struct vd_pg *pg = connect_as("vedette_owner", "vedette_owner");

    cr_assert_not_null(pg, "%s", err.msg);
    cr_assert_geq(vd_pg_migrate(pg, &err), 1, "%s", err.msg);
    vd_pg_close(&pg);
}

static void assert_secret(const char *role, uid_t uid)
{
    char path[160];
    struct stat st;

    snprintf(path, sizeof path, "%s/%s", secrets_dir, role);
    cr_assert_eq(stat(path, &st), 0);
    cr_assert_eq(st.st_mode & 0777, 0600, "%s", role);
    if (geteuid() == 0)
        cr_assert_eq(st.st_uid, uid, "%s", role);
}

static void assert_sound_server(void)
{
    struct vd_pg *pg = connect_as("vedette_admin", "vedette_admin");
    struct vd_pg_rows *rows = NULL;

    cr_assert_not_null(pg, "%s", err.msg);
    cr_assert_eq(vd_pg_exec(pg,
                            "SELECT current_setting('data_checksums'),"
                            " current_setting('listen_addresses'),"
                            " (SELECT count(*) FROM pg_authid WHERE rolpassword LIKE"
                            " 'SCRAM-SHA-256$%' AND rolname LIKE 'vedette%')",
                            NULL, &rows, &err),
                 1, "%s", err.msg);
    cr_assert_str_eq(vd_pg_text(rows, 0, 0), "on");
    cr_assert_str_eq(vd_pg_text(rows, 0, 1), "");
    cr_assert_eq(vd_pg_int(rows, 0, 2), 5);
    vd_pg_rows_free(&rows);
    vd_pg_close(&pg);
}

Test(cluster, is_made_survives_kills_and_is_found_again)
{
    open_cluster();
    migrate();
    assert_secret("vedette_admin", server_uid());
    assert_secret("vedette_owner", 0);
    assert_secret("vedette_router", 65534);
    assert_sound_server();
    cr_assert_null(connect_as("vedette_router", "vedette_console"), "another's password");
    cr_assert_eq(err.code, VD_EINVAL, "%s", err.msg);
    add_row("vedette_router");
    /* the postmaster is killed: its children end, we start it again */
    kill(vd_cluster_pid(cluster), SIGKILL);
    waitpid(vd_cluster_pid(cluster), NULL, 0);
    vd_cluster_reaped(cluster);
    cr_assert_eq(vd_cluster_restart(cluster, &err), 0, "%s", err.msg);
    cr_assert_eq(count_rows(), 1);
    add_row("vedette_router");
    cr_assert_eq(vd_cluster_stop(cluster, 10000, &err), 0, "%s", err.msg);
    cr_assert_eq(vd_cluster_pid(cluster), 0);
    vd_cluster_close(&cluster);
    /* a secret that was lost heals */
    cr_assert_eq(unlink(tmpdir_file(&dir, "secrets/vedette_owner")), 0);
    open_cluster();
    cr_assert_eq(count_rows(), 2);
}

/* In a process of its own, which is killed while its server runs. */
static void open_and_be_killed(void)
{
    int ends[2], status;
    pid_t pid;
    char ok = 0;

    cr_assert_eq(pipe(ends), 0);
    pid = fork();
    if (pid == 0) {
        struct vd_cluster_opts opts = opts_of();

        prctl(PR_SET_PDEATHSIG, SIGKILL);

        ok = vd_cluster_open(&cluster, &opts, &err) == 0;
        if (write(ends[1], &ok, 1) == 1)
            for (;;)
                pause();
        _exit(1);
    }
    cr_assert_eq(read(ends[0], &ok, 1), 1);
    cr_assert_eq(ok, 1);
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    close(ends[0]);
    close(ends[1]);
}

Test(cluster, what_a_killed_caller_left_is_cleared_away_and_a_stale_pid_file_too)
{
    char path[120], line[240];
    FILE *f;

    open_and_be_killed();
    open_cluster();
    migrate();
    add_row("vedette_owner");
    cr_assert_eq(vd_cluster_stop(cluster, 10000, &err), 0, "%s", err.msg);
    vd_cluster_close(&cluster);
    /* as after a reboot: the number is somebody else's by now, of the server's very user */
    snprintf(path, sizeof path, "%s/postmaster.pid", data_dir);
    f = fopen(path, "w");
    snprintf(line, sizeof line, "%d\n%s\n1\n5432\n%s\n\n", (int)getpid(), data_dir, socket_dir);
    fputs(line, f);
    fclose(f);
    cr_assert_eq(chown(path, server_uid(), server_uid()), 0);
    open_cluster();
    cr_assert_eq(count_rows(), 1);
}

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    fputs(text, f);
    fclose(f);
}

Test(cluster, says_what_is_wrong_with_a_folder)
{
    struct vd_cluster_opts opts;
    char path[120];

    mkdir(data_dir, 0700);
    snprintf(path, sizeof path, "%s/PG_VERSION", data_dir);
    write_file(path, "9\n");
    if (geteuid() == 0) {
        assert_refused(VD_EINVAL, "belongs to user id 0");
        cr_assert_eq(chown(data_dir, server_uid(), server_uid()), 0);
    }
    assert_refused(VD_EINVAL, "is of version 9");
    unlink(path);
    snprintf(path, sizeof path, "%s/letters.txt", data_dir);
    write_file(path, "no database\n");
    assert_refused(VD_EINVAL, "is no cluster");
    cr_assert_eq(access(path, F_OK), 0, "nothing of it was touched");
    opts = opts_of();
    opts.socket_dir = "/tmp/a-folder-with-a-very-long-name/so-long/that-no-socket-can-have-its/"
                      "path/within-the-bytes-of-an-address";
    cr_assert_eq(vd_cluster_open(&cluster, &opts, &err), VD_EINVAL);
    cr_assert_not_null(strstr(err.msg, "shorter"), "%s", err.msg);
    opts = opts_of();
    opts.bin_dir = "/nonexistent";
    unlink(path);
    cr_assert_eq(vd_cluster_open(&cluster, &opts, &err), VD_EIO, "%s", err.msg);
    if (geteuid() == 0) {
        opts = opts_of();
        opts.drop = false;
        cr_assert_eq(vd_cluster_open(&cluster, &opts, &err), VD_EINVAL);
        cr_assert_not_null(strstr(err.msg, "root"), "%s", err.msg);
    }
}

Test(cluster, says_that_the_disk_is_full)
{
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", dir.path, "tmpfs", 0, "size=40m,mode=711") != 0)
        cr_skip_test("needs root and a mount namespace");
    assert_refused(VD_EIO, "disk full");
    cr_assert_not_null(strstr(err.msg, "make room"), "%s", err.msg);
    umount2(dir.path, MNT_DETACH);
}

/* A stopped server still takes the connection, for the kernel does. */
static void assert_connecting_has_a_deadline(void)
{
    struct vd_pg_opts opts = {.host = socket_dir, .user = "vedette_router", .connect_ms = 300};
    int64_t begun_us = vd_clock_system.mono_us(NULL);
    struct vd_pg *pg = NULL;

    kill(vd_cluster_pid(cluster), SIGSTOP);
    cr_assert_eq(vd_pg_open(&pg, &opts, &err), VD_ETIMEOUT, "%s", err.msg);
    kill(vd_cluster_pid(cluster), SIGCONT);
    cr_assert_lt(vd_clock_system.mono_us(NULL) - begun_us, 3000000);
}

Test(cluster, a_server_that_is_silent_or_confirms_what_it_may_lose_is_refused)
{
    struct vd_pg *admin, *pg = NULL;

    open_cluster();
    assert_connecting_has_a_deadline();
    admin = connect_as("vedette_admin", "vedette_admin");
    cr_assert_not_null(admin, "%s", err.msg);
    cr_assert_geq(vd_pg_exec(admin, "ALTER SYSTEM SET fsync = off", NULL, NULL, &err), 0);
    cr_assert_geq(vd_pg_exec(admin, "SELECT pg_reload_conf()", NULL, NULL, &err), 0);
    for (int i = 0; i < 200 && (pg = connect_as("vedette_router", "vedette_router")) != NULL;
         i++) {
        vd_pg_close(&pg);
        vd_pg_wait(admin, 10, -1, NULL);
    }
    cr_assert_null(pg);
    cr_assert_eq(err.code, VD_EINVAL);
    cr_assert_not_null(strstr(err.msg, "fsync=off"), "%s", err.msg);
    vd_pg_close(&admin);
}

/* Commits rows until the server is killed; says how many were confirmed. */
static int64_t commit_until_broken(pid_t *ret_victim)
{
    struct vd_pg *pg = connect_as("vedette_router", "vedette_router");
    int64_t confirmed = 0;

    cr_assert_not_null(pg, "%s", err.msg);
    for (int i = 0; i < 100000; i++) {
        if (vd_pg_exec_prepared(pg,
                                "INSERT INTO rule_state VALUES ('r',"
                                " gen_random_uuid()::text, '', now())",
                                NULL, NULL, &err) != 1)
            break;
        if (++confirmed == 200)
            kill(*ret_victim, SIGKILL);
    }
    cr_assert(err.code == VD_EIO || err.code == VD_ETIMEOUT, "%s", err.msg);
    vd_pg_close(&pg);
    return confirmed;
}

Test(cluster, what_was_committed_before_a_kill_is_there_after_it)
{
    pid_t victim;
    int64_t confirmed;

    open_cluster();
    migrate();
    victim = vd_cluster_pid(cluster);
    confirmed = commit_until_broken(&victim);
    waitpid(victim, NULL, 0);
    vd_cluster_reaped(cluster);
    cr_assert_eq(vd_cluster_restart(cluster, &err), 0, "%s", err.msg);
    cr_assert_geq(count_rows(), confirmed);
    cr_assert_leq(count_rows(), confirmed + 1);
}
