/* tests/camsim/main.c: vedette-camsim, cameras that need no camera. */
#include <getopt.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/notify.h"
#include "base/str.h"
#include "tests/camsim/commands.h"
#include "tests/camsim/sim.h"

static const char usage[] =
    "vedette-camsim [serve]            serves cameras at rtsp://127.0.0.1:8554/cam1, …\n"
    "  --port N            0 takes a free one and prints it\n"
    "  --bind ADDRESS      default 127.0.0.1\n"
    "  --preset demo       six cameras with something to see (the default)\n"
    "  --cameras N         N cameras cam1…camN that share the demo's scenes\n"
    "  --camera 'ID K=V …' one more camera, see below\n"
    "  --file FILE         one such line a camera\n"
    "  --cache DIR         keeps encoded scenes for the next start\n"
    "  --control PATH      socket for the commands below\n"
    "vedette-camsim list | state | when [CAM|all [SECONDS]]   asks it   [--port N | --control "
    "PATH]\n"
    "vedette-camsim fault CAM|all KIND [NUMBER] [for=SECONDS] spoils it; clear CAM|all mends "
    "it\n"
    "vedette-camsim scenes | faults                           what there is\n"
    "vedette-camsim render SCENE …                            frames, masks and truth as "
    "files\n"
    "\nA camera is an id and any of:\n";

/* Loops of different lengths, so that the wall is never in step. */
static const char *const demo[] = {
    "cam1 scene=gate+night+insects=40+sway=50+loop=64+crossings=3+seed=5 gop=20",
    "cam2 scene=road+clouds+loop=56+crossings=4+seed=2 gop=20 phase=9",
    "cam3 scene=yard+sway=40+loop=72+crossings=3+seed=3 gop=20 phase=21",
    "cam4 scene=dock+night+rain=60+loop=80+crossings=3+seed=8 gop=20 phase=33",
    "cam5 scene=carpark+sway=40+loop=68+crossings=4+seed=4 gop=20 phase=40",
    "cam6 scene=corridor+loop=60+crossings=3+seed=6 gop=20 phase=52",
};
enum { N_DEMO = sizeof demo / sizeof demo[0] };

struct opts {
    struct vd_camera_spec *specs;
    int n_specs;
    int port;
    const char *bind, *cache;
    char control[VD_PATH_MAX];
};

/* n cameras over the demo's scenes, each a little further in its loop than the one before. */
static int add_demo(struct opts *o, int n, struct vd_err *err)
{
    for (int i = 0; i < n; i++) {
        struct vd_camera_spec *s = &o->specs[o->n_specs];
        int rc;

        if (o->n_specs == VD_CAMSIM_CAMERAS_MAX)
            return vd_err_set(err, VD_EINVAL, "cameras: more than %d", VD_CAMSIM_CAMERAS_MAX);
        rc = vd_camera_parse(s, demo[i % N_DEMO], err);
        if (rc < 0)
            return rc;
        snprintf(s->id, sizeof s->id, "cam%d", i + 1);
        s->phase_us += (int64_t)(i / N_DEMO) * 7310000 + (int64_t)i * 13000;
        o->n_specs++;
    }
    return 0;
}

static int take_option(struct opts *o, int c, const char *arg, struct vd_err *err)
{
    int64_t n = 0;

    switch (c) {
    case 'p':
        if (!vd_str_int64(arg, &n) || n < 0 || n > 65535)
            return vd_err_set(err, VD_EINVAL, "--port '%s' is not 0..65535", arg);
        o->port = (int)n;
        return 0;
    case 'b':
        o->bind = arg;
        return 0;
    case 'P':
        return strcmp(arg, "demo") == 0
                   ? add_demo(o, N_DEMO, err)
                   : vd_err_set(err, VD_EINVAL, "no preset '%s'; there is demo", arg);
    case 'n':
        if (!vd_str_int64(arg, &n) || n < 1 || n > VD_CAMSIM_CAMERAS_MAX)
            return vd_err_set(err, VD_EINVAL, "--cameras '%s' is not 1..%d", arg,
                              VD_CAMSIM_CAMERAS_MAX);
        return add_demo(o, (int)n, err);
    case 'c':
        if (o->n_specs == VD_CAMSIM_CAMERAS_MAX)
            return vd_err_set(err, VD_EINVAL, "cameras: more than %d", VD_CAMSIM_CAMERAS_MAX);
        return vd_camera_parse(&o->specs[o->n_specs], arg, err) < 0 ? VD_EINVAL
                                                                    : (o->n_specs++, 0);
    case 'f':
        return vd_camera_load(o->specs, &o->n_specs, arg, err);
    case 'C':
        o->cache = arg;
        return 0;
    case 's':
        return vd_str_copy(o->control, sizeof o->control, arg) ? 0 : VD_EINVAL;
    default:
        return VD_EINVAL;
    }
}

static int parse(struct opts *o, int argc, char **argv, struct vd_err *err)
{
    static const struct option options[] = {{"port", required_argument, NULL, 'p'},
                                            {"bind", required_argument, NULL, 'b'},
                                            {"preset", required_argument, NULL, 'P'},
                                            {"cameras", required_argument, NULL, 'n'},
                                            {"camera", required_argument, NULL, 'c'},
                                            {"file", required_argument, NULL, 'f'},
                                            {"cache", required_argument, NULL, 'C'},
                                            {"control", required_argument, NULL, 's'},
                                            {0}};
    int c, rc = 0;

    while (rc >= 0 && (c = getopt_long(argc, argv, "", options, NULL)) != -1)
        rc = take_option(o, c, optarg, err);
    if (rc >= 0 && optind != argc)
        rc = vd_err_set(err, VD_EINVAL, "'%s' is not understood; see --help", argv[optind]);
    if (rc >= 0 && o->n_specs == 0)
        rc = add_demo(o, N_DEMO, err);
    return rc;
}

static gboolean on_signal(gpointer arg)
{
    g_main_loop_quit(arg);
    return G_SOURCE_CONTINUE;
}

static void gst_start(const char *cache)
{
    char path[VD_PATH_MAX];

    /* a service may have no home to keep the list of plug-ins in */
    if (cache != NULL && getenv("GST_REGISTRY") == NULL &&
        vd_fs_mkdirs(cache, 0755, NULL) >= 0 &&
        vd_fs_join(path, sizeof path, cache, "gst-registry.bin", NULL) >= 0)
        setenv("GST_REGISTRY", path, 0);
    gst_init(NULL, NULL);
}

static int serve(int argc, char **argv)
{
    static struct sim sim;
    struct opts o = {.port = 8554, .bind = "127.0.0.1"};
    struct vd_err err = {0};
    int rc;

    vd_log_init("vedette-camsim", VD_LOG_INFO);
    vd_json_init();
    signal(SIGPIPE, SIG_IGN);
    o.specs = calloc(VD_CAMSIM_CAMERAS_MAX, sizeof *o.specs);
    rc = o.specs == NULL ? vd_err_set(&err, VD_ENOMEM, "cameras: no memory")
                         : parse(&o, argc, argv, &err);
    if (rc < 0)
        goto out;
    gst_start(o.cache);
    sim.port = o.port;
    sim.cache = o.cache;
    vd_str_copy(sim.bind, sizeof sim.bind, o.bind);
    rc = sim_open(&sim, o.specs, o.n_specs, &err);
    if (rc < 0)
        goto out;
    if (o.control[0] == '\0')
        control_path(sim.port, o.control, sizeof o.control);
    rc = control_open(&sim, o.control, &err);
    if (rc < 0)
        goto out;
    g_unix_signal_add(SIGTERM, on_signal, sim.loop);
    g_unix_signal_add(SIGINT, on_signal, sim.loop);
    printf("port %d\ncontrol %s\ncameras %d\n", sim.port, o.control, sim.n_cameras);
    fflush(stdout);
    vd_notify("READY=1");
    g_main_loop_run(sim.loop);
    unlink(o.control);
out:
    if (rc < 0)
        LOG_ERROR("camsim.exit", "reason=\"%s\"", err.msg);
    if (sim.cameras != NULL)
        sim_close(&sim);
    free(o.specs);
    return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    static const char *const asks[] = {"list", "state", "when", "fault", "clear", "quit"};
    const char *verb = argc > 1 ? argv[1] : "serve";

    if (strcmp(verb, "--help") == 0 || strcmp(verb, "help") == 0) {
        printf("%s%s", usage, vd_camera_help);
        return EXIT_SUCCESS;
    }
    if (verb[0] == '-' || argc < 2)
        return serve(argc, argv);
    if (strcmp(verb, "serve") == 0)
        return serve(argc - 1, argv + 1);
    if (strcmp(verb, "render") == 0)
        return command_render(argc - 1, argv + 1);
    if (strcmp(verb, "scenes") == 0)
        return command_list_scenes();
    if (strcmp(verb, "faults") == 0)
        return command_list_faults();
    for (size_t i = 0; i < sizeof asks / sizeof asks[0]; i++)
        if (strcmp(verb, asks[i]) == 0)
            return command_ask(verb, argc - 1, argv + 1);
    fprintf(stderr, "vedette-camsim: no command '%s'; see --help\n", verb);
    return 2;
}
