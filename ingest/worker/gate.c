#include "ingest/worker/gate.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/str.h"

struct vd_gate {
    pthread_mutex_t lock; /* guards all below and every ticket's next and is_in */
    int in_all, per_host, doubtful_max;
    int n_in, n_doubtful;
    struct vd_gate_ticket *waiting; /* oldest first */
    struct vd_gate_ticket *within;
};

int vd_gate_open(struct vd_gate **ret_gate, int in_all, int per_host, struct vd_err *err)
{
    struct vd_gate *g = calloc(1, sizeof *g);

    if (g == NULL)
        return vd_err_set(err, VD_ENOMEM, "gate: out of memory");
    (void)pthread_mutex_init(&g->lock, NULL);
    g->in_all = in_all > 0 ? in_all : 1;
    g->per_host = per_host > 0 ? per_host : 1;
    g->doubtful_max = g->in_all > 1 ? g->in_all / 2 : 1;
    *ret_gate = g;
    return 0;
}

void vd_gate_close(struct vd_gate **gate)
{
    struct vd_gate *g = *gate;

    *gate = NULL;
    if (g == NULL)
        return;
    (void)pthread_mutex_destroy(&g->lock);
    free(g);
}

int vd_gate_ticket_init(struct vd_gate_ticket *t, const char *host, struct vd_err *err)
{
    *t = (struct vd_gate_ticket){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    (void)vd_str_copy(t->host, sizeof t->host, host);
    return t->fd >= 0 ? 0 : vd_err_set(err, VD_EIO, "eventfd: %s", strerror(errno));
}

void vd_gate_ticket_fini(struct vd_gate_ticket *t)
{
    if (t->fd >= 0)
        close(t->fd);
    t->fd = -1;
}

static void take_out(struct vd_gate_ticket **list, struct vd_gate_ticket *t)
{
    while (*list != NULL && *list != t)
        list = &(*list)->next;
    if (*list != NULL)
        *list = t->next;
    t->next = NULL;
}

static bool may_enter(const struct vd_gate *g, const struct vd_gate_ticket *t)
{
    int n = 0;

    if (g->n_in >= g->in_all || (t->is_doubtful && g->n_doubtful >= g->doubtful_max))
        return false;
    for (const struct vd_gate_ticket *other = g->within; other != NULL; other = other->next)
        n += strcmp(other->host, t->host) == 0;
    return n < g->per_host;
}

/* Lets in whoever may, in order. */
static void admit(struct vd_gate *g)
{
    struct vd_gate_ticket **link = &g->waiting;

    while (*link != NULL && g->n_in < g->in_all) {
        struct vd_gate_ticket *t = *link;

        if (!may_enter(g, t)) {
            link = &t->next;
            continue;
        }
        *link = t->next;
        t->next = g->within;
        g->within = t;
        t->is_in = true;
        g->n_in++;
        g->n_doubtful += t->is_doubtful;
        (void)eventfd_write(t->fd, 1);
    }
}

int vd_gate_enter(struct vd_gate *g, struct vd_gate_ticket *t, bool is_doubtful,
                  const struct vd_stop *stop)
{
    struct pollfd p[2] = {{.fd = t->fd, .events = POLLIN}, {.fd = stop->fd, .events = POLLIN}};
    struct vd_gate_ticket **tail = &g->waiting;
    eventfd_t count;
    bool is_in = false;

    pthread_mutex_lock(&g->lock);
    t->is_doubtful = is_doubtful;
    t->is_in = false;
    t->next = NULL;
    while (*tail != NULL)
        tail = &(*tail)->next;
    *tail = t;
    admit(g);
    pthread_mutex_unlock(&g->lock);
    while (!is_in && !vd_stop_requested(stop)) {
        (void)poll(p, 2, -1);
        is_in = (p[0].revents & POLLIN) != 0;
    }
    (void)eventfd_read(t->fd, &count);
    if (is_in)
        return 0;
    vd_gate_leave(g, t); /* it may have been let in just now */
    return VD_ESTOP;
}

void vd_gate_leave(struct vd_gate *g, struct vd_gate_ticket *t)
{
    eventfd_t count;

    pthread_mutex_lock(&g->lock);
    if (t->is_in) {
        take_out(&g->within, t);
        t->is_in = false;
        g->n_in--;
        g->n_doubtful -= t->is_doubtful;
        admit(g);
    } else {
        take_out(&g->waiting, t);
    }
    (void)eventfd_read(t->fd, &count);
    pthread_mutex_unlock(&g->lock);
}
