/* vedette camera list, show, probe: what the configuration says, and what the camera does. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/cli/cli.h"
#include "config/print.h"
#include "config/view.h"

static const struct vd_verb verbs[] = {
    {"list", vd_cli_camera_list, "[--config DIR]", "List the cameras, one a line."},
    {"show", vd_cli_camera_show, "[--config DIR] [--given | --json] ID",
     "Print a camera's settings with the defaults (--given: without)."},
    {"add", vd_cli_camera_add,
     "[--config DIR] --url URL [--detect-url URL] [--user NAME (--password-file FILE | "
     "--password-stdin)] [--area CODE] [--name TEXT] [--no-probe] [--dry-run] ID",
     "Probe a camera, write cameras/ID.yaml; a running Vedette takes it by itself."},
    {"probe", vd_cli_camera_probe, "[--config DIR] ID",
     "Open the camera's streams and say what is there."},
    {"remove", vd_cli_camera_remove, "[--config DIR] ID",
     "Take a camera that no rule needs out of the configuration."},
};
enum { N_VERBS = sizeof verbs / sizeof verbs[0] };

int vd_cli_camera(int argc, char **argv)
{
    int rc;

    if (argc < 2 || strcmp(argv[1], "--help") == 0) {
        vd_cli_help(verbs, N_VERBS, "vedette camera");
        return argc < 2 ? VD_CLI_USAGE : VD_CLI_DONE;
    }
    rc = vd_cli_dispatch(verbs, N_VERBS, "vedette camera", argc, argv);
    return rc >= 0
               ? rc
               : vd_cli_fail(VD_CLI_USAGE,
                             "'camera %s' is no command; list, show, add, probe and remove are",
                             argv[1]);
}

struct opts {
    char folder[VD_CONFIG_PATH_MAX];
    const char *id;
    bool is_given, is_json;
};

/* Options of the verbs that look at one camera (or, without id, at all of them). */
static int read_opts(struct opts *opts, bool wants_id, int argc, char **argv)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"state", required_argument, NULL, 's'},
                                            {"given", no_argument, NULL, 'g'},
                                            {"json", no_argument, NULL, 'j'},
                                            {NULL, 0, NULL, 0}};
    const char *config = NULL, *state = NULL;
    int option;

    *opts = (struct opts){0};
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'c')
            config = optarg;
        else if (option == 's')
            state = optarg;
        else if (option == 'g')
            opts->is_given = true;
        else if (option == 'j')
            opts->is_json = true;
        else
            return VD_CLI_USAGE;
    }
    if (wants_id && optind == argc)
        return vd_cli_fail(VD_CLI_USAGE, "camera %s: which one? give its id", argv[0]);
    if (wants_id)
        opts->id = argv[optind++];
    if (optind < argc)
        return vd_cli_fail(VD_CLI_USAGE, "camera %s: what is '%s' for?", argv[0], argv[optind]);
    return vd_cli_folder(config, state, opts->folder);
}

/* Where the camera is reached: never more of a URL than its host. */
static void print_source(const struct vd_camera_cfg *camera)
{
    const char *host = camera->url != NULL ? strstr(camera->url, "://") : NULL;

    if (host != NULL)
        printf("%.*s\n", (int)strcspn(host + 3, "/?#"), host + 3);
    else
        puts("pipeline");
}

int vd_cli_camera_list(int argc, char **argv)
{
    struct vd_config *cfg = NULL;
    struct opts opts;
    int id_width = 2, area_width = 4, rc;

    if ((rc = read_opts(&opts, false, argc, argv)) != 0 ||
        (rc = vd_cli_load(&cfg, opts.folder, NULL, VD_CONFIG_SECRETS_NONE)) != 0)
        return rc;
    for (int i = 0; i < cfg->n_cameras; i++) {
        int id = (int)strlen(cfg->cameras[i].id), area = (int)strlen(cfg->cameras[i].area);

        id_width = id > id_width ? id : id_width;
        area_width = area > area_width ? area : area_width;
    }
    if (cfg->n_cameras > 0)
        printf("%-*s  %-*s  %-8s  %s\n", id_width, "ID", area_width, "AREA", "STATE", "SOURCE");
    else
        fprintf(stderr, "vedette: no cameras in '%s' yet; 'vedette camera add' adds one\n",
                opts.folder);
    for (int i = 0; i < cfg->n_cameras; i++) {
        const struct vd_camera_cfg *camera = &cfg->cameras[i];

        printf("%-*s  %-*s  %-8s  ", id_width, camera->id, area_width, camera->area,
               camera->is_enabled ? "enabled" : "disabled");
        print_source(camera);
    }
    vd_config_unref(&cfg);
    return VD_CLI_DONE;
}

/* The camera, or NULL after saying which is near. */
static const struct vd_camera_cfg *find_camera(const struct vd_config *cfg, const char *id)
{
    const struct vd_camera_cfg *camera = vd_config_camera(cfg, id);

    for (int i = 0; i < cfg->n_cameras && camera == NULL; i++)
        if (vd_text_near(id, cfg->cameras[i].id)) {
            vd_cli_fail(VD_CLI_FAILED, "there is no camera '%s'; did you mean '%s'?", id,
                        cfg->cameras[i].id);
            return NULL;
        }
    if (camera == NULL)
        vd_cli_fail(VD_CLI_FAILED, "there is no camera '%s'; 'vedette camera list' lists them",
                    id);
    return camera;
}

static int print_json(const struct vd_camera_cfg *camera)
{
    struct vd_json *view = vd_view_json(&vd_camera_keys, camera);
    char *text = view != NULL ? vd_json_dump(view, NULL) : NULL;
    int status = text != NULL ? VD_CLI_DONE : vd_cli_fail(VD_CLI_FAILED, "out of memory");

    if (text != NULL)
        puts(text);
    free(text);
    vd_json_free(&view);
    return status;
}

int vd_cli_camera_show(int argc, char **argv)
{
    const struct vd_camera_cfg *camera;
    struct vd_config *cfg = NULL;
    struct opts opts;
    int rc;

    if ((rc = read_opts(&opts, true, argc, argv)) != 0 ||
        (rc = vd_cli_load(&cfg, opts.folder, NULL, VD_CONFIG_SECRETS_NONE)) != 0)
        return rc;
    camera = find_camera(cfg, opts.id);
    if (camera != NULL && opts.is_json) {
        rc = print_json(camera);
    } else if (camera != NULL) {
        puts("cameras:");
        vd_print_yaml(&vd_camera_keys, camera, 4, true, opts.is_given ? VD_PRINT_GIVEN : 0u,
                      stdout);
    }
    vd_config_unref(&cfg);
    return camera != NULL ? rc : VD_CLI_FAILED;
}

int vd_cli_camera_probe(int argc, char **argv)
{
    char program[VD_CONFIG_PATH_MAX], folder[VD_CONFIG_PATH_MAX], id[VD_CONFIG_ID_MAX + 1];
    char name[] = "vedette-probe", option[] = "--config";
    char *args[] = {name, option, folder, id, NULL};
    struct vd_config *cfg = NULL;
    struct opts opts;
    bool is_known;
    int rc;

    if ((rc = read_opts(&opts, true, argc, argv)) != 0 ||
        (rc = vd_cli_load(&cfg, opts.folder, NULL, VD_CONFIG_SECRETS_NONE)) != 0)
        return rc;
    is_known = find_camera(cfg, opts.id) != NULL;
    vd_config_unref(&cfg);
    if (!is_known)
        return VD_CLI_FAILED;
    if (!vd_cli_program("probe", program))
        return vd_cli_fail(VD_CLI_FAILED, "the program vedette-probe is not installed");
    (void)snprintf(folder, sizeof folder, "%s", opts.folder);
    (void)snprintf(id, sizeof id, "%s", opts.id);
    (void)execv(program, args);
    return vd_cli_fail(VD_CLI_FAILED, "'%s': %s", program, strerror(errno));
}
