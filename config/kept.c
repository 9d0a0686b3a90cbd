/* The file: a first line, the revision, then "folder LEN\n" and "file LEN LEN\n" with the bytes
 * that these count. The revision is the hash of the files, so damage shows. */
#include "config/kept.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/str.h"
#include "config/load.h"

static const char FIRST[] = "vedette kept configuration 1\n";

/* What is not read yet. */
struct rest {
    const char *at, *end;
};

/* Takes len bytes as a text of the arena's; NULL when there are not so many, or no memory. */
static const char *take_text(struct rest *rest, struct vd_arena *arena, int64_t len)
{
    const char *text = NULL;

    if (len < 0 || len > rest->end - rest->at)
        return NULL;
    text = vd_arena_text(arena, rest->at, (size_t)len);
    rest->at += len;
    return text;
}

/* Takes a line "word N …" of n numbers. */
static bool take_line(struct rest *rest, const char *word, int64_t *numbers, int n)
{
    char line[64], *at = line, *part;
    const char *stop = memchr(rest->at, '\n', (size_t)(rest->end - rest->at));

    if (stop == NULL || (size_t)(stop - rest->at) >= sizeof line)
        return false;
    (void)snprintf(line, sizeof line, "%.*s", (int)(stop - rest->at), rest->at);
    rest->at = stop + 1;
    part = strsep(&at, " ");
    if (strcmp(part, word) != 0)
        return false;
    for (int i = 0; i < n; i++)
        if ((part = strsep(&at, " ")) == NULL || !vd_str_int64(part, &numbers[i]))
            return false;
    return at == NULL;
}

/* What a file of ours says. Texts are the arena's. */
struct kept {
    char revision[VD_CONFIG_REVISION_LEN + 1];
    const char *folder; /* as it was given */
    const struct vd_config_file *files;
};

static bool parse(struct kept *kept, struct vd_arena *arena, const char *data, size_t len)
{
    const struct vd_config_file **next = &kept->files;
    struct rest rest = {data, data + len};
    int64_t lens[2];

    if (len < sizeof FIRST + VD_CONFIG_REVISION_LEN ||
        memcmp(data, FIRST, sizeof FIRST - 1) != 0 ||
        data[sizeof FIRST - 1 + VD_CONFIG_REVISION_LEN] != '\n')
        return false;
    rest.at += sizeof FIRST - 1;
    memcpy(kept->revision, rest.at, VD_CONFIG_REVISION_LEN);
    rest.at += VD_CONFIG_REVISION_LEN + 1;
    if (!take_line(&rest, "folder", lens, 1) ||
        (kept->folder = take_text(&rest, arena, lens[0])) == NULL)
        return false;
    while (rest.at < rest.end) {
        struct vd_config_file *file = vd_arena_alloc(arena, sizeof *file);

        if (file == NULL || !take_line(&rest, "file", lens, 2) ||
            (file->path = take_text(&rest, arena, lens[0])) == NULL ||
            (file->text = take_text(&rest, arena, lens[1])) == NULL)
            return false;
        file->len = (size_t)lens[1];
        *next = file;
        next = &file->next;
    }
    return kept->files != NULL;
}

/* Whether both name one folder; of one that is gone only the name can tell. */
static bool is_same(const char *given, const char *folder, const char *real_folder)
{
    char *real_given = real_folder != NULL ? realpath(given, NULL) : NULL;
    bool same = strcmp(given, folder) == 0 ||
                (real_given != NULL && strcmp(real_given, real_folder) == 0);

    free(real_given);
    return same;
}

static int load(struct vd_config **ret_cfg, const char *folder, unsigned secrets,
                const char *path, struct vd_err *err)
{
    char *data = NULL, *real = realpath(folder, NULL);
    struct vd_arena arena = {0};
    struct vd_config *cfg = NULL;
    struct kept kept = {0};
    size_t len;
    int rc = vd_fs_read(path, VD_KEPT_MAX, &data, &len, err);

    if (rc < 0)
        goto out;
    if (!parse(&kept, &arena, data, len))
        rc = vd_err_set(err, VD_EINVAL, "it is damaged");
    else if (!is_same(kept.folder, folder, real))
        rc = vd_err_set(err, VD_EINVAL, "it is of the folder '%.60s'", kept.folder);
    else /* a folder that is gone still says where its secrets were */
        rc = vd_load_kept(&cfg, folder, real != NULL ? real : folder, kept.files, secrets, err);
    if (rc == 0 && strcmp(cfg->revision, kept.revision) != 0)
        rc = vd_err_set(err, VD_EINVAL, "it is damaged");
    if (rc == 0) {
        *ret_cfg = cfg;
        cfg = NULL;
    }
out:
    vd_config_unref(&cfg);
    vd_arena_fini(&arena);
    free(data);
    free(real);
    return rc;
}

int vd_config_start(struct vd_config **ret_cfg, const char *folder, unsigned secrets,
                    const char *kept, struct vd_problems *problems, struct vd_err *err)
{
    struct vd_err first = {0}, second = {0};
    int rc = vd_config_load(ret_cfg, folder, secrets, problems, &first);

    if (rc >= 0)
        return rc;
    if (rc == VD_ENOMEM || access(kept, F_OK) != 0)
        return vd_err_set(err, rc, "%s", first.msg);
    if (load(ret_cfg, folder, secrets, kept, &second) < 0)
        return vd_err_set(err, rc, "%.110s; what was kept does not serve: %.50s", first.msg,
                          second.msg);
    (void)vd_err_set(err, rc, "%s", first.msg);
    return 1;
}

/* What is written, and how much of it; data NULL only counts. */
static void put(char *data, size_t *len, const void *bytes, size_t n)
{
    if (data != NULL)
        memcpy(data + *len, bytes, n);
    *len += n;
}

static size_t put_all(char *data, const struct vd_config *cfg)
{
    char line[64];
    size_t len = 0;
    int n;

    put(data, &len, FIRST, sizeof FIRST - 1);
    put(data, &len, cfg->revision, VD_CONFIG_REVISION_LEN);
    n = snprintf(line, sizeof line, "\nfolder %zu\n", strlen(cfg->given));
    put(data, &len, line, (size_t)n);
    put(data, &len, cfg->given, strlen(cfg->given));
    for (const struct vd_config_file *file = cfg->files; file != NULL; file = file->next) {
        n = snprintf(line, sizeof line, "file %zu %zu\n", strlen(file->path), file->len);
        put(data, &len, line, (size_t)n);
        put(data, &len, file->path, strlen(file->path));
        put(data, &len, file->text, file->len);
    }
    return len;
}

int vd_config_keep(const struct vd_config *cfg, const char *kept, struct vd_err *err)
{
    size_t len = put_all(NULL, cfg);
    const char *slash = strrchr(kept, '/');
    char folder[VD_PATH_MAX], *data;
    int rc = 0;

    if (len > VD_KEPT_MAX)
        return vd_err_set(err, VD_EINVAL,
                          "the configuration has %zu bytes, %d are kept at most", len,
                          VD_KEPT_MAX);
    data = malloc(len);
    if (data == NULL)
        return vd_err_set(err, VD_ENOMEM, "configuration: out of memory");
    (void)put_all(data, cfg);
    if (slash != NULL && slash - kept < VD_PATH_MAX) {
        (void)snprintf(folder, sizeof folder, "%.*s", (int)(slash - kept), kept);
        rc = vd_fs_mkdirs(folder, 0700, err);
    }
    if (rc == 0)
        rc = vd_fs_write(kept, data, len, 0600, err);
    free(data);
    return rc;
}
