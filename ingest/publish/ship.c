#include "ingest/publish/ship.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/stop.h"
#include "base/str.h"
#include "base/thread.h"
#include "base/uuid.h"
#include "ingest/publish/flow.h"

enum {
    HELLO_US = 1000 * 1000,
    SILENT_HELLO_US = 5 * 1000 * 1000, /* to a router that says nothing */
    HELLO_PARTS_MAX = 16,
    READ_MAX = 64,
    HWM = 512,
    NOTICE_MAX = 300,
};

struct vd_ship {
    struct vd_ship_opts opts;
    struct vd_stop stop;
    pthread_t thread;
    pthread_mutex_t lock; /* guards stats */
    struct vd_ship_stats stats;
    /* the ship thread's own */
    struct vd_sock *sock;
    struct vd_spool_batch *batch;
    struct vd_flow flow;
    char source[VD_SPOOL_SOURCE_MAX + 1];
    char router[VD_UUID_TEXT];
    int64_t hello_at_us, stop_at_us, heard_us;
    bool is_committing, is_blocked;
    int64_t sent, resent, acked;
    struct vd_log_gate gap_gate, disk_gate;
    char hello[VD_SHIP_HELLO_MAX];
};

static int64_t now_us(void)
{
    return vd_clock_system.mono_us(vd_clock_system.self);
}

static void tell_notice(struct vd_ship *s)
{
    char text[NOTICE_MAX];

    if (vd_spool_notice(s->opts.spool, text, sizeof text) > 0)
        LOG_WARN("spool.notice", "text=\"%s\"", text);
}

/* Asks the spool what is to be shipped. A new source has to be welcomed first. */
static void look(struct vd_ship *s)
{
    struct vd_spool_head head;
    struct vd_err err = {0};
    uint32_t repeats;

    if (vd_spool_head(s->opts.spool, &head, &err) < 0) {
        if (vd_log_gate(&s->disk_gate, 1, now_us(), &repeats))
            LOG_WARN("ship.spool", "repeats=%u reason=\"%s\"", repeats, err.msg);
        return;
    }
    if (strcmp(head.source, s->source) != 0) {
        (void)vd_str_copy(s->source, sizeof s->source, head.source);
        vd_flow_begin(&s->flow, head.first, head.last);
        s->hello_at_us = 0;
        return;
    }
    vd_flow_holds(&s->flow, head.first, head.last);
}

static int send_one(struct vd_ship *s, uint64_t sequence, const char *body, size_t len)
{
    uint8_t number[8];
    struct vd_part parts[3] = {
        {s->source, strlen(s->source)}, {number, sizeof number}, {body, len}};

    vd_be64_put(number, sequence);
    return vd_sock_send(s->sock, parts, 3, NULL);
}

static void say_hello(struct vd_ship *s, int64_t at_us)
{
    bool is_heard = s->heard_us != 0 && at_us - s->heard_us < SILENT_HELLO_US;

    if (at_us < s->hello_at_us || s->source[0] == '\0')
        return;
    for (int part = 0; part < HELLO_PARTS_MAX; part++) {
        int len = s->opts.status(s->opts.arg, part, s->hello, sizeof s->hello);

        if (len <= 0 || send_one(s, 0, s->hello, (size_t)len) < 0)
            break;
    }
    /* Hellos queue up in the socket while nobody is there: then fewer of them. */
    s->hello_at_us =
        at_us + (is_heard || s->heard_us == 0 ? s->opts.hello_us : SILENT_HELLO_US);
}

static void send_window(struct vd_ship *s, int64_t at_us)
{
    int64_t room = vd_flow_room(&s->flow, s->opts.window);
    const struct vd_spool_row *rows;
    struct vd_err err = {0};
    uint32_t repeats;
    int n;

    while (room > 0 && !s->is_blocked) {
        n = vd_spool_read(s->opts.spool, s->source, s->flow.next,
                          room < READ_MAX ? (int)room : READ_MAX, s->batch, &rows, &err);
        if (n < 0 && vd_log_gate(&s->disk_gate, 2, at_us, &repeats))
            LOG_WARN("ship.spool", "repeats=%u reason=\"%s\"", repeats, err.msg);
        if (n <= 0)
            return;
        for (int i = 0; i < n && rows[i].sequence == s->flow.next; i++) {
            if (send_one(s, (uint64_t)rows[i].sequence, rows[i].body, rows[i].len) < 0) {
                s->is_blocked = true;
                break;
            }
            s->sent++;
            s->resent += vd_flow_sent(&s->flow, at_us);
        }
        if (rows[0].sequence > s->flow.next)
            return; /* acknowledged meanwhile: look again */
        room = vd_flow_room(&s->flow, s->opts.window);
    }
}

static void on_welcome(struct vd_ship *s, int64_t number, int64_t at_us)
{
    struct vd_err err = {0};
    int rc;

    if (s->flow.is_welcome)
        return; /* each hello is answered; the first answer counts */
    rc = vd_spool_welcome(s->opts.spool, s->source, number, &err);
    if (rc < 0) {
        LOG_WARN("ship.welcome", "reason=\"%s\"", err.msg);
        return;
    }
    tell_notice(s);
    look(s);
    if (rc == 1)
        return; /* a new source, to be welcomed by itself */
    vd_flow_welcome(&s->flow, number, at_us);
}

static void on_ack(struct vd_ship *s, const char *source, int64_t number, int64_t at_us)
{
    struct vd_err err = {0};
    uint32_t repeats;

    if (vd_spool_ack(s->opts.spool, source, number, &err) < 0 &&
        vd_log_gate(&s->disk_gate, 3, at_us, &repeats))
        LOG_WARN("ship.ack", "repeats=%u reason=\"%s\"", repeats, err.msg);
    if (strcmp(source, s->source) != 0)
        return;
    if (vd_flow_ack(&s->flow, number, at_us))
        s->acked = number;
    if (s->flow.acked >= s->flow.last)
        look(s); /* perhaps another epoch is next */
}

static void on_heartbeat(struct vd_ship *s, const struct vd_part *body)
{
    struct vd_json *doc = NULL;
    const char *router;

    if (body->len > 4096 || vd_json_parse(&doc, body->data, body->len, NULL) < 0)
        return;
    router = vd_json_get_text(doc, "router");
    s->is_committing = true;
    (void)vd_json_as_bool(vd_json_get(doc, "committing"), &s->is_committing);
    if (router != NULL && strcmp(router, s->router) != 0) {
        LOG_INFO("ship.router", "router=%s committing=%d", router, s->is_committing);
        (void)vd_str_copy(s->router, sizeof s->router, router);
        s->flow.is_welcome = false; /* what was in flight may be gone with its predecessor */
        s->hello_at_us = 0;
    }
    vd_json_free(&doc);
}

static void on_message(struct vd_ship *s, const struct vd_part *parts, int n, int64_t at_us)
{
    char source[VD_SPOOL_SOURCE_MAX + 1];
    uint64_t number;
    int64_t value;
    bool is_ours;

    if (n < 3 || n > 4 || parts[0].len >= sizeof source || parts[1].len != 1 ||
        !vd_be64_take(&parts[2], &number) || number > INT64_MAX)
        return; /* no message of ours; the router is trusted, its bytes are not */
    memcpy(source, parts[0].data, parts[0].len);
    source[parts[0].len] = '\0';
    value = (int64_t)number;
    is_ours = strcmp(source, s->source) == 0;
    s->heard_us = at_us;
    switch (*(const char *)parts[1].data) {
    case 'W':
        if (is_ours)
            on_welcome(s, value, at_us);
        break;
    case 'A':
        on_ack(s, source, value, at_us);
        break;
    case 'E':
        if (is_ours && !vd_flow_expected(&s->flow, value)) {
            uint32_t repeats;

            if (value <= s->flow.acked && vd_log_gate(&s->gap_gate, 1, at_us, &repeats))
                LOG_DEBUG("ship.expected", "number=%" PRId64 " acked=%" PRId64, value,
                          s->flow.acked);
        }
        break;
    case 'H':
        if (n == 4)
            on_heartbeat(s, &parts[3]);
        break;
    default:
        break;
    }
}

static void publish_stats(struct vd_ship *s)
{
    struct vd_ship_stats stats = {.is_welcome = s->flow.is_welcome,
                                  .is_committing = s->is_committing,
                                  .heard_us = s->heard_us,
                                  .in_flight = s->flow.next - s->flow.acked - 1,
                                  .sent = s->sent,
                                  .resent = s->resent,
                                  .acked = s->acked};

    pthread_mutex_lock(&s->lock);
    s->stats = stats;
    pthread_mutex_unlock(&s->lock);
}

/* True when the thread may end: all is acknowledged, or it was waited for long enough. */
static bool may_end(struct vd_ship *s, int64_t at_us)
{
    if (!vd_stop_requested(&s->stop))
        return false;
    if (s->stop_at_us == 0)
        s->stop_at_us = at_us + s->opts.drain_us;
    look(s);
    return at_us >= s->stop_at_us || s->flow.acked >= s->flow.last;
}

static int64_t wait_us(const struct vd_ship *s, int64_t at_us)
{
    int64_t until_us = s->hello_at_us;

    if (s->flow.is_welcome && s->flow.next > s->flow.acked + 1 &&
        s->flow.progress_us + s->opts.resend_us < until_us)
        until_us = s->flow.progress_us + s->opts.resend_us;
    if (s->stop_at_us != 0 && s->stop_at_us < until_us)
        until_us = s->stop_at_us;
    return until_us > at_us ? until_us - at_us : 1000;
}

static void wait_for_work(struct vd_ship *s)
{
    /* Once stop is wished its descriptor stays readable: only the others count then. */
    bool is_stopping = s->stop_at_us != 0;
    struct vd_poll items[3] = {{.sock = s->sock, .wants_send = s->is_blocked},
                               {.fd = vd_spool_fd(s->opts.spool)},
                               {.fd = s->stop.fd}};

    (void)vd_bus_poll(items, is_stopping ? 2 : 3, wait_us(s, now_us()));
    if (items[0].is_sendable)
        s->is_blocked = false;
    if (items[1].is_readable) {
        vd_spool_drain(s->opts.spool);
        look(s);
    }
}

static void *run(void *arg)
{
    struct vd_ship *s = arg;

    look(s);
    tell_notice(s);
    for (;;) {
        struct vd_part parts[VD_BUS_PARTS_MAX];
        int64_t at_us = now_us();
        int n;

        while ((n = vd_sock_recv(s->sock, parts, NULL)) > 0 || n == VD_EPROTO)
            if (n > 0)
                on_message(s, parts, n, at_us);
        /* A router without its database acknowledges nothing: sending again helps nobody. */
        if (s->is_committing)
            (void)vd_flow_overdue(&s->flow, s->opts.resend_us, at_us);
        say_hello(s, at_us);
        send_window(s, at_us);
        publish_stats(s);
        if (may_end(s, at_us))
            break;
        wait_for_work(s);
    }
    vd_sock_close(&s->sock);
    return NULL;
}

static int start(struct vd_ship *s, struct vd_err *err)
{
    struct vd_sock_opts sock = {.type = VD_SOCK_DEALER,
                                .endpoint = s->opts.endpoint,
                                .send_hwm = HWM,
                                .recv_hwm = HWM,
                                .keys = s->opts.keys};
    int rc = vd_stop_init(&s->stop, err);

    if (rc == 0)
        rc = vd_spool_batch_new(&s->batch, err);
    if (rc == 0)
        rc = vd_sock_open(&s->sock, s->opts.bus, &sock, err);
    if (rc == 0)
        rc = vd_thread_start(&s->thread, "ship", run, s, err);
    return rc;
}

static void discard(struct vd_ship *s)
{
    vd_sock_close(&s->sock);
    vd_spool_batch_free(&s->batch);
    vd_stop_fini(&s->stop);
    (void)pthread_mutex_destroy(&s->lock);
    free(s);
}

int vd_ship_open(struct vd_ship **ret_ship, const struct vd_ship_opts *opts, struct vd_err *err)
{
    struct vd_ship *s = calloc(1, sizeof *s);
    int rc;

    if (s == NULL)
        return vd_err_set(err, VD_ENOMEM, "ship: out of memory");
    s->opts = *opts;
    s->opts.hello_us = opts->hello_us > 0 ? opts->hello_us : HELLO_US;
    s->stop.fd = -1;
    s->is_committing = true;
    (void)pthread_mutex_init(&s->lock, NULL);
    rc = start(s, err);
    if (rc < 0) {
        discard(s);
        return rc;
    }
    *ret_ship = s;
    return 0;
}

void vd_ship_stats(struct vd_ship *s, struct vd_ship_stats *ret_stats)
{
    pthread_mutex_lock(&s->lock);
    *ret_stats = s->stats;
    pthread_mutex_unlock(&s->lock);
}

void vd_ship_close(struct vd_ship **ship)
{
    struct vd_ship *s = *ship;

    *ship = NULL;
    if (s == NULL)
        return;
    vd_stop_request(&s->stop);
    (void)pthread_join(s->thread, NULL);
    discard(s);
}
