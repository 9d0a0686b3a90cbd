/* tests/camsim/control.c: list, state, when, fault, clear. A line in, a line of JSON out. */
#include <errno.h>
#include <gio/gunixsocketaddress.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "tests/camsim/sim.h"

enum { WORDS_MAX = 8 };

static struct vd_json *failure(const char *text)
{
    struct vd_json *o = vd_json_object();

    vd_json_set(o, "error", vd_json_text(text));
    return o;
}

static int64_t wall_of(int64_t mono_us)
{
    return mono_us + g_get_real_time() - sim_mono_us();
}

static const struct vd_asset *asset_of(const struct camera *cam)
{
    return cam->video != NULL ? cam->video : cam->hum;
}

static void url_of(const struct camera *cam, const char *suffix, char *text, size_t size)
{
    const char *host = strcmp(cam->sim->bind, "0.0.0.0") == 0 ? "127.0.0.1" : cam->sim->bind;

    snprintf(text, size, "rtsp://%s:%d/%s%s", host, cam->port, cam->spec.id, suffix);
}

static struct vd_json *describe(struct camera *cam)
{
    struct vd_json *o = vd_json_object();
    char url[160], scene[VD_SCENE_TEXT_MAX];
    const struct vd_asset *a = asset_of(cam);

    url_of(cam, "", url, sizeof url);
    vd_scene_format(&cam->spec.scene, scene);
    vd_json_set(o, "camera", vd_json_text(cam->spec.id));
    vd_json_set(o, "url", vd_json_text(url));
    url_of(cam, "/sub", url, sizeof url);
    vd_json_set(o, "sub", vd_json_text(cam->sub != NULL ? url : NULL));
    vd_json_set(o, cam->spec.file[0] != '\0' ? "file" : "scene",
                vd_json_text(cam->spec.file[0] != '\0' ? cam->spec.file : scene));
    vd_json_set(
        o, "codec",
        vd_json_text(cam->video != NULL ? vd_codec_name(cam->spec.encoding.codec) : NULL));
    vd_json_set(o, "width", vd_json_int(a->width));
    vd_json_set(o, "height", vd_json_int(a->height));
    vd_json_set(o, "fps", vd_json_int(cam->spec.scene.fps));
    vd_json_set(o, "gop", vd_json_int(cam->spec.encoding.gop));
    vd_json_set(o, "loop_ms", vd_json_int(a->loop_us / 1000));
    vd_json_set(o, "user", vd_json_text(cam->spec.user[0] != '\0' ? cam->spec.user : NULL));
    vd_json_set(o, "audio", vd_json_bool(cam->spec.audio != VD_AUDIO_NO));
    return o;
}

static struct vd_json *state(struct camera *cam)
{
    struct vd_json *o = vd_json_object();
    const struct vd_asset *a = asset_of(cam);
    int64_t within_us = sim_mono_us() - cam->sim->epoch_us + cam->spec.phase_us;
    struct vd_fault fault;
    uint64_t sent;
    int feeds;

    pacer_look(cam->sim->pacer, cam, &fault, &feeds, &sent);
    vd_json_set(o, "camera", vd_json_text(cam->spec.id));
    vd_json_set(o, "fault", vd_json_text(vd_faults[fault.kind].name));
    vd_json_set(o, "since",
                vd_json_time(fault.kind != VD_FAULT_NONE ? wall_of(fault.since_us) : 0));
    vd_json_set(o, "playing", vd_json_int(feeds));
    vd_json_set(o, "packets", vd_json_int((int64_t)sent));
    vd_json_set(o, "loop", vd_json_int(within_us / a->loop_us));
    vd_json_set(o, "frame",
                vd_json_int(within_us % a->loop_us * cam->spec.scene.fps / 1000000));
    return o;
}

static int64_t crossing_us(const struct camera *cam, int64_t loop, int frame)
{
    return cam->sim->epoch_us - cam->spec.phase_us + loop * cam->video->loop_us +
           (int64_t)frame * 1000000 / cam->spec.scene.fps;
}

static struct vd_json *crossing(const struct camera *cam, int64_t loop, int i, int64_t now_us)
{
    const struct vd_scene_crossing *x = &cam->video->crossings[i];
    int64_t start_us = crossing_us(cam, loop, x->start),
            end_us = crossing_us(cam, loop, x->end + 1);
    struct vd_json *o = vd_json_object();

    vd_json_set(o, "crossing", vd_json_int(loop * cam->video->n_crossings + i));
    vd_json_set(o, "kind", vd_json_text(x->kind == VD_SCENE_PERSON ? "person" : "vehicle"));
    vd_json_set(o, "path", vd_json_text(x->path));
    vd_json_set(o, "start", vd_json_time(wall_of(start_us)));
    vd_json_set(o, "end", vd_json_time(wall_of(end_us)));
    vd_json_set(o, "start_frame", vd_json_int(x->start));
    vd_json_set(o, "end_frame", vd_json_int(x->end));
    vd_json_set(o, "now", vd_json_bool(start_us <= now_us && now_us < end_us));
    return o;
}

/* Crossings that began in the last seconds, and the next one. */
static struct vd_json *when(struct camera *cam, double seconds)
{
    struct vd_json *o = vd_json_object(), *began = vd_json_array();
    int64_t now_us = sim_mono_us(), from_us = now_us - (int64_t)(seconds * 1e6), first;
    bool has_next = false;

    vd_json_set(o, "camera", vd_json_text(cam->spec.id));
    if (from_us < cam->sim->epoch_us)
        from_us = cam->sim->epoch_us;
    if (cam->video != NULL && cam->video->n_crossings > 0) {
        first = (from_us - cam->sim->epoch_us + cam->spec.phase_us) / cam->video->loop_us;
        for (int64_t loop = first; !has_next; loop++) {
            for (int i = 0; i < cam->video->n_crossings && !has_next; i++) {
                int64_t at_us = crossing_us(cam, loop, cam->video->crossings[i].start);

                has_next = at_us > now_us;
                if (has_next)
                    vd_json_set(o, "next", crossing(cam, loop, i, now_us));
                else if (at_us >= from_us)
                    vd_json_append(began, crossing(cam, loop, i, now_us));
            }
        }
    }
    vd_json_set(o, "began", began);
    return o;
}

static struct vd_json *each(struct sim *sim, const char *id,
                            struct vd_json *(*fn)(struct camera *))
{
    struct vd_json *o = vd_json_object(), *list = vd_json_array();

    for (int i = 0; i < sim->n_cameras; i++)
        if (strcmp(id, "all") == 0 || strcmp(id, sim->cameras[i].spec.id) == 0)
            vd_json_append(list, fn(&sim->cameras[i]));
    vd_json_set(o, "now", vd_json_time(g_get_real_time()));
    vd_json_set(o, "cameras", list);
    return o;
}

static struct vd_json *do_when(struct sim *sim, char **words, int n)
{
    struct vd_json *o = vd_json_object(), *list = vd_json_array();
    const char *id = n > 1 ? words[1] : "all";
    double seconds = n > 2 ? strtod(words[2], NULL) : 60.0;

    if (!(seconds >= 0 && seconds < 1e6))
        seconds = 60.0;
    for (int i = 0; i < sim->n_cameras; i++)
        if (strcmp(id, "all") == 0 || strcmp(id, sim->cameras[i].spec.id) == 0)
            vd_json_append(list, when(&sim->cameras[i], seconds));
    vd_json_set(o, "now", vd_json_time(g_get_real_time()));
    vd_json_set(o, "cameras", list);
    return o;
}

static struct vd_json *do_fault(struct sim *sim, char **words, int n)
{
    struct vd_fault fault = {0};
    struct vd_err err = {0};
    struct vd_json *o;
    int done = 0;

    if (n < 2)
        return failure("name a camera, or all");
    if (strcmp(words[0], "fault") == 0 && vd_fault_parse(&fault, words + 2, n - 2, &err) < 0)
        return failure(err.msg);
    for (int i = 0; i < sim->n_cameras; i++) {
        if (strcmp(words[1], "all") != 0 && strcmp(words[1], sim->cameras[i].spec.id) != 0)
            continue;
        if (fault_apply(&sim->cameras[i], &fault, &err) < 0)
            return failure(err.msg);
        done++;
    }
    if (done == 0)
        return failure("no such camera");
    o = vd_json_object();
    vd_json_set(o, "done", vd_json_int(done));
    vd_json_set(o, "at", vd_json_time(g_get_real_time()));
    return o;
}

static struct vd_json *answer(struct sim *sim, char *line)
{
    char *words[WORDS_MAX], *save = NULL;
    int n = 0;

    for (char *w = strtok_r(line, " \t\r\n", &save); w != NULL && n < WORDS_MAX;
         w = strtok_r(NULL, " \t\r\n", &save))
        words[n++] = w;
    if (n == 0)
        return failure("commands: list state when fault clear quit");
    if (strcmp(words[0], "list") == 0)
        return each(sim, n > 1 ? words[1] : "all", describe);
    if (strcmp(words[0], "state") == 0)
        return each(sim, n > 1 ? words[1] : "all", state);
    if (strcmp(words[0], "when") == 0)
        return do_when(sim, words, n);
    if (strcmp(words[0], "fault") == 0 || strcmp(words[0], "clear") == 0)
        return do_fault(sim, words, n);
    if (strcmp(words[0], "quit") == 0) {
        g_main_loop_quit(sim->loop);
        return vd_json_object();
    }
    return failure("commands: list state when fault clear quit");
}

struct caller {
    struct sim *sim;
    GSocketConnection *link;
    GDataInputStream *in;
};

static void on_line(GObject *stream, GAsyncResult *result, gpointer arg);

static void next_line(struct caller *c)
{
    g_data_input_stream_read_line_async(c->in, G_PRIORITY_DEFAULT, NULL, on_line, c);
}

static void on_line(GObject *stream, GAsyncResult *result, gpointer arg)
{
    struct caller *c = arg;
    char *line =
        g_data_input_stream_read_line_finish(G_DATA_INPUT_STREAM(stream), result, NULL, NULL);
    struct vd_json *o;
    char *text;
    size_t len;

    if (line == NULL) {
        g_object_unref(c->in);
        g_io_stream_close(G_IO_STREAM(c->link), NULL, NULL);
        g_object_unref(c->link);
        g_free(c);
        return;
    }
    o = answer(c->sim, line);
    text = vd_json_dump(o, &len);
    if (text != NULL) {
        GOutputStream *out = g_io_stream_get_output_stream(G_IO_STREAM(c->link));

        g_output_stream_write_all(out, text, len, NULL, NULL, NULL);
        g_output_stream_write_all(out, "\n", 1, NULL, NULL, NULL);
    }
    free(text);
    vd_json_free(&o);
    g_free(line);
    next_line(c);
}

static gboolean on_caller(GSocketService *service, GSocketConnection *link, GObject *source,
                          gpointer arg)
{
    struct caller *c = g_new0(struct caller, 1);

    (void)service;
    (void)source;
    c->sim = arg;
    c->link = g_object_ref(link);
    c->in = g_data_input_stream_new(g_io_stream_get_input_stream(G_IO_STREAM(link)));
    next_line(c);
    return TRUE;
}

int control_open(struct sim *sim, const char *path, struct vd_err *err)
{
    GSocketService *service = g_socket_service_new();
    GSocketAddress *address = g_unix_socket_address_new(path);
    GError *why = NULL;
    mode_t before = umask(0077); /* who may spoil cameras: the owner */
    int rc = 0;

    unlink(path); /* a stale one; a living instance has the port, and we would not be here */
    if (!g_socket_listener_add_address(G_SOCKET_LISTENER(service), address,
                                       G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL,
                                       NULL, &why)) {
        rc = vd_err_set(err, VD_EIO, "control socket '%s': %s", path, why->message);
        g_clear_error(&why);
    } else {
        g_signal_connect(service, "incoming", G_CALLBACK(on_caller), sim);
        g_socket_service_start(service);
    }
    umask(before);
    g_object_unref(address);
    return rc;
}
