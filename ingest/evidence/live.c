#include "ingest/evidence/live.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "ingest/evidence/live_viewer.h"

enum { ROUND_US = 250 * 1000 };

struct vd_live {
    int fd;
    atomic_llong counts[VD_LIVE_N_COUNTS];
    pthread_mutex_t lock; /* guards ports */
    struct vd_live_port **ports;
    int n_ports, room;
    atomic_int changes; /* of ports */
    /* the media thread's own */
    struct vd_live_viewer *viewers; /* of VD_LIVE_VIEWERS_MAX, once there is one */
    int n_viewers, seen_changes;
    struct vd_jpeg *jpeg;
};

int vd_live_open(struct vd_live **ret_live, struct vd_err *err)
{
    struct vd_live *l = calloc(1, sizeof *l);
    int rc;

    if (l == NULL)
        return vd_err_set(err, VD_ENOMEM, "live: out of memory");
    (void)pthread_mutex_init(&l->lock, NULL);
    l->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (l->fd < 0)
        rc = vd_err_set(err, VD_EIO, "live: no event descriptor");
    else
        rc = vd_jpeg_open(&l->jpeg, err);
    if (rc < 0)
        vd_live_close(&l);
    else
        *ret_live = l;
    return rc;
}

void vd_live_close(struct vd_live **live)
{
    struct vd_live *l = *live;

    *live = NULL;
    if (l == NULL)
        return;
    for (int i = 0; i < l->n_viewers; i++)
        vd_live_viewer_turn(&l->viewers[i], NULL, NULL);
    free(l->viewers);
    free(l->ports);
    vd_jpeg_close(&l->jpeg);
    if (l->fd >= 0)
        close(l->fd);
    (void)pthread_mutex_destroy(&l->lock);
    free(l);
}

int vd_live_fd(const struct vd_live *l)
{
    return l->fd;
}

int64_t vd_live_count(const struct vd_live *l, enum vd_live_count count)
{
    return atomic_load(&l->counts[count]);
}

/* ---- who can be watched ---- */

static bool has_room(struct vd_live *l)
{
    int room = l->room > 0 ? l->room * 2 : 16;
    struct vd_live_port **more;

    if (l->n_ports < l->room)
        return true;
    more = realloc(l->ports, (size_t)room * sizeof(struct vd_live_port *));
    if (more == NULL)
        return false;
    l->ports = more;
    l->room = room;
    return true;
}

int vd_live_enter(struct vd_live *l, struct vd_config *cfg, const struct vd_camera_cfg *camera,
                  bool is_main, struct vd_live_port **ret_port, struct vd_err *err)
{
    struct vd_live_port *port = NULL;
    int rc = vd_live_port_new(&port, cfg, camera, is_main, l->fd, err);

    if (rc < 0)
        return rc;
    pthread_mutex_lock(&l->lock);
    if (has_room(l))
        l->ports[l->n_ports++] = vd_live_port_ref(port);
    else
        rc = vd_err_set(err, VD_ENOMEM, "live: out of memory");
    pthread_mutex_unlock(&l->lock);
    (void)atomic_fetch_add(&l->changes, 1);
    if (rc < 0)
        vd_live_port_unref(&port);
    else
        *ret_port = port;
    return rc;
}

void vd_live_leave(struct vd_live *l, struct vd_live_port **port)
{
    struct vd_live_port *listed = NULL;

    if (*port == NULL)
        return;
    pthread_mutex_lock(&l->lock);
    for (int i = 0; i < l->n_ports; i++)
        if (l->ports[i] == *port) {
            listed = l->ports[i];
            l->ports[i] = l->ports[--l->n_ports];
            break;
        }
    pthread_mutex_unlock(&l->lock);
    (void)atomic_fetch_add(&l->changes, 1);
    vd_live_port_break(*port, false);
    vd_live_port_unref(&listed);
    vd_live_port_unref(port);
}

/* The streams of a camera, holds of their own. */
struct pair {
    struct vd_live_port
        *asked; /* the stream asked for, or the other where there is only that */
    struct vd_live_port *decoded;
};

static struct pair find(struct vd_live *l, const char *camera, bool wants_main)
{
    struct pair pair = {NULL, NULL};

    pthread_mutex_lock(&l->lock);
    for (int i = 0; i < l->n_ports; i++) {
        struct vd_live_port *p = l->ports[i];

        if (strcmp(vd_live_port_camera(p)->id, camera) != 0)
            continue;
        if (pair.asked == NULL || vd_live_port_is_main(p) == wants_main)
            pair.asked = p;
        if (vd_live_port_is_decoded(p))
            pair.decoded = p;
    }
    if (pair.asked != NULL)
        (void)vd_live_port_ref(pair.asked);
    if (pair.decoded != NULL)
        (void)vd_live_port_ref(pair.decoded);
    pthread_mutex_unlock(&l->lock);
    return pair;
}

/* Lets the viewer watch what his request names now, if that is another port than before. */
static void turn(struct vd_live *l, struct vd_live_viewer *v, bool is_anew)
{
    struct pair pair = find(l, v->asked.camera, v->asked.wants_main && !v->takes_sub);

    if (is_anew || pair.asked != v->port || pair.decoded != v->decoded)
        vd_live_viewer_turn(v, pair.asked, pair.decoded);
    vd_live_port_unref(&pair.asked);
    vd_live_port_unref(&pair.decoded);
}

/* ---- who watches ---- */

static void remove_viewer(struct vd_live *l, int i)
{
    vd_live_viewer_turn(&l->viewers[i], NULL, NULL);
    l->viewers[i] = l->viewers[--l->n_viewers];
    atomic_store(&l->counts[VD_LIVE_VIEWERS], l->n_viewers);
}

static int find_viewer(const struct vd_live *l, const struct vd_part *peer, uint32_t number)
{
    for (int i = 0; i < l->n_viewers; i++) {
        const struct vd_live_viewer *v = &l->viewers[i];

        if (v->asked.viewer == number && v->peer_len == peer->len &&
            memcmp(v->peer, peer->data, peer->len) == 0)
            return i;
    }
    return -1;
}

static int add_viewer(struct vd_live *l, const struct vd_part *peer, struct vd_err *err)
{
    if (l->viewers == NULL)
        l->viewers = calloc(VD_LIVE_VIEWERS_MAX, sizeof *l->viewers);
    if (l->viewers == NULL)
        return vd_err_set(err, VD_ENOMEM, "live: out of memory");
    if (l->n_viewers == VD_LIVE_VIEWERS_MAX)
        return vd_err_set(err, VD_EAGAIN, "%d streams are watched here already",
                          VD_LIVE_VIEWERS_MAX);
    if (peer->len > VD_LIVE_PEER_MAX)
        return vd_err_set(err, VD_EINVAL, "a peer's name of %zu bytes", peer->len);
    l->viewers[l->n_viewers] = (struct vd_live_viewer){.cursor = VD_LIVE_BEGIN};
    memcpy(l->viewers[l->n_viewers].peer, peer->data, peer->len);
    l->viewers[l->n_viewers].peer_len = peer->len;
    atomic_store(&l->counts[VD_LIVE_VIEWERS], l->n_viewers + 1);
    return l->n_viewers++;
}

static bool has_camera(struct vd_live *l, const char *camera)
{
    struct pair pair = find(l, camera, false);
    bool is_there = pair.asked != NULL;

    vd_live_port_unref(&pair.asked);
    vd_live_port_unref(&pair.decoded);
    return is_there;
}

static bool is_same(const struct vd_live_request *a, const struct vd_live_request *b)
{
    return strcmp(a->camera, b->camera) == 0 && a->wants_main == b->wants_main &&
           a->takes_h265 == b->takes_h265;
}

int vd_live_ask(struct vd_live *l, const struct vd_part *peer,
                const struct vd_live_request *request, int64_t now_us, struct vd_err *err)
{
    int i = find_viewer(l, peer, request->viewer);
    struct vd_live_viewer *v;
    bool is_other;

    if (request->is_end) {
        if (i >= 0)
            remove_viewer(l, i);
        return 0;
    }
    if (!has_camera(l, request->camera))
        return vd_err_set(err, VD_EEOF, "camera '%s' is not of this worker", request->camera);
    if (i < 0 && (i = add_viewer(l, peer, err)) < 0)
        return i;
    v = &l->viewers[i];
    v->lease_us = now_us + VD_LIVE_LEASE_US;
    is_other = !is_same(&v->asked, request);
    if (is_other) {
        v->asked = *request;
        v->takes_sub = false;
    } else {
        v->asked.credit += request->credit;
    }
    if (v->asked.credit > VD_LIVE_CREDIT_MAX)
        v->asked.credit = VD_LIVE_CREDIT_MAX;
    turn(l, v, is_other);
    return 0;
}

/* A configuration that changed has other ports: no viewer stays with one that has left. */
static void follow_ports(struct vd_live *l)
{
    int changes = atomic_load(&l->changes);

    if (changes == l->seen_changes)
        return;
    l->seen_changes = changes;
    for (int i = 0; i < l->n_viewers; i++)
        turn(l, &l->viewers[i], false);
}

/* A main stream of another codec is shown by the sub stream, which may be playable. */
static void settle(struct vd_live *l, struct vd_live_viewer *v)
{
    if (!v->is_unplayable || v->takes_sub || v->port == NULL || v->port == v->decoded)
        return;
    v->takes_sub = true;
    turn(l, v, false);
}

int64_t vd_live_flow(struct vd_live *l, int64_t now_us, vd_live_send_fn *send, void *arg)
{
    struct vd_live_out out = {
        .counts = l->counts, .jpeg = l->jpeg, .send = send, .arg = arg, .now_us = now_us};

    follow_ports(l);
    for (int i = l->n_viewers - 1; i >= 0; i--) {
        struct vd_live_viewer *v = &l->viewers[i];

        if (now_us >= v->lease_us || vd_live_viewer_flow(v, &out) < 0)
            remove_viewer(l, i);
        else
            settle(l, v);
    }
    return l->n_viewers > 0 ? ROUND_US : -1;
}
