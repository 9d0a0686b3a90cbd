#include "ingest/evidence/live_port.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { ROOM_FIRST = 32, BEHIND_US = 2 * 1000 * 1000 };

struct vd_live_port {
    atomic_int refs;
    struct vd_config *cfg;
    const struct vd_camera_cfg *camera;
    bool is_main, is_masked;
    int wake;
    atomic_int watchers;
    atomic_bool is_asked, is_connected;
    pthread_mutex_t lock;      /* guards all below */
    struct vd_packet *ring;    /* of room, a power of two; packet i lies at i % room */
    uint64_t room, tail, next; /* held: tail .. next - 1 */
    uint64_t key, key_before;  /* where the last key frame lies, and the one before it */
    bool has_key;              /* key is among them */
    size_t bytes;
    struct vd_picture *picture;
    uint64_t n_pictures;
};

static bool is_masked(const struct vd_camera_cfg *camera)
{
    for (int i = 0; i < camera->n_masks; i++)
        if (camera->masks[i].is_private)
            return true;
    return false;
}

int vd_live_port_new(struct vd_live_port **ret_port, struct vd_config *cfg,
                     const struct vd_camera_cfg *camera, bool is_main, int wake,
                     struct vd_err *err)
{
    struct vd_live_port *p = calloc(1, sizeof *p);

    if (p == NULL)
        return vd_err_set(err, VD_ENOMEM, "live: out of memory");
    atomic_init(&p->refs, 1);
    p->cfg = vd_config_ref(cfg);
    p->camera = camera;
    p->is_main = is_main;
    p->is_masked = is_masked(camera);
    p->wake = wake;
    (void)pthread_mutex_init(&p->lock, NULL);
    *ret_port = p;
    return 0;
}

struct vd_live_port *vd_live_port_ref(struct vd_live_port *p)
{
    (void)atomic_fetch_add(&p->refs, 1);
    return p;
}

static void drop_until(struct vd_live_port *p, uint64_t end)
{
    while (p->tail < end) {
        struct vd_packet *packet = &p->ring[p->tail++ % p->room];

        p->bytes -= packet->size;
        vd_packet_unref(packet);
    }
    p->has_key = p->has_key && p->key >= p->tail;
}

/* Lets go of all, and of a place, so that readers see that something is missing. */
static void start_anew(struct vd_live_port *p)
{
    drop_until(p, p->next);
    p->tail = ++p->next;
    p->has_key = false;
}

void vd_live_port_unref(struct vd_live_port **port)
{
    struct vd_live_port *p = *port;

    *port = NULL;
    if (p == NULL || atomic_fetch_sub(&p->refs, 1) != 1)
        return;
    drop_until(p, p->next);
    vd_picture_unref(&p->picture);
    vd_config_unref(&p->cfg);
    (void)pthread_mutex_destroy(&p->lock);
    free(p->ring);
    free(p);
}

const struct vd_camera_cfg *vd_live_port_camera(const struct vd_live_port *p)
{
    return p->camera;
}

bool vd_live_port_is_main(const struct vd_live_port *p)
{
    return p->is_main;
}

bool vd_live_port_is_decoded(const struct vd_live_port *p)
{
    return !p->is_main || p->camera->detect_url == NULL;
}

bool vd_live_port_is_masked(const struct vd_live_port *p)
{
    return p->is_masked;
}

bool vd_live_port_is_connected(const struct vd_live_port *p)
{
    return atomic_load(&p->is_connected);
}

static void wake_reader(struct vd_live_port *p)
{
    uint64_t one = 1;

    if (atomic_load(&p->watchers) > 0)
        (void)!write(p->wake, &one, sizeof one);
}

/* Room for one more, if that is allowed. */
static bool make_room(struct vd_live_port *p)
{
    uint64_t room = p->room > 0 ? p->room * 2 : ROOM_FIRST;
    struct vd_packet *ring;

    if (p->next - p->tail < p->room)
        return true;
    ring = room <= VD_LIVE_PACKETS_MAX ? calloc(room, sizeof *ring) : NULL;
    if (ring == NULL)
        return false;
    for (uint64_t i = p->tail; i < p->next; i++)
        ring[i % room] = p->ring[i % p->room];
    free(p->ring);
    p->ring = ring;
    p->room = room;
    return true;
}

/* Makes way for a packet: what lies before the last key frame goes; while somebody reads, what
 * lies before the one before it; and what is too much in any case. */
static bool make_way(struct vd_live_port *p, const struct vd_packet *packet)
{
    if (packet->is_key) {
        p->key_before = p->has_key ? p->key : p->next;
        p->key = p->next;
        p->has_key = true;
        drop_until(p, atomic_load(&p->watchers) > 0 ? p->key_before : p->key);
    }
    while (p->tail < p->next && p->bytes + packet->size > VD_LIVE_BYTES_MAX)
        drop_until(p, p->tail + 1);
    if (!make_room(p) && p->tail < p->next)
        drop_until(p, p->tail + 1);
    return p->next - p->tail < p->room;
}

void vd_live_port_put(struct vd_live_port *p, const struct vd_packet *packet)
{
    if (p->is_masked || packet->size > VD_LIVE_BYTES_MAX)
        return;
    pthread_mutex_lock(&p->lock);
    if (make_way(p, packet) && vd_packet_ref(&p->ring[p->next % p->room], packet, NULL) == 0) {
        p->next++;
        p->bytes += packet->size;
    } else {
        start_anew(p); /* no memory: what follows can't be decoded without this one */
    }
    pthread_mutex_unlock(&p->lock);
    wake_reader(p);
}

bool vd_live_port_is_watched(const struct vd_live_port *p)
{
    return atomic_load_explicit(&p->watchers, memory_order_relaxed) > 0;
}

bool vd_live_port_wants(struct vd_live_port *p)
{
    return atomic_load_explicit(&p->is_asked, memory_order_relaxed) &&
           atomic_exchange(&p->is_asked, false);
}

void vd_live_port_show(struct vd_live_port *p, struct vd_picture **picture)
{
    struct vd_picture *old;

    pthread_mutex_lock(&p->lock);
    old = p->picture;
    p->picture = *picture;
    p->n_pictures++;
    pthread_mutex_unlock(&p->lock);
    *picture = NULL;
    vd_picture_unref(&old);
    wake_reader(p);
}

void vd_live_port_break(struct vd_live_port *p, bool is_connected)
{
    struct vd_picture *old;

    atomic_store(&p->is_connected, is_connected);
    pthread_mutex_lock(&p->lock);
    start_anew(p);
    old = p->picture;
    p->picture = NULL;
    pthread_mutex_unlock(&p->lock);
    vd_picture_unref(&old);
    wake_reader(p);
}

void vd_live_port_watch(struct vd_live_port *p, int by)
{
    (void)atomic_fetch_add(&p->watchers, by);
}

/* Too far behind: its packets are gone, or old while newer can be begun with. */
static bool is_behind(const struct vd_live_port *p, uint64_t cursor)
{
    if (cursor == VD_LIVE_BEGIN || cursor < p->tail)
        return true;
    return p->has_key && p->key > cursor &&
           p->ring[(p->next - 1) % p->room].mono_us - p->ring[cursor % p->room].mono_us >
               BEHIND_US;
}

int vd_live_port_take(struct vd_live_port *p, uint64_t *cursor, struct vd_packet *ret_packet,
                      bool *ret_has_lost)
{
    int rc = 0;

    *ret_has_lost = false;
    pthread_mutex_lock(&p->lock);
    if (is_behind(p, *cursor)) {
        *ret_has_lost = true;
        *cursor = p->has_key ? p->key : VD_LIVE_BEGIN;
    }
    if (*cursor != VD_LIVE_BEGIN && *cursor < p->next &&
        vd_packet_ref(ret_packet, &p->ring[*cursor % p->room], NULL) == 0) {
        (*cursor)++;
        rc = 1;
    }
    pthread_mutex_unlock(&p->lock);
    return rc;
}

void vd_live_port_ask(struct vd_live_port *p)
{
    atomic_store(&p->is_asked, true);
}

bool vd_live_port_picture(struct vd_live_port *p, uint64_t *seen,
                          struct vd_picture **ret_picture)
{
    bool is_new;

    pthread_mutex_lock(&p->lock);
    is_new = p->picture != NULL && p->n_pictures != *seen;
    if (is_new) {
        *seen = p->n_pictures;
        *ret_picture = vd_picture_ref(p->picture);
    }
    pthread_mutex_unlock(&p->lock);
    return is_new;
}
