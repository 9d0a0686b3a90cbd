/* storage/pg/cluster_data.c: the server's programs and its folder: found, checked, made. A
 * folder is made beside its place and moved there when it is whole, so that an initdb cut short
 * leaves nothing half. */
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "storage/pg/cluster_run.h"

#define DEBIAN_DIR "/usr/lib/postgresql"

enum { VERSION_MIN = 15, MAKE_MB = 100 };

/* The major version of the folder; 0: no cluster in it. */
static int version_of(const struct vd_cluster *cluster)
{
    char path[VD_PATH_MAX + 16], text[16] = {0};
    FILE *f;

    snprintf(path, sizeof path, "%s/PG_VERSION", cluster->data_dir);
    f = fopen(path, "re");
    if (f == NULL)
        return 0;
    if (fgets(text, sizeof text, f) == NULL)
        text[0] = '\0';
    fclose(f);
    return (int)strtol(text, NULL, 10);
}

bool cluster_exists(const struct vd_cluster *cluster)
{
    return version_of(cluster) != 0;
}

static bool is_installed(int version)
{
    char path[64];

    snprintf(path, sizeof path, DEBIAN_DIR "/%d/bin/postgres", version);
    return access(path, X_OK) == 0;
}

static int newest_installed(void)
{
    DIR *dir = opendir(DEBIAN_DIR);
    const struct dirent *entry;
    int newest = 0;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        int version = (int)strtol(entry->d_name, NULL, 10);

        if (version > newest && is_installed(version))
            newest = version;
    }
    if (dir != NULL)
        closedir(dir);
    return newest;
}

static int check_owner(const struct vd_cluster *cluster, struct vd_err *err)
{
    struct stat st;

    if (stat(cluster->data_dir, &st) != 0)
        return errno == ENOENT ? 0
                               : vd_err_set(err, VD_EIO, "PostgreSQL folder '%s': %s",
                                            cluster->data_dir, strerror(errno));
    if (cluster_exists(cluster) && st.st_uid != cluster->uid)
        return vd_err_set(
            err, VD_EINVAL,
            "PostgreSQL folder '%s' belongs to user id %u, its server runs as %u: "
            "chown -R %u '%s', or name the state folder it belongs to",
            cluster->data_dir, st.st_uid, cluster->uid, cluster->uid, cluster->data_dir);
    return 0;
}

int cluster_find(struct vd_cluster *cluster, const char *bin_dir, struct vd_err *err)
{
    int version = version_of(cluster), newest;
    int rc = check_owner(cluster, err);

    if (rc < 0)
        return rc;
    if (bin_dir != NULL) {
        vd_str_copy(cluster->bin_dir, sizeof cluster->bin_dir, bin_dir);
        return 0;
    }
    newest = newest_installed();
    if (newest < VERSION_MIN)
        return vd_err_set(err, VD_EINVAL,
                          "no PostgreSQL server of version %d or later under '" DEBIAN_DIR
                          "': install the package postgresql, or name a database.url",
                          VERSION_MIN);
    if (version != 0 && !is_installed(version))
        return vd_err_set(err, VD_EINVAL,
                          "PostgreSQL folder '%s' is of version %d, installed is %d: install "
                          "postgresql-%d, or convert the folder with pg_upgrade",
                          cluster->data_dir, version, newest, version);
    snprintf(cluster->bin_dir, sizeof cluster->bin_dir, DEBIAN_DIR "/%d/bin",
             version != 0 ? version : newest);
    return 0;
}

int cluster_check_space(const struct vd_cluster *cluster, unsigned need_mb, struct vd_err *err)
{
    char parent[VD_PATH_MAX];
    unsigned long long free_bytes = 0;
    char *slash;

    vd_str_copy(parent, sizeof parent, cluster->data_dir);
    slash = strrchr(parent, '/');
    if (slash != NULL && slash != parent)
        *slash = '\0';
    if (vd_fs_free_bytes(cluster_exists(cluster) ? cluster->data_dir : parent, &free_bytes,
                         NULL) < 0)
        return 0; /* what is wrong with it shows at the next step */
    if (free_bytes >= (unsigned long long)need_mb << 20)
        return 0;
    return vd_err_set(err, VD_EIO,
                      "disk full: %llu MB free under '%s', PostgreSQL needs %u: make room, or "
                      "shorten retention",
                      free_bytes >> 20, parent, need_mb);
}

/* ---- initdb ---- */

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    return remove(path);
}

static int run_initdb(const struct vd_cluster *cluster, char *folder, const char *password_file,
                      const char *log_file, struct vd_err *err)
{
    char program[VD_PATH_MAX + 16], password[VD_PATH_MAX + 16];
    char admin[] = "--username=" VD_CLUSTER_ADMIN, auth[] = "--auth=scram-sha-256";
    char data_option[] = "--pgdata";
    char checksums[] = "--data-checksums", encoding[] = "--encoding=UTF8";
    char locale[] = "--locale=C.UTF-8", quiet[] = "--no-instructions";
    char *argv[] = {program,   data_option, folder, admin, password, auth,
                    checksums, encoding,    locale, quiet, NULL};
    int status = 0;
    pid_t pid;

    snprintf(program, sizeof program, "%s/initdb", cluster->bin_dir);
    snprintf(password, sizeof password, "--pwfile=%s", password_file);
    pid = cluster_spawn(cluster, argv, log_file, err);
    if (pid < 0)
        return (int)pid;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    return vd_err_set(err, VD_EIO, "initdb of '%s' ended with status %d", cluster->data_dir,
                      WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
}

static const char *reason_in(const char *line)
{
    static const char *const marks[] = {"FATAL:  ", "PANIC:  ", "error: "};

    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        const char *at = strstr(line, marks[i]);

        if (at != NULL)
            return at + strlen(marks[i]);
    }
    return NULL;
}

/* The line of a log that says most: its last one with FATAL, PANIC or error, else its last. */
static void last_line(const char *path, char *text, size_t size)
{
    char line[400];
    bool has_reason = false;
    FILE *f = fopen(path, "re");

    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        bool is_reason = reason_in(line) != NULL;

        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '\0' || (has_reason && !is_reason))
            continue;
        has_reason = has_reason || is_reason;
        /* without time and process id, which the reader of our log has anyway */
        vd_str_copy(text, size, is_reason ? reason_in(line) : line);
    }
    if (f != NULL)
        fclose(f);
}

void cluster_last_words(const struct vd_cluster *cluster, char *text, size_t size)
{
    char folder[VD_PATH_MAX + 8], path[VD_PATH_MAX + 300], newest[VD_PATH_MAX + 300] = "";
    struct timespec newest_time = {0};
    const struct dirent *entry;
    struct stat st;
    DIR *dir;

    text[0] = '\0';
    snprintf(path, sizeof path, "%s/start.log", cluster->data_dir);
    last_line(path, text, size);
    snprintf(folder, sizeof folder, "%s/log", cluster->data_dir);
    dir = opendir(folder);
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) ||
            st.st_mtim.tv_sec < newest_time.tv_sec)
            continue;
        newest_time = st.st_mtim;
        vd_str_copy(newest, sizeof newest, path);
    }
    if (dir != NULL)
        closedir(dir);
    /* until its log is open the server speaks to the other one, and says so at the end */
    if (newest[0] != '\0' && strstr(text, "HINT:") != NULL)
        last_line(newest, text, size);
}

static int make_folder(const struct vd_cluster *cluster, const char *folder, struct vd_err *err)
{
    if (access(folder, F_OK) == 0 && nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
        return vd_err_set(err, VD_EIO, "remove '%s', left by a broken start: %s", folder,
                          strerror(errno));
    if (vd_fs_mkdirs(folder, 0700, err) < 0)
        return VD_EIO;
    if (cluster->drop && chown(folder, cluster->uid, cluster->gid) != 0)
        return vd_err_set(err, VD_EIO, "chown '%s': %s", folder, strerror(errno));
    return 0;
}

int cluster_make(struct vd_cluster *cluster, const char *password_file, struct vd_err *err)
{
    char folder[VD_PATH_MAX + 8], log_file[VD_PATH_MAX + 16];
    char words[120] = "";
    int rc;

    if ((rc = cluster_check_space(cluster, MAKE_MB, err)) < 0)
        return rc;
    snprintf(folder, sizeof folder, "%s.new", cluster->data_dir);
    snprintf(log_file, sizeof log_file, "%s/initdb.log", cluster->socket_dir);
    if ((rc = make_folder(cluster, folder, err)) < 0)
        return rc;
    rc = run_initdb(cluster, folder, password_file, log_file, err);
    if (rc < 0) {
        last_line(log_file, words, sizeof words);
        (void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
        if (cluster_check_space(cluster, MAKE_MB, err) < 0)
            return VD_EIO;
        return vd_err_set(err, VD_EIO, "PostgreSQL folder '%.60s' can't be made: %s",
                          cluster->data_dir, words[0] != '\0' ? words : "initdb ended");
    }
    (void)unlink(log_file);
    if (rename(folder, cluster->data_dir) != 0)
        return vd_err_set(
            err, VD_EINVAL,
            "PostgreSQL folder '%s' is there, but is no cluster (%s): move it away",
            cluster->data_dir, strerror(errno));
    return 0;
}
