/* tests/camsim/commands.c: asking a running simulator, and rendering without one. */
#include "tests/camsim/commands.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/str.h"
#include "tests/camsim/fault.h"
#include "tests/camsim/scene.h"

void control_path(int port, char *path, size_t size)
{
    const char *folder = getenv("XDG_RUNTIME_DIR");

    snprintf(path, size, "%s/vedette-camsim-%d.sock", folder != NULL ? folder : "/tmp", port);
}

int command_list_scenes(void)
{
    printf(
        "A scene is PLACE+WORD+WORD=LEVEL…, for instance gate+night+rain=50+seed=3\n\nPlaces:");
    for (int i = 0; vd_scene_place_name(i) != NULL; i++)
        printf(" %s", vd_scene_place_name(i));
    printf(
        "\n\nWords:\n  %-11s no object crosses\n  %-11s the frame number is in the picture\n",
        "quiet", "burn");
    for (int i = 0; vd_scene_with_name(i) != NULL; i++)
        printf("  %-11s %s\n", vd_scene_with_name(i), vd_scene_with_help(i));
    printf("\nSettings: crossings=N loop=SECONDS seed=N fps=N size=WxH\n");
    return EXIT_SUCCESS;
}

int command_list_faults(void)
{
    for (int i = 1; i < VD_FAULT_N; i++)
        printf("  %-8s %-9s %s\n", vd_faults[i].name,
               vd_faults[i].arg != NULL ? vd_faults[i].arg : "", vd_faults[i].help);
    printf("\nEach ends by `clear`, by for=SECONDS, or by itself where it is done once.\n");
    return EXIT_SUCCESS;
}

static int talk(const char *path, const char *line)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    char buf[4096];
    ssize_t n;
    int status = EXIT_FAILURE, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool first = true;

    if (fd < 0 || !vd_str_copy(at.sun_path, sizeof at.sun_path, path) ||
        connect(fd, (struct sockaddr *)&at, sizeof at) < 0) {
        fprintf(stderr, "vedette-camsim: no simulator at '%s': %s\n", path, strerror(errno));
        goto out;
    }
    if (write(fd, line, strlen(line)) < 0 || shutdown(fd, SHUT_WR) < 0)
        goto out;
    status = EXIT_SUCCESS;
    while ((n = read(fd, buf, sizeof buf)) > 0) {
        if (first && strncmp(buf, "{\"error\"", 8) == 0)
            status = EXIT_FAILURE;
        first = false;
        fwrite(buf, 1, (size_t)n, stdout);
    }
out:
    if (fd >= 0)
        close(fd);
    return status;
}

int command_ask(const char *verb, int argc, char **argv)
{
    static const struct option options[] = {
        {"control", required_argument, NULL, 'c'}, {"port", required_argument, NULL, 'p'}, {0}};
    char path[VD_PATH_MAX], line[512];
    size_t len = 0;
    int64_t port;
    int c;

    control_path(8554, path, sizeof path);
    while ((c = getopt_long(argc, argv, "c:p:", options, NULL)) != -1) {
        if (c == 'c')
            vd_str_copy(path, sizeof path, optarg);
        else if (c == 'p' && vd_str_int64(optarg, &port))
            control_path((int)port, path, sizeof path);
        else
            return 2;
    }
    vd_str_add(line, sizeof line, &len, "%s", verb);
    for (int i = optind; i < argc; i++)
        if (!vd_str_add(line, sizeof line, &len, " %s", argv[i]))
            return 2;
    vd_str_add(line, sizeof line, &len, "\n");
    return talk(path, line);
}

struct render {
    const char *out, *y4m, *masks, *truth;
    int64_t from, frames;
};

static int put_plane(const char *folder, const char *suffix, int64_t frame, const uint8_t *data,
                     const struct vd_scene_spec *s)
{
    char path[VD_PATH_MAX];
    FILE *f;
    int rc;

    snprintf(path, sizeof path, "%s/%06lld.%s", folder, (long long)frame, suffix);
    f = fopen(path, "wb");
    if (f == NULL)
        return -1;
    fprintf(f, "P5\n%d %d\n255\n", s->width, s->height);
    rc = fwrite(data, (size_t)s->width, (size_t)s->height, f) == (size_t)s->height ? 0 : -1;
    return fclose(f) != 0 ? -1 : rc;
}

static int clip8(float v)
{
    return v < 0 ? 0 : v > 255 ? 255 : (int)(v + 0.5f);
}

static int put_colour(const char *folder, int64_t frame, const struct vd_scene_picture *p,
                      const struct vd_scene_spec *s)
{
    char path[VD_PATH_MAX];
    FILE *f;

    snprintf(path, sizeof path, "%s/%06lld.ppm", folder, (long long)frame);
    f = fopen(path, "wb");
    if (f == NULL)
        return -1;
    fprintf(f, "P6\n%d %d\n255\n", s->width, s->height);
    for (int y = 0; y < s->height; y++) {
        for (int x = 0; x < s->width; x++) {
            float luma = 1.164f * ((float)p->y[(int64_t)y * p->y_stride + x] - 16.0f);
            float u = (float)p->u[(int64_t)(y / 2) * p->c_stride + x / 2] - 128.0f;
            float v = (float)p->v[(int64_t)(y / 2) * p->c_stride + x / 2] - 128.0f;

            putc(clip8(luma + 1.596f * v), f);
            putc(clip8(luma - 0.392f * u - 0.813f * v), f);
            putc(clip8(luma + 2.017f * u), f);
        }
    }
    return fclose(f);
}

static void put_y4m(FILE *f, const struct vd_scene_picture *p, const struct vd_scene_spec *s)
{
    size_t n = (size_t)s->width * (size_t)s->height;

    fputs("FRAME\n", f);
    fwrite(p->y, 1, n, f);
    fwrite(p->u, 1, n / 4, f);
    fwrite(p->v, 1, n / 4, f);
}

static void put_script(FILE *f, struct vd_scene *scene, const struct vd_scene_spec *s)
{
    const struct vd_scene_crossing *x;
    int n = vd_scene_crossings(scene, &x);
    char text[VD_SCENE_TEXT_MAX];

    vd_scene_format(s, text);
    fprintf(f, "{\"scene\":\"%s\",\"width\":%d,\"height\":%d,\"fps\":%d,\"loop_frames\":%d,\n",
            text, s->width, s->height, s->fps, vd_scene_frames(scene));
    fputs("\"crossings\":[", f);
    for (int i = 0; i < n; i++)
        fprintf(f,
                "%s{\"crossing\":%d,\"kind\":\"%s\",\"path\":\"%s\",\"reversed\":%s,\"start\":%"
                "d,\"end\":%d}",
                i > 0 ? "," : "", i, x[i].kind == VD_SCENE_PERSON ? "person" : "vehicle",
                x[i].path, x[i].reversed ? "true" : "false", x[i].start, x[i].end);
    fputs("],\n\"frames\":[\n", f);
}

static void put_boxes(FILE *f, int64_t frame, const struct vd_scene_picture *p, bool last)
{
    fprintf(f, "{\"frame\":%lld,\"boxes\":[", (long long)frame);
    for (int i = 0; i < p->n_boxes; i++) {
        const struct vd_scene_box *b = &p->boxes[i];

        fprintf(f, "%s{\"crossing\":%d,\"box\":[%.4f,%.4f,%.4f,%.4f],\"pixels\":%d}",
                i > 0 ? "," : "", b->crossing, (double)b->x, (double)b->y, (double)b->w,
                (double)b->h, b->pixels);
    }
    fprintf(f, "]}%s\n", last ? "" : ",");
}

static FILE *begin_y4m(const char *path, const struct vd_scene_spec *s)
{
    FILE *f = strcmp(path, "-") == 0 ? stdout : fopen(path, "wb");

    if (f != NULL)
        fprintf(f, "YUV4MPEG2 W%d H%d F%d:1 Ip A1:1 C420jpeg XCOLORRANGE=LIMITED\n", s->width,
                s->height, s->fps);
    return f;
}

static int render(const struct render *r, struct vd_scene *scene, const struct vd_scene_spec *s)
{
    FILE *y4m = r->y4m != NULL ? begin_y4m(r->y4m, s) : NULL;
    FILE *truth = r->truth != NULL ? fopen(r->truth, "w") : NULL;
    int64_t n = r->frames > 0 ? r->frames : vd_scene_frames(scene);
    int rc = (r->y4m != NULL && y4m == NULL) || (r->truth != NULL && truth == NULL) ? -1 : 0;

    if (truth != NULL)
        put_script(truth, scene, s);
    for (int64_t i = 0; i < n && rc == 0; i++) {
        struct vd_scene_picture p;

        vd_scene_render(scene, r->from + i, &p);
        if (y4m != NULL)
            put_y4m(y4m, &p, s);
        if (r->out != NULL)
            rc |= put_colour(r->out, i, &p, s);
        if (r->masks != NULL)
            rc |= put_plane(r->masks, "pgm", i, p.mask, s);
        if (truth != NULL)
            put_boxes(truth, i, &p, i + 1 == n);
    }
    if (truth != NULL) {
        fputs("]}\n", truth);
        rc |= fclose(truth);
    }
    if (y4m != NULL)
        rc |= fclose(y4m);
    return rc;
}

int command_render(int argc, char **argv)
{
    static const struct option options[] = {{"out", required_argument, NULL, 'o'},
                                            {"y4m", required_argument, NULL, 'y'},
                                            {"masks", required_argument, NULL, 'm'},
                                            {"truth", required_argument, NULL, 't'},
                                            {"frames", required_argument, NULL, 'n'},
                                            {"from", required_argument, NULL, 'f'},
                                            {0}};
    struct render r = {0};
    struct vd_scene_spec spec;
    struct vd_scene *scene = NULL;
    struct vd_err err = {0};
    int c, rc;

    while ((c = getopt_long(argc, argv, "o:y:m:t:n:f:", options, NULL)) != -1) {
        if (c == 'o')
            r.out = optarg;
        else if (c == 'y')
            r.y4m = optarg;
        else if (c == 'm')
            r.masks = optarg;
        else if (c == 't')
            r.truth = optarg;
        else if (c == '?' || !vd_str_int64(optarg, c == 'n' ? &r.frames : &r.from))
            return 2;
    }
    if (optind + 1 != argc) {
        fputs("vedette-camsim render SCENE [--frames N] [--from N] [--out DIR] [--y4m FILE|-] "
              "[--masks DIR] [--truth FILE]\n",
              stderr);
        return 2;
    }
    rc = vd_scene_parse(&spec, argv[optind], &err);
    if (rc >= 0 && r.out != NULL)
        rc = vd_fs_mkdirs(r.out, 0755, &err);
    if (rc >= 0 && r.masks != NULL)
        rc = vd_fs_mkdirs(r.masks, 0755, &err);
    if (rc >= 0)
        rc = vd_scene_open(&scene, &spec, &err);
    if (rc >= 0 && render(&r, scene, &spec) != 0)
        rc = vd_err_set(&err, VD_EIO, "write frames: %s", strerror(errno));
    if (rc < 0)
        fprintf(stderr, "vedette-camsim: %s\n", err.msg);
    vd_scene_close(&scene);
    return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
