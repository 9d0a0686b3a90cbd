/* tests/camsim/sim.c: builds every asset once, however many cameras show it, then the servers.
 */
#include "tests/camsim/sim.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

enum { BUILDERS = 2 };

/* One asset to make: the first camera that needs it makes it, the others borrow it. */
struct build {
    struct vd_camera_spec *spec;
    bool is_sub;
    char key[VD_SCENE_TEXT_MAX + VD_PATH_MAX + 64];
    struct vd_asset *asset;
};

struct builds {
    pthread_mutex_t lock; /* guards next, rc and err */
    struct build *list;
    int n, next, rc;
    const char *cache;
    struct vd_err err;
};

struct camera *sim_find(struct sim *sim, const char *id)
{
    for (int i = 0; i < sim->n_cameras; i++)
        if (strcmp(sim->cameras[i].spec.id, id) == 0)
            return &sim->cameras[i];
    return NULL;
}

static struct vd_scene_spec scene_of(const struct build *b)
{
    struct vd_scene_spec scene = b->spec->scene;

    if (b->is_sub) {
        scene.width = b->spec->sub_width;
        scene.height = b->spec->sub_height;
    }
    return scene;
}

static void write_key(struct build *b)
{
    struct vd_scene_spec scene = scene_of(b);
    char text[VD_SCENE_TEXT_MAX];

    vd_scene_format(&scene, text);
    snprintf(b->key, sizeof b->key, "%s|%s|%s|%d|%d", b->spec->file, text,
             vd_codec_name(b->spec->encoding.codec), b->spec->encoding.gop,
             b->spec->encoding.qp);
}

static struct build *find_build(struct builds *all, struct build *like)
{
    write_key(like);
    for (int i = 0; i < all->n; i++)
        if (strcmp(all->list[i].key, like->key) == 0)
            return &all->list[i];
    return NULL;
}

static void plan(struct builds *all, struct vd_camera_spec *spec, bool is_sub)
{
    struct build b = {.spec = spec, .is_sub = is_sub};

    if (find_build(all, &b) == NULL)
        all->list[all->n++] = b;
}

static struct vd_asset *planned(struct builds *all, struct vd_camera_spec *spec, bool is_sub)
{
    struct build like = {.spec = spec, .is_sub = is_sub}, *b = find_build(all, &like);

    return b != NULL ? b->asset : NULL;
}

static void *build_some(void *arg)
{
    struct builds *all = arg;

    for (;;) {
        struct vd_err err = {0};
        struct build *b = NULL;
        struct vd_scene_spec scene;
        int rc;

        pthread_mutex_lock(&all->lock);
        if (all->next < all->n && all->rc >= 0)
            b = &all->list[all->next++];
        pthread_mutex_unlock(&all->lock);
        if (b == NULL)
            return NULL;
        scene = scene_of(b);
        rc =
            b->spec->file[0] != '\0'
                ? vd_encode_file(&b->asset, b->spec->file, &b->spec->encoding, all->cache, &err)
                : vd_encode_scene(&b->asset, &scene, &b->spec->encoding, all->cache, &err);
        pthread_mutex_lock(&all->lock);
        if (rc < 0 && all->rc >= 0) {
            all->rc = rc;
            vd_err_set(&all->err, rc, "camera '%s': %.150s", b->spec->id, err.msg);
        }
        LOG_INFO("camsim.asset", "done=%d of=%d camera=%s", all->next, all->n, b->spec->id);
        pthread_mutex_unlock(&all->lock);
    }
}

static int build_all(struct sim *sim, struct vd_err *err)
{
    struct builds all = {.cache = sim->cache};
    pthread_t threads[BUILDERS];
    int started = 0;

    all.list = calloc((size_t)sim->n_cameras * 2 + 2, sizeof *all.list);
    if (all.list == NULL)
        return vd_err_set(err, VD_ENOMEM, "cameras: no memory");
    pthread_mutex_init(&all.lock, NULL);
    for (int i = 0; i < sim->n_cameras; i++) {
        struct vd_camera_spec *spec = &sim->cameras[i].spec;

        if (spec->audio != VD_AUDIO_ONLY)
            plan(&all, spec, false);
        if (spec->sub_width > 0)
            plan(&all, spec, true);
    }
    while (started < BUILDERS && pthread_create(&threads[started], NULL, build_some, &all) == 0)
        started++;
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < sim->n_cameras; i++) {
        struct camera *cam = &sim->cameras[i];

        if (cam->spec.audio != VD_AUDIO_ONLY)
            cam->video = planned(&all, &cam->spec, false);
        if (cam->spec.sub_width > 0)
            cam->sub = planned(&all, &cam->spec, true);
    }
    if (all.rc < 0)
        vd_err_set(err, all.err.code, "%s", all.err.msg);
    pthread_mutex_destroy(&all.lock);
    free(all.list);
    return started == 0 ? vd_err_set(err, VD_EIO, "cameras: no thread") : all.rc;
}

static int add_hum(struct sim *sim, struct vd_err *err)
{
    struct vd_asset *hum = NULL;
    int rc = 0;

    for (int i = 0; i < sim->n_cameras && rc >= 0; i++) {
        if (sim->cameras[i].spec.audio == VD_AUDIO_NO)
            continue;
        if (hum == NULL)
            rc = vd_encode_hum(&hum, err);
        sim->cameras[i].hum = hum;
    }
    return rc;
}

static gboolean on_cleanup(gpointer arg)
{
    struct sim *sim = arg;

    for (int i = 0; i < sim->n_cameras; i++) { /* sessions over UDP whose client is gone */
        GstRTSPSessionPool *pool = gst_rtsp_server_get_session_pool(sim->cameras[i].server);

        gst_rtsp_session_pool_cleanup(pool);
        g_object_unref(pool);
    }
    return G_SOURCE_CONTINUE;
}

int sim_open(struct sim *sim, const struct vd_camera_spec *specs, int n, struct vd_err *err)
{
    int rc;

    sim->cameras = calloc((size_t)n + 1, sizeof *sim->cameras);
    if (sim->cameras == NULL)
        return vd_err_set(err, VD_ENOMEM, "cameras: no memory");
    for (int i = 0; i < n; i++) {
        if (sim_find(sim, specs[i].id) != NULL)
            return vd_err_set(err, VD_EINVAL, "camera '%s': twice", specs[i].id);
        sim->cameras[i].spec = specs[i];
        sim->cameras[i].sim = sim;
        sim->n_cameras++;
    }
    rc = build_all(sim, err);
    if (rc >= 0)
        rc = add_hum(sim, err);
    if (rc >= 0)
        rc = pacer_open(&sim->pacer, err);
    if (rc < 0)
        return rc;
    sim->epoch_us = sim_mono_us();
    sim->threads = gst_rtsp_thread_pool_new();
    gst_rtsp_thread_pool_set_max_threads(sim->threads, 2);
    sim->lobby = gst_rtsp_server_new();
    sim->loop = g_main_loop_new(NULL, FALSE);
    for (int i = 0; i < n && rc >= 0; i++)
        rc = mount_camera(&sim->cameras[i], err);
    if (rc >= 0)
        rc = front_open(sim, err);
    g_timeout_add_seconds(5, on_cleanup, sim);
    return rc;
}

void sim_close(struct sim *sim)
{
    /* assets stay mapped: packets of them may still be on their way out */
    if (sim->pacer != NULL)
        front_close(sim);
    pacer_close(&sim->pacer);
}
