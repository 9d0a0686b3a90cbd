/* Cameras put packets and pictures in and come and go with the configuration, while viewers ask
 * and leave: on the worker's side of live view, all at once. */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/stop.h"
#include "base/thread.h"
#include "ingest/evidence/live.h"
#include "tests/support/film.h"
#include "tests/support/tmpdir.h"

enum { CAMERAS = 3, ROUNDS = 40, SENT = 400, VIEWERS = 6, STEP_US = 200, SIDE = 64 };

static struct vd_live *live;
static struct vd_config *cfg;
static struct film film;
static struct vd_stop stop;
static atomic_llong messages;
static long long bytes; /* the media thread's own until it is joined */

static void release(struct vd_picture *picture)
{
    free(picture->owner);
    free(picture);
}

static void show(struct vd_live_port *port)
{
    struct vd_picture *p = calloc(1, sizeof *p);

    assert(p != NULL && (p->owner = calloc(SIDE, SIDE)) != NULL);
    p->plane[0] = p->owner;
    p->stride[0] = p->w = p->h = SIDE;
    p->chroma = VD_CHROMA_GREY;
    p->release = release;
    atomic_init(&p->refs, 1);
    vd_live_port_show(port, &p);
}

/* A camera that is taken out and put back by changes of the configuration. */
static void *camera(void *arg)
{
    const struct vd_camera_cfg *settings = &cfg->cameras[(uintptr_t)arg];

    /* On a machine that is quick and busy the viewers may be late: it goes on until they had
     * something. */
    for (int round = 0; round < ROUNDS || atomic_load(&messages) == 0; round++) {
        struct vd_live_port *port = NULL;

        assert(vd_live_enter(live, cfg, settings, true, &port, NULL) == 0);
        vd_live_port_break(port, true);
        for (int i = 0; i < SENT; i++) {
            vd_live_port_put(port, &film.packets[i % film.n]);
            if (vd_live_port_wants(port))
                show(port);
            if (i == SENT / 2)
                vd_live_port_break(port, round % 2 == 0);
        }
        vd_live_leave(live, &port);
    }
    return NULL;
}

static int take(void *arg, const struct vd_part *peer, const char *head, const void *data,
                size_t len)
{
    long long count;

    (void)arg;
    (void)peer;
    (void)head;
    (void)data;
    bytes += (long long)len;
    count = atomic_fetch_add(&messages, 1) + 1;
    return count % 97 == 0 ? VD_EIO : count % 31 == 0 ? VD_EAGAIN : 0;
}

static void *media(void *arg)
{
    int64_t now_us = 1;

    (void)arg;
    while (!vd_stop_requested(&stop)) {
        struct vd_part peer = {"peer", 4};
        struct vd_live_request request = {.viewer = (uint32_t)(now_us % VIEWERS),
                                          .credit = 100000,
                                          .is_end = now_us % 41 == 0};
        uint64_t count;

        (void)snprintf(request.camera, sizeof request.camera, "cam%d", (int)(now_us % CAMERAS));
        (void)vd_live_ask(live, &peer, &request, now_us * 10000, NULL);
        (void)!read(vd_live_fd(live), &count, sizeof count);
        (void)vd_live_flow(live, now_us * 10000, take, NULL);
        now_us++;
    }
    return NULL;
}

static void *reporter(void *arg)
{
    int64_t sum = 0;

    (void)arg;
    while (!vd_stop_wait(&stop, STEP_US))
        for (int i = 0; i < VD_LIVE_N_COUNTS; i++)
            sum += vd_live_count(live, (enum vd_live_count)i);
    return sum < 0 ? arg : NULL;
}

static void load(void)
{
    struct tmpdir dir;
    FILE *file;

    tmpdir_open(&dir);
    file = fopen(tmpdir_file(&dir, "vedette.yaml"), "w");
    assert(file != NULL);
    (void)fputs("areas: [{code: \"1\", name: One}]\ncameras:\n", file);
    for (int i = 0; i < CAMERAS; i++)
        (void)fprintf(file, "  - {id: cam%d, area: \"1\", url: \"rtsp://127.0.0.1/%d\"}\n", i,
                      i);
    (void)fclose(file);
    assert(vd_config_load(&cfg, dir.path, VD_CONFIG_SECRETS_NONE, NULL, NULL) == 0);
    tmpdir_close(&dir);
}

int main(void)
{
    pthread_t cameras[CAMERAS], mediator, teller;

    vd_json_init();
    load();
    film = film_make(false, 96, 64, 40, 8, 0);
    assert(vd_stop_init(&stop, NULL) == 0 && vd_live_open(&live, NULL) == 0);
    assert(vd_thread_start(&mediator, "media", media, NULL, NULL) == 0);
    assert(vd_thread_start(&teller, "teller", reporter, NULL, NULL) == 0);
    for (uintptr_t i = 0; i < CAMERAS; i++)
        assert(vd_thread_start(&cameras[i], "camera", camera, (void *)i, NULL) == 0);
    for (int i = 0; i < CAMERAS; i++)
        (void)pthread_join(cameras[i], NULL);
    vd_stop_request(&stop);
    (void)pthread_join(mediator, NULL);
    (void)pthread_join(teller, NULL);
    assert(messages > 0 && bytes > 0);
    vd_live_close(&live);
    film_free(&film);
    vd_config_unref(&cfg);
    vd_stop_fini(&stop);
    return 0;
}
