#include "alerts/feed/replay.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/feed/snapshot.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "base/thread.h"
#include "storage/pg/feed.h"

enum { PEER_MAX = 32, ROWS_A_TURN = 200, METRICS_MAX = VD_REPLAY_METRICS_MAX, HWM = 20000 };

static const int64_t FORGET_US = 60000000; /* a session that asks for nothing */
static const int64_t RETRY_US = 500000;
static const int64_t IDLE_US = 500000;

/* One client and what it asked for last. */
struct session {
    uint8_t peer[PEER_MAX];
    size_t peer_len; /* 0: free */
    struct vd_replay_request request;
    bool is_busy; /* the request is not yet answered whole */
    int64_t after, credit, heard_us;
    bool has_snapshot;
    struct vd_snapshot snapshot;
};

struct vd_replay {
    struct vd_replay_opts opts;
    pthread_t thread;
    struct vd_sock *sock; /* NULL: not active */
    struct vd_pg *pg;
    int64_t retry_us; /* not before then, when the database was away */
    struct session sessions[VD_REPLAY_SESSIONS_MAX];
    struct vd_log_gate gate;
    char metrics[METRICS_MAX];
    pthread_mutex_t lock; /* guards what follows */
    bool wants_hang_up;
};

static int64_t mono_us(void)
{
    return vd_clock_system.mono_us(vd_clock_system.self);
}

static void end_request(struct session *s)
{
    if (s->has_snapshot)
        vd_snapshot_fini(&s->snapshot);
    s->has_snapshot = s->is_busy = false;
}

static void end_session(struct session *s)
{
    end_request(s);
    memset(s, 0, sizeof *s);
}

/* ---- answers ---- */

/* False when the peer takes no more now, or is gone. */
static bool answer(struct vd_replay *r, struct session *s, const char *kind, int64_t position,
                   const struct vd_part *more, size_t n_more)
{
    uint8_t bytes[8];
    struct vd_part parts[5] = {
        {s->peer, s->peer_len}, {kind, strlen(kind)}, {bytes, sizeof bytes}};
    int rc;

    vd_be64_put(bytes, (uint64_t)position);
    for (size_t i = 0; i < n_more; i++)
        parts[3 + i] = more[i];
    rc = vd_sock_send(r->sock, parts, 3 + n_more, NULL);
    if (rc == VD_EIO)
        end_session(s); /* nobody is there */
    return rc == 0;
}

static void answer_error(struct vd_replay *r, struct session *s, const char *code,
                         const char *message)
{
    struct vd_json *o = vd_json_object();
    char text[512];
    struct vd_part part = {text, 0};
    int len = -1;

    if (vd_json_set(o, "code", vd_json_text(code)) == 0 &&
        vd_json_set(o, "message", vd_json_text(message)) == 0)
        len = vd_json_print(o, text, sizeof text, NULL);
    vd_json_free(&o);
    if (len <= 0)
        return;
    part.len = (size_t)len;
    end_request(s);
    (void)answer(r, s, "error", 0, &part, 1);
}

/* ---- rows ---- */

struct turn {
    struct vd_replay *r;
    struct session *s;
    int64_t sent; /* position up to which the peer took them */
    bool is_full;
};

static void send_row(void *arg, const struct vd_pg_feed_row *row)
{
    struct turn *t = arg;
    struct vd_part parts[2] = {{row->topic, strlen(row->topic)}, {row->body, row->body_len}};

    if (t->is_full || t->s->peer_len == 0)
        return;
    if (!answer(t->r, t->s, "row", row->position, parts, 2)) {
        t->is_full = true;
        return;
    }
    t->sent = row->position;
    t->s->credit--;
}

/* What "from" or "since" mean, and whether that is still kept. */
static int find_begin(struct vd_replay *r, struct session *s, struct vd_err *err)
{
    int64_t from = s->request.from;
    int rc = 0;

    if (s->after >= 0)
        return 0;
    if (from == 0)
        rc = vd_pg_feed_position_at(r->pg, s->request.since_us, &from, err);
    if (rc >= 0)
        s->after = from - 1;
    return rc;
}

static void complete(struct vd_replay *r, struct session *s)
{
    if (answer(r, s, "complete", s->after, NULL, 0) && s->peer_len != 0)
        (void)answer(r, s, "live", s->after + 1, NULL, 0);
    end_request(s);
}

static int serve_rows(struct vd_replay *r, struct session *s, struct vd_err *err)
{
    struct turn turn = {.r = r, .s = s};
    struct vd_pg_feed_query query = {.prefix = s->request.prefix};
    int64_t through, last, floor;
    int rc = find_begin(r, s, err), limit;

    if (rc < 0)
        return rc;
    limit = s->credit < ROWS_A_TURN ? (int)s->credit : ROWS_A_TURN;
    turn.sent = query.after = through = s->after;
    query.limit = limit;
    rc = vd_pg_feed_read(r->pg, &query, send_row, &turn, &through, err);
    if (rc == VD_EEOF) {
        rc = vd_pg_feed_position(r->pg, &last, &floor, err);
        if (rc >= 0)
            (void)answer(r, s, "expired", floor, NULL, 0);
        end_request(s);
        return rc;
    }
    if (rc < 0 || s->peer_len == 0)
        return rc;
    if (!turn.is_full && through == s->after)
        complete(r, s);
    else
        s->after = turn.is_full ? turn.sent : through;
    return 0;
}

/* ---- snapshot ---- */

static int serve_snapshot(struct vd_replay *r, struct session *s, struct vd_err *err)
{
    int rc = 0;

    if (!s->has_snapshot)
        rc = vd_snapshot_take(r->pg, &s->snapshot, err);
    if (rc < 0)
        return rc;
    if (!s->has_snapshot && s->snapshot.first == NULL)
        s->snapshot.last = &s->snapshot.first;
    s->has_snapshot = true;
    while (s->credit > 0 && s->snapshot.first != NULL) {
        const struct vd_snapshot_part *first = s->snapshot.first;
        struct vd_part parts[2] = {{first->kind, strlen(first->kind)},
                                   {first->json, first->len}};

        if (!answer(r, s, "snapshot", s->snapshot.position, parts, 2))
            return 0;
        free(vd_snapshot_next(&s->snapshot));
        s->credit--;
    }
    if (s->snapshot.first == NULL) {
        s->after = s->snapshot.position;
        complete(r, s);
    }
    return 0;
}

/* ---- requests ---- */

static struct session *session_of(struct vd_replay *r, const struct vd_part *peer)
{
    struct session *spare = NULL;

    for (int i = 0; i < VD_REPLAY_SESSIONS_MAX; i++) {
        struct session *s = &r->sessions[i];

        if (s->peer_len == peer->len && memcmp(s->peer, peer->data, peer->len) == 0)
            return s;
        if (s->peer_len == 0 && spare == NULL)
            spare = s;
    }
    if (spare != NULL) {
        memcpy(spare->peer, peer->data, peer->len);
        spare->peer_len = peer->len;
    }
    return spare;
}

static void take_request(struct vd_replay *r, struct session *s,
                         const struct vd_replay_request *q)
{
    struct vd_part part = {r->metrics, 0};

    switch (q->op) {
    case VD_REPLAY_CREDIT:
        s->credit += q->credit;
        if (s->credit > VD_REPLAY_CREDIT_MAX)
            s->credit = VD_REPLAY_CREDIT_MAX;
        break;
    case VD_REPLAY_METRICS:
        part.len = r->opts.metrics(r->opts.arg, r->metrics, sizeof r->metrics);
        (void)answer(r, s, "metrics", 0, &part, 1);
        if (!s->is_busy)
            end_session(s); /* who only asks, each time from another socket, holds no place */
        break;
    case VD_REPLAY_ROWS:
    case VD_REPLAY_SNAPSHOT:
        end_request(s);
        s->request = *q;
        s->credit = q->credit;
        s->after = -1;
        s->is_busy = true;
        break;
    }
}

/* Of whoever sent the message taken last. */
static bool may_ask(struct vd_replay *r, enum vd_replay_op op)
{
    return r->opts.keys == NULL || op == VD_REPLAY_SNAPSHOT || op == VD_REPLAY_CREDIT ||
           r->opts.listens(r->opts.arg, vd_sock_user(r->sock));
}

static void take_message(struct vd_replay *r, const struct vd_part *parts, int n)
{
    struct vd_replay_request request;
    struct vd_err err = {0};
    struct session *s;

    if (n != 2 || parts[0].len == 0 || parts[0].len > PEER_MAX)
        return;
    s = session_of(r, &parts[0]);
    if (s == NULL) {
        struct session stranger = {.peer_len = parts[0].len};

        memcpy(stranger.peer, parts[0].data, parts[0].len);
        answer_error(r, &stranger, "too-many", "too many clients at once: try again later");
        return;
    }
    s->heard_us = mono_us();
    if (vd_replay_parse(parts[1].data, parts[1].len, &request, &err) < 0)
        answer_error(r, s, "bad-request", err.msg);
    else if (!may_ask(r, request.op))
        answer_error(r, s, "not-yours", "this key gets snapshots alone");
    else
        take_request(r, s, &request);
}

/* ---- the loop ---- */

static bool connect(struct vd_replay *r)
{
    struct vd_err err = {0};
    uint32_t repeats;

    if (r->pg != NULL && vd_pg_is_open(r->pg))
        return true;
    if (mono_us() < r->retry_us)
        return false;
    vd_pg_close(&r->pg);
    if (vd_pg_open(&r->pg, &r->opts.pg, &err) >= 0)
        return true;
    r->retry_us = mono_us() + RETRY_US;
    if (vd_log_gate(&r->gate, (uint32_t)err.code, mono_us(), &repeats))
        LOG_WARN("replay.db", "reason=\"%s\" repeats=%u", err.msg, repeats);
    return false;
}

static bool is_wanting(const struct session *s)
{
    return s->peer_len != 0 && s->is_busy && s->credit > 0;
}

/* A turn for each that has credit. Returns whether anybody still wants something. */
static bool serve(struct vd_replay *r)
{
    bool is_more = false;

    for (int i = 0; i < VD_REPLAY_SESSIONS_MAX; i++) {
        struct session *s = &r->sessions[i];
        struct vd_err err = {0};
        int rc;

        /* One without credit is never written to, so that it has gone would not be seen. */
        if (s->peer_len != 0 && !is_wanting(s) && mono_us() - s->heard_us > FORGET_US)
            end_session(s);
        if (!is_wanting(s))
            continue;
        if (!connect(r)) {
            answer_error(r, s, "not-now", "the database can't be reached: try again");
            continue;
        }
        rc = s->request.op == VD_REPLAY_SNAPSHOT ? serve_snapshot(r, s, &err)
                                                 : serve_rows(r, s, &err);
        if (rc < 0)
            answer_error(r, s, rc == VD_EINVAL ? "bad-request" : "not-now", err.msg);
        is_more = is_more || is_wanting(s);
    }
    return is_more;
}

static void close_all(struct vd_replay *r)
{
    for (int i = 0; i < VD_REPLAY_SESSIONS_MAX; i++)
        end_session(&r->sessions[i]);
    vd_sock_close(&r->sock);
    vd_pg_close(&r->pg);
}

static bool open_socket(struct vd_replay *r)
{
    struct vd_sock_opts opts = {.type = VD_SOCK_ROUTER,
                                .endpoint = r->opts.endpoint,
                                .is_bound = true,
                                .send_hwm = HWM,
                                .message_bytes = VD_REPLAY_REQUEST_MAX,
                                .keys = r->opts.keys,
                                .zap = r->opts.zap,
                                .realm = vd_zap_realm_name(VD_ZAP_REPLAY)};
    struct vd_err err = {0};
    uint32_t repeats;

    if (r->sock != NULL)
        return true;
    if (vd_sock_open(&r->sock, r->opts.bus, &opts, &err) == 0)
        return true;
    if (vd_log_gate(&r->gate, 1, mono_us(), &repeats))
        LOG_ERROR("replay.bind", "reason=\"%s\" repeats=%u", err.msg, repeats);
    return false;
}

static void read_requests(struct vd_replay *r)
{
    struct vd_part parts[VD_BUS_PARTS_MAX];
    int n;

    while ((n = vd_sock_recv(r->sock, parts, NULL)) > 0 || n == VD_EPROTO)
        if (n > 0)
            take_message(r, parts, n);
}

static bool take_hang_up(struct vd_replay *r)
{
    bool wants;

    pthread_mutex_lock(&r->lock);
    wants = r->wants_hang_up;
    r->wants_hang_up = false;
    pthread_mutex_unlock(&r->lock);
    return wants;
}

static void *run(void *arg)
{
    struct vd_replay *r = arg;

    while (!vd_stop_requested(r->opts.stop)) {
        struct vd_poll items[2] = {{.fd = r->opts.stop->fd}};
        bool is_more = false;
        size_t n = 1;

        if (take_hang_up(r) || !r->opts.is_active(r->opts.arg)) {
            close_all(r);
        } else if (open_socket(r)) {
            read_requests(r);
            is_more = serve(r);
            items[n++].sock = r->sock;
        }
        /* Somebody with credit: only look whether others came, then go on. */
        (void)vd_bus_poll(items, n, is_more ? 0 : IDLE_US);
    }
    close_all(r);
    return NULL;
}

int vd_replay_start(struct vd_replay **ret_replay, const struct vd_replay_opts *opts,
                    struct vd_err *err)
{
    struct vd_replay *r = calloc(1, sizeof *r);
    int rc;

    if (r == NULL)
        return vd_err_set(err, VD_ENOMEM, "replay: out of memory");
    r->opts = *opts;
    r->opts.pg.stop_fd = opts->stop->fd;
    pthread_mutex_init(&r->lock, NULL);
    rc = vd_thread_start(&r->thread, "replay", run, r, err);
    if (rc < 0) {
        pthread_mutex_destroy(&r->lock);
        free(r);
        return rc;
    }
    *ret_replay = r;
    return 0;
}

void vd_replay_hang_up(struct vd_replay *r)
{
    pthread_mutex_lock(&r->lock);
    r->wants_hang_up = true;
    pthread_mutex_unlock(&r->lock);
}

void vd_replay_join(struct vd_replay **replay)
{
    if (*replay == NULL)
        return;
    pthread_join((*replay)->thread, NULL);
    pthread_mutex_destroy(&(*replay)->lock);
    free(*replay);
    *replay = NULL;
}
