#include "ingest/evidence/ring.h"

#include <stdbool.h>
#include <stdlib.h>

enum { ROOM = 256 };

struct vd_ring {
    struct vd_packet *slots; /* packet n lies at n % room */
    size_t room;
    uint64_t first, next; /* held: first <= n < next */
    uint64_t second;      /* the next key frame behind first; 0: none yet */
    uint64_t pin;         /* 0: none */
    uint64_t session;     /* what is before it came from another session */
    size_t bytes, bytes_max;
    int64_t keep_us;
    bool needs_key; /* what comes can't be decoded without what was dropped; then it is empty */
};

static struct vd_packet *slot(const struct vd_ring *r, uint64_t number)
{
    return &r->slots[number % r->room];
}

int vd_ring_open(struct vd_ring **ret_ring, size_t bytes, int64_t keep_us, struct vd_err *err)
{
    struct vd_ring *r = calloc(1, sizeof *r);

    if (r != NULL)
        r->slots = calloc(ROOM, sizeof *r->slots);
    if (r == NULL || r->slots == NULL) {
        free(r);
        return vd_err_set(err, VD_ENOMEM, "ring: out of memory");
    }
    r->room = ROOM;
    r->first = r->next = 1;
    r->bytes_max = bytes;
    r->keep_us = keep_us;
    r->needs_key = true;
    *ret_ring = r;
    return 0;
}

/* Lets go of all before number. */
static void drop(struct vd_ring *r, uint64_t number)
{
    for (; r->first < number; r->first++) {
        struct vd_packet *p = slot(r, r->first);

        r->bytes -= p->size + VD_RING_OVERHEAD;
        vd_packet_unref(p);
    }
    r->second = 0;
    for (uint64_t n = r->first + 1; n < r->next && r->second == 0; n++)
        if (slot(r, n)->is_key)
            r->second = n;
}

void vd_ring_close(struct vd_ring **ring)
{
    struct vd_ring *r = *ring;

    *ring = NULL;
    if (r == NULL)
        return;
    drop(r, r->next);
    free(r->slots);
    free(r);
}

static bool grow(struct vd_ring *r)
{
    struct vd_packet *slots;

    if (r->next - r->first < r->room)
        return true;
    if (r->room >= VD_RING_PACKETS_MAX)
        return false;
    slots = calloc(r->room * 2, sizeof *slots);
    if (slots == NULL)
        return false;
    for (uint64_t n = r->first; n < r->next; n++)
        slots[n % (r->room * 2)] = *slot(r, n);
    free(r->slots);
    r->slots = slots;
    r->room *= 2;
    return true;
}

/* The first group goes for lack of room, or all there is. Returns how many are missed: none
 * that is older than it need be. */
static int sacrifice(struct vd_ring *r, int64_t now_us)
{
    uint64_t to = r->second != 0 ? r->second : r->next;
    bool is_young = r->second == 0 || slot(r, to)->mono_us > now_us - r->keep_us ||
                    (r->pin != 0 && to > r->pin);
    int n = (int)(to - r->first);

    r->needs_key = r->second == 0;
    drop(r, to);
    return is_young ? n : 0;
}

static void forget_old(struct vd_ring *r, int64_t now_us)
{
    while (r->second != 0 && (r->pin == 0 || r->second <= r->pin) &&
           slot(r, r->second)->mono_us <= now_us - r->keep_us)
        drop(r, r->second);
}

/* Not taken: the ring is empty, its number is used up all the same, for readers to see. */
static int refuse(struct vd_ring *r)
{
    drop(r, r->next);
    r->needs_key = true;
    r->first = ++r->next;
    return 1;
}

int vd_ring_put(struct vd_ring *r, const struct vd_packet *packet)
{
    size_t bytes = packet->size + VD_RING_OVERHEAD;
    int lost = 0;

    if (r->session > r->first)
        drop(r, r->pin == 0 || r->pin > r->session ? r->session
                : r->pin > r->first                ? r->pin
                                                   : r->first);
    forget_old(r, packet->mono_us);
    while (r->first < r->next && (r->bytes + bytes > r->bytes_max || !grow(r)))
        lost += sacrifice(r, packet->mono_us);
    if ((r->needs_key && !packet->is_key) || bytes > r->bytes_max)
        return lost + refuse(r);
    if (vd_packet_ref(slot(r, r->next), packet, NULL) < 0) {
        lost += (int)(r->next - r->first);
        return lost + refuse(r);
    }
    r->needs_key = false;
    if (packet->is_key && r->first < r->next && r->second == 0)
        r->second = r->next;
    r->next++;
    r->bytes += bytes;
    return lost;
}

void vd_ring_break(struct vd_ring *r)
{
    r->session = r->next;
}

void vd_ring_pin(struct vd_ring *r, uint64_t number)
{
    r->pin = number;
}

uint64_t vd_ring_seek(const struct vd_ring *r, int64_t mono_us)
{
    uint64_t first = r->session > r->first && r->session < r->next ? r->session : r->first;

    if (first == r->next)
        return 0;
    for (uint64_t n = r->next - 1; n > first; n--)
        if (slot(r, n)->is_key && slot(r, n)->mono_us <= mono_us)
            return n;
    return first;
}

int vd_ring_take(struct vd_ring *r, uint64_t *number, struct vd_packet *ret_packet,
                 uint64_t *ret_lost, struct vd_err *err)
{
    uint64_t n = *number < r->first ? r->first : *number;
    int rc;

    *ret_lost = n - *number;
    *number = n;
    if (n >= r->next)
        return 0;
    rc = vd_packet_ref(ret_packet, slot(r, n), err);
    if (rc < 0)
        return rc;
    *number = n + 1;
    return 1;
}

void vd_ring_facts(const struct vd_ring *r, struct vd_ring_facts *ret_facts)
{
    bool is_empty = r->first == r->next;

    *ret_facts = (struct vd_ring_facts){
        .bytes = r->bytes,
        .first = r->first,
        .next = r->next,
        .from_us = is_empty ? 0 : slot(r, r->first)->mono_us,
        .to_us = is_empty ? 0 : slot(r, r->next - 1)->mono_us,
    };
}
