/* vedette camera add, remove: changes of the folder that are checked before they are made. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/event.h"
#include "base/fs.h"
#include "base/str.h"
#include "config/bind.h"
#include "config/cli/cli.h"
#include "config/print.h"
#include "config/secret.h"

struct add {
    char folder[VD_CONFIG_PATH_MAX];
    const char *id, *name, *area, *url, *detect_url, *pipeline, *user, *password_file;
    bool reads_password, skips_probe, is_dry;
    char file[VD_CONFIG_ID_MAX + 32];   /* "cameras/<id>.yaml" */
    char secret[VD_CONFIG_ID_MAX + 32]; /* "secrets/<id>" where the password comes by stdin */
};

static int read_add(struct add *add, int argc, char **argv)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"state", required_argument, NULL, 's'},
                                            {"url", required_argument, NULL, 'u'},
                                            {"detect-url", required_argument, NULL, 'd'},
                                            {"pipeline", required_argument, NULL, 'p'},
                                            {"user", required_argument, NULL, 'U'},
                                            {"area", required_argument, NULL, 'a'},
                                            {"name", required_argument, NULL, 'n'},
                                            {"password-stdin", no_argument, NULL, 'P'},
                                            {"password-file", required_argument, NULL, 'f'},
                                            {"no-probe", no_argument, NULL, 'N'},
                                            {"dry-run", no_argument, NULL, 'D'},
                                            {NULL, 0, NULL, 0}};
    const char *config = NULL, *state = NULL;
    const char **texts[128] = {
        ['c'] = &config,          ['s'] = &state,         ['u'] = &add->url,
        ['d'] = &add->detect_url, ['p'] = &add->pipeline, ['U'] = &add->user,
        ['a'] = &add->area,       ['n'] = &add->name,     ['f'] = &add->password_file};
    bool *flags[128] = {
        ['P'] = &add->reads_password, ['N'] = &add->skips_probe, ['D'] = &add->is_dry};
    int option;

    *add = (struct add){0};
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == '?')
            return VD_CLI_USAGE;
        if (texts[option] != NULL)
            *texts[option] = optarg;
        else
            *flags[option] = true;
    }
    if (optind + 1 != argc)
        return vd_cli_fail(VD_CLI_USAGE, "camera add: give one id, such as gate-3");
    add->id = argv[optind];
    return vd_cli_folder(config, state, add->folder);
}

/* What options alone can get wrong. */
static int judge_add(struct add *add)
{
    if (!vd_id_is_valid(add->id))
        return vd_cli_fail(VD_CLI_USAGE,
                           "'%.63s' is no id; use 1 to %d lower-case letters, digits and '-'",
                           add->id, VD_CONFIG_ID_MAX);
    if ((add->url == NULL) == (add->pipeline == NULL))
        return vd_cli_fail(VD_CLI_USAGE, "camera add: give --url, or --pipeline");
    if (add->reads_password && add->password_file != NULL)
        return vd_cli_fail(VD_CLI_USAGE,
                           "camera add: --password-stdin or --password-file, not both");
    if ((add->reads_password || add->password_file != NULL) && add->user == NULL)
        return vd_cli_fail(VD_CLI_USAGE, "camera add: a password needs --user");
    (void)snprintf(add->file, sizeof add->file, "cameras/%s.yaml", add->id);
    if (add->reads_password) {
        (void)snprintf(add->secret, sizeof add->secret, "secrets/%s", add->id);
        add->password_file = add->secret;
    }
    return 0;
}

static int ask_for_area(const struct vd_config *cfg)
{
    enum { SHOWN_MAX = 8 };
    char codes[SHOWN_MAX * (VD_AREA_MAX + 3)] = "";
    size_t len = 0;

    if (cfg->n_areas == 0)
        return vd_cli_fail(VD_CLI_USAGE, "there are no areas yet; vedette.yaml needs 'areas:' "
                                         "with a 'code:' and a 'name:'");
    for (int i = 0; i < cfg->n_areas && i < SHOWN_MAX; i++)
        (void)vd_str_add(codes, sizeof codes, &len, "%s%s", i > 0 ? ", " : "",
                         cfg->areas[i].code);
    return vd_cli_fail(VD_CLI_USAGE, "camera add: give --area CODE, one of %s%s", codes,
                       cfg->n_areas > SHOWN_MAX ? ", …" : "");
}

/* Whether the new camera has a place in the folder as it is. */
static int judge_folder(struct add *add, const struct vd_config *cfg)
{
    const struct vd_camera_cfg *same = vd_config_camera(cfg, add->id);
    char path[VD_PATH_MAX];

    if (same != NULL)
        return vd_cli_fail(VD_CLI_FAILED, "camera '%s' is there already, in %s line %d",
                           add->id, same->file, same->line);
    if (vd_fs_join(path, sizeof path, add->folder, add->file, NULL) < 0)
        return vd_cli_fail(VD_CLI_FAILED, "the path of '%s' is too long", add->file);
    if (access(path, F_OK) == 0)
        return vd_cli_fail(VD_CLI_FAILED, "the file '%s' is there already", path);
    if (add->area == NULL && cfg->n_areas == 1)
        add->area = cfg->areas[0].code;
    if (add->area == NULL)
        return ask_for_area(cfg);
    return 0;
}

/* The text of the new file, from malloc; NULL when there is no memory. */
static char *make_text(const struct add *add, size_t *ret_len)
{
    struct vd_camera_cfg camera = {0};
    struct vd_problems problems = {0};
    struct vd_arena arena = {0};
    struct vd_bind bind = {&arena, &problems, add->file};
    char *text = NULL;
    FILE *out = open_memstream(&text, ret_len);

    if (out == NULL)
        return NULL;
    if (vd_bind(&bind, &vd_camera_keys, NULL, &camera) == 0) { /* defaults */
        camera.id = add->id;
        camera.name = add->name;
        camera.area = add->area;
        camera.url = add->url;
        camera.detect_url = add->detect_url;
        camera.pipeline = add->pipeline;
        camera.user = add->user;
        camera.password_file = add->password_file;
        fputs("cameras:\n", out);
        vd_print_yaml(&vd_camera_keys, &camera, 4, true, VD_PRINT_GIVEN, out);
    }
    vd_arena_fini(&arena);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

/* A password file made by root is for the workers to read, and for nobody else. */
static void give_away(const char *folder, const char *path, bool is_new)
{
    uid_t uid;
    gid_t gid;

    if (!vd_cli_worker(&uid, &gid))
        return;
    if ((is_new && (chown(folder, 0, gid) != 0 || chmod(folder, 0750) != 0)) ||
        chown(path, uid, (gid_t)-1) != 0)
        vd_cli_fail(0, "'%s': %s; see that the workers can read it", path, strerror(errno));
}

static int write_password(const struct add *add, const char *text, size_t len)
{
    char folder[VD_PATH_MAX], path[VD_PATH_MAX];
    struct vd_err err = {0};
    bool is_new;

    if (vd_fs_join(folder, sizeof folder, add->folder, "secrets", &err) < 0 ||
        vd_fs_join(path, sizeof path, folder, add->id, &err) < 0)
        return vd_cli_fail(VD_CLI_FAILED, "%s", err.msg);
    if (access(path, F_OK) == 0)
        return vd_cli_fail(VD_CLI_FAILED,
                           "the file '%s' is there already; give it as --password-file, or "
                           "delete it",
                           path);
    is_new = access(folder, F_OK) != 0;
    if (vd_fs_mkdirs(folder, 0750, &err) < 0 || vd_fs_write(path, text, len, 0600, &err) < 0)
        return vd_cli_fail(VD_CLI_FAILED, "%s", err.msg);
    give_away(folder, path, is_new);
    return 0;
}

static int keep_password(const struct add *add)
{
    char *text = vd_secret_alloc(VD_SECRET_MAX);
    size_t len;
    int status;

    if (text == NULL)
        return vd_cli_fail(VD_CLI_FAILED, "out of memory");
    (void)setvbuf(stdin, NULL, _IONBF, 0); /* no copy of it stays in a buffer */
    len = fread(text, 1, VD_SECRET_MAX, stdin);
    status = write_password(add, text, len);
    vd_secret_free(text);
    return status;
}

/* Runs vedette-probe on one stream of the camera, its words on our stdout. */
static int probe_stream(const struct add *add, const char *url)
{
    char program[VD_CONFIG_PATH_MAX], path[VD_CONFIG_PATH_MAX * 2] = "";
    const char *args[9];
    int n = 0, status = -1;
    pid_t pid;

    if (!vd_cli_program("probe", program))
        return vd_cli_fail(VD_CLI_FAILED,
                           "the program vedette-probe is not installed; --no-probe "
                           "adds the camera without asking it");
    args[n++] = "vedette-probe";
    if (add->user != NULL) {
        args[n++] = "--user";
        args[n++] = add->user;
    }
    if (add->password_file != NULL &&
        vd_secret_path(add->folder, add->password_file, path, sizeof path, NULL) == 0) {
        args[n++] = "--password-file";
        args[n++] = path;
    }
    if (url == NULL)
        args[n++] = "--pipeline";
    args[n++] = url != NULL ? url : add->pipeline;
    args[n] = NULL;
    (void)fflush(stdout);
    pid = fork();
    if (pid == 0) {
        (void)execv(program, (char *const *)(uintptr_t)args); /* which does not write to them */
        _exit(127);
    }
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return pid > 0 && status == 0 ? 0 : VD_CLI_FAILED;
}

static int probe(const struct add *add)
{
    if (add->skips_probe)
        return 0;
    if (probe_stream(add, add->url) == 0 &&
        (add->detect_url == NULL || probe_stream(add, add->detect_url) == 0))
        return 0;
    return vd_cli_fail(VD_CLI_FAILED,
                       "nothing was written; --no-probe adds the camera all the same");
}

static int write_file(const struct add *add, const char *text, size_t len)
{
    char folder[VD_PATH_MAX], path[VD_PATH_MAX];
    struct vd_err err = {0};

    if (vd_fs_join(folder, sizeof folder, add->folder, "cameras", &err) < 0 ||
        vd_fs_join(path, sizeof path, add->folder, add->file, &err) < 0 ||
        vd_fs_mkdirs(folder, 0755, &err) < 0 || vd_fs_write(path, text, len, 0644, &err) < 0)
        return vd_cli_fail(VD_CLI_FAILED, "%s", err.msg);
    printf("added camera '%s' in %s; a running Vedette takes it by itself\n", add->id, path);
    return 0;
}

/* Checks the folder as it will be, asks the camera, and only then writes. */
static int add_camera(const struct add *add)
{
    struct vd_overlay over = {.path = add->file};
    struct vd_config *cfg = NULL;
    char *text = make_text(add, &over.len);
    int rc;

    if (text == NULL)
        return vd_cli_fail(VD_CLI_FAILED, "out of memory");
    over.text = text;
    rc = vd_cli_load(&cfg, add->folder, &over, VD_CONFIG_SECRETS_NONE);
    if (rc == 0 && add->password_file != NULL && !add->is_dry) {
        char path[VD_CONFIG_PATH_MAX * 2];
        struct vd_err err = {0};

        if (vd_secret_path(add->folder, add->password_file, path, sizeof path, &err) < 0 ||
            vd_secret_check(path, NULL, &err) < 0)
            rc = vd_cli_fail(VD_CLI_FAILED, "password file: %s", err.msg);
    }
    if (rc == 0)
        rc = probe(add);
    if (rc == 0 && add->is_dry)
        printf("# %s would hold:\n%s", add->file, text);
    else if (rc == 0)
        rc = write_file(add, text, over.len);
    vd_config_unref(&cfg);
    free(text);
    return rc;
}

int vd_cli_camera_add(int argc, char **argv)
{
    struct vd_config *cfg = NULL;
    struct add add;
    char path[VD_PATH_MAX];
    bool has_written = false;
    int rc;

    if ((rc = read_add(&add, argc, argv)) != 0 || (rc = judge_add(&add)) != 0 ||
        (rc = vd_cli_load(&cfg, add.folder, NULL, VD_CONFIG_SECRETS_NONE)) != 0)
        return rc;
    rc = judge_folder(&add, cfg);
    if (rc == 0 && add.reads_password && !add.is_dry) {
        rc = keep_password(&add);
        has_written = rc == 0;
    }
    if (rc == 0)
        rc = add_camera(&add);
    if (rc != 0 && has_written &&
        vd_fs_join(path, sizeof path, add.folder, add.secret, NULL) == 0)
        (void)unlink(path);
    vd_config_unref(&cfg);
    return rc;
}
