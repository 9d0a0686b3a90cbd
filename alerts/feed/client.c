#include "alerts/feed/client.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/str.h"

enum { CREDIT = 1000, TOP_UP = 500, HWM = 100000, HEARTBEAT_MAX = 65536, PREFIX_MAX = 511 };

static const int64_t PATIENCE_US = 3000000;
static const int64_t ASK_AGAIN_US = 300000; /* after "not now" */
static const int64_t BEHIND_US = 10000000;  /* a heartbeat that lags this long is no lag */

static const char HEARTBEAT[] = "heartbeat/";

enum state {
    STATE_BEGIN,  /* waiting for a heartbeat to say where now is */
    STATE_ASK,    /* a replay is to be asked for, at ask_at_us */
    STATE_REPLAY, /* its answer comes */
    STATE_LIVE,
};

struct vd_feed {
    struct vd_feed_opts opts;
    char prefix[PREFIX_MAX + 1];
    struct vd_sock *sub, *dealer;
    struct vd_bus_keys keys; /* kept: each question has a connection of its own */
    enum state state;
    int64_t covered; /* everything up to here was given; -1: not known */
    int64_t floor;
    int64_t since_us; /* until covered is known */
    int64_t ask_at_us, heard_us;
    int64_t rows;      /* since the last credit */
    int64_t behind_us; /* since when the heartbeat is behind us; 0: it is not */
    int64_t beat_us;
    uint64_t gaps;
    char *text; /* the body of the item, with its NUL */
    size_t text_size;
    char topic[512];
    char beat[HEARTBEAT_MAX];
};

static int64_t mono_us(void)
{
    return vd_clock_system.mono_us(vd_clock_system.self);
}

static int open_dealer(struct vd_feed *f, struct vd_err *err)
{
    struct vd_sock_opts opts = {.type = VD_SOCK_DEALER,
                                .endpoint = f->opts.replay,
                                .keys = f->opts.keys,
                                .recv_hwm = HWM,
                                .message_bytes = 1024 * 1024};

    vd_sock_close(&f->dealer); /* what was on its way belongs to an older question */
    return vd_sock_open(&f->dealer, f->opts.bus, &opts, err);
}

static int open_sub(struct vd_feed *f, struct vd_err *err)
{
    struct vd_sock_opts opts = {.type = VD_SOCK_SUB,
                                .endpoint = f->opts.feed,
                                .keys = f->opts.keys,
                                .recv_hwm = HWM,
                                .message_bytes = 1024 * 1024};
    int rc = vd_sock_open(&f->sub, f->opts.bus, &opts, err);

    if (rc >= 0)
        rc = vd_sock_subscribe(f->sub, f->opts.is_narrow ? f->prefix : "", err);
    if (rc >= 0 && f->opts.is_narrow)
        rc = vd_sock_subscribe(f->sub, HEARTBEAT, err);
    return rc;
}

int vd_feed_open(struct vd_feed **ret_feed, const struct vd_feed_opts *opts, struct vd_err *err)
{
    struct vd_feed *f = calloc(1, sizeof *f);
    int rc;

    if (f == NULL)
        return vd_err_set(err, VD_ENOMEM, "feed: out of memory");
    f->opts = *opts;
    if (opts->keys != NULL)
        f->keys = *opts->keys;
    f->opts.keys = opts->keys != NULL ? &f->keys : NULL;
    f->since_us = opts->since_us;
    f->covered = opts->since_us > 0 ? -1 : opts->after;
    f->state = f->covered < 0 && f->since_us <= 0 ? STATE_BEGIN : STATE_ASK;
    if (f->opts.patience_us <= 0)
        f->opts.patience_us = PATIENCE_US;
    if (!vd_str_copy(f->prefix, sizeof f->prefix, opts->prefix != NULL ? opts->prefix : ""))
        rc = vd_err_set(err, VD_EINVAL, "feed: the prefix is too long");
    else
        rc = open_sub(f, err);
    if (rc >= 0)
        rc = open_dealer(f, err);
    if (rc < 0) {
        vd_feed_close(&f);
        return rc;
    }
    *ret_feed = f;
    return 0;
}

void vd_feed_close(struct vd_feed **feed)
{
    if (*feed == NULL)
        return;
    vd_sock_close(&(*feed)->sub);
    vd_sock_close(&(*feed)->dealer);
    free((*feed)->text);
    explicit_bzero(&(*feed)->keys, sizeof(*feed)->keys);
    free(*feed);
    *feed = NULL;
}

/* ---- asking ---- */

static void send_text(struct vd_feed *f, const char *text, size_t len)
{
    struct vd_part part = {text, len};

    (void)vd_sock_send(f->dealer, &part, 1, NULL); /* unheard, it is asked again */
}

static void send_json(struct vd_feed *f, struct vd_json *o)
{
    size_t len = 0;
    char *text = vd_json_dump(o, &len);

    if (text != NULL)
        send_text(f, text, len);
    free(text);
    vd_json_free(&o);
}

static int ask(struct vd_feed *f, struct vd_err *err)
{
    struct vd_json *o = vd_json_object();
    int rc = open_dealer(f, err);

    if (rc < 0 || vd_json_set(o, "op", vd_json_text("replay")) < 0 ||
        vd_json_set(o, "prefix", vd_json_text(f->prefix)) < 0 ||
        vd_json_set(o, "credit", vd_json_int(CREDIT)) < 0 ||
        (f->covered >= 0 ? vd_json_set(o, "from", vd_json_int(f->covered + 1))
                         : vd_json_set(o, "since", vd_json_time(f->since_us))) < 0) {
        vd_json_free(&o);
        return rc < 0 ? rc : vd_err_set(err, VD_ENOMEM, "feed: out of memory");
    }
    send_json(f, o);
    f->state = STATE_REPLAY;
    f->heard_us = mono_us();
    f->rows = 0;
    return 0;
}

static void ask_later(struct vd_feed *f, int64_t us)
{
    f->state = STATE_ASK;
    f->ask_at_us = mono_us() + us;
}

static void top_up(struct vd_feed *f)
{
    static const char text[] = "{\"op\":\"credit\",\"n\":500}";

    if (++f->rows < TOP_UP)
        return;
    f->rows = 0;
    send_text(f, text, sizeof text - 1);
}

/* ---- taking ---- */

static int give(struct vd_feed *f, int64_t position, const struct vd_part *topic,
                const struct vd_part *body, struct vd_feed_item *ret_item, struct vd_err *err)
{
    if (topic->len >= sizeof f->topic)
        return vd_err_set(err, VD_EPROTO, "feed: a topic of %zu bytes", topic->len);
    if (body->len + 1 > f->text_size) {
        char *more = realloc(f->text, body->len + 1);

        if (more == NULL)
            return vd_err_set(err, VD_ENOMEM, "feed: out of memory");
        f->text = more;
        f->text_size = body->len + 1;
    }
    memcpy(f->topic, topic->data, topic->len);
    f->topic[topic->len] = '\0';
    memcpy(f->text, body->data, body->len);
    f->text[body->len] = '\0';
    f->covered = position;
    *ret_item = (struct vd_feed_item){.position = position,
                                      .topic = f->topic,
                                      .topic_len = topic->len,
                                      .body = f->text,
                                      .body_len = body->len};
    return 1;
}

static bool is_text(const struct vd_part *part, const char *text)
{
    return part->len == strlen(text) && memcmp(part->data, text, part->len) == 0;
}

static bool has_prefix(const struct vd_part *topic, const char *prefix)
{
    size_t len = strlen(prefix);

    return topic->len >= len && memcmp(topic->data, prefix, len) == 0;
}

/* Answers: 1 an item, 0 go on. */
static int take_answer(struct vd_feed *f, const struct vd_part *parts, int n,
                       struct vd_feed_item *ret_item, struct vd_err *err)
{
    uint64_t number;
    int64_t position;

    if (n < 2 || !vd_be64_take(&parts[1], &number) || number > INT64_MAX)
        return 0;
    position = (int64_t)number;
    f->heard_us = mono_us();
    if (is_text(&parts[0], "row") && n == 4) {
        top_up(f);
        return position > f->covered ? give(f, position, &parts[2], &parts[3], ret_item, err)
                                     : 0;
    }
    if (is_text(&parts[0], "complete")) {
        if (position > f->covered)
            f->covered = position;
    } else if (is_text(&parts[0], "live")) {
        f->state = STATE_LIVE;
    } else if (is_text(&parts[0], "expired")) {
        f->floor = position;
        ask_later(f, f->opts.patience_us);
        return vd_err_set(err, VD_EEOF,
                          "feed: what comes after %" PRId64 " is no longer kept; %" PRId64
                          " is the first that is",
                          f->covered, position);
    } else if (is_text(&parts[0], "error")) {
        ask_later(f, ASK_AGAIN_US);
    }
    return 0;
}

static int take_heartbeat(struct vd_feed *f, int64_t position, const struct vd_part *body,
                          struct vd_err *err)
{
    int64_t now_us = mono_us();

    f->beat_us = now_us;
    if (body->len < sizeof f->beat) {
        memcpy(f->beat, body->data, body->len);
        f->beat[body->len] = '\0';
    }
    if (f->state == STATE_BEGIN) {
        f->covered = position;
        f->state = STATE_LIVE;
    }
    if (position > f->covered) {
        f->gaps++;
        ask_later(f, 0);
    }
    if (position >= f->covered) {
        f->behind_us = 0;
    } else if (f->behind_us == 0) {
        f->behind_us = now_us; /* a replay reads what is not yet published: that passes */
    } else if (now_us - f->behind_us > BEHIND_US) {
        f->behind_us = 0;
        return vd_err_set(err, VD_EPROTO,
                          "feed: it is at %" PRId64 ", we were at %" PRId64
                          ": another database, or one from a backup",
                          position, f->covered);
    }
    return 0;
}

static int take_live(struct vd_feed *f, const struct vd_part *parts, int n,
                     struct vd_feed_item *ret_item, struct vd_err *err)
{
    uint64_t number;
    int64_t position;

    if (n != 3 || !vd_be64_take(&parts[1], &number) || number > INT64_MAX)
        return 0;
    position = (int64_t)number;
    if (has_prefix(&parts[0], HEARTBEAT))
        return take_heartbeat(f, position, &parts[2], err);
    if (f->state != STATE_LIVE || position <= f->covered)
        return 0;
    if (f->opts.is_narrow || position != f->covered + 1) {
        f->gaps += !f->opts.is_narrow;
        ask_later(f, 0); /* the replay brings this one too */
        return 0;
    }
    f->covered = position;
    return has_prefix(&parts[0], f->prefix)
               ? give(f, position, &parts[0], &parts[2], ret_item, err)
               : 0;
}

/* ---- waiting ---- */

/* One message of the socket that matters now. VD_EAGAIN: none. */
static int take_one(struct vd_feed *f, struct vd_feed_item *ret_item, struct vd_err *err)
{
    struct vd_part parts[VD_BUS_PARTS_MAX];
    int n;

    if (f->state == STATE_ASK && mono_us() >= f->ask_at_us) {
        n = ask(f, err);
        if (n < 0)
            return n;
    }
    if (f->state == STATE_REPLAY) {
        if (mono_us() - f->heard_us > f->opts.patience_us)
            ask_later(f, 0);
        n = vd_sock_recv(f->dealer, parts, NULL);
        return n > 0 ? take_answer(f, parts, n, ret_item, err) : VD_EAGAIN;
    }
    n = vd_sock_recv(f->sub, parts, NULL);
    return n > 0 ? take_live(f, parts, n, ret_item, err) : VD_EAGAIN;
}

static int64_t wait_us(const struct vd_feed *f, int64_t until_us)
{
    int64_t now_us = mono_us(), next_us = now_us + 1000000;

    if (f->state == STATE_ASK && f->ask_at_us < next_us)
        next_us = f->ask_at_us;
    if (f->state == STATE_REPLAY && f->heard_us + f->opts.patience_us < next_us)
        next_us = f->heard_us + f->opts.patience_us;
    if (until_us >= 0 && until_us < next_us)
        next_us = until_us;
    return next_us > now_us ? next_us - now_us : 0;
}

int vd_feed_next(struct vd_feed *feed, int64_t timeout_us, struct vd_feed_item *ret_item,
                 struct vd_err *err)
{
    int64_t until_us = timeout_us < 0 ? -1 : mono_us() + timeout_us;

    for (;;) {
        struct vd_poll items[2] = {
            {.sock = feed->state == STATE_REPLAY ? feed->dealer : feed->sub},
            {.fd = feed->opts.stop_fd}};
        int rc = take_one(feed, ret_item, err);

        if (rc > 0 || (rc < 0 && rc != VD_EAGAIN))
            return rc;
        if (rc == 0)
            continue;
        if (until_us >= 0 && mono_us() >= until_us)
            return 0;
        items[0].sock = feed->state == STATE_REPLAY ? feed->dealer : feed->sub;
        (void)vd_bus_poll(items, feed->opts.stop_fd > 0 ? 2 : 1, wait_us(feed, until_us));
        if (items[1].is_readable)
            return vd_err_set(err, VD_ESTOP, "feed: stopping");
    }
}

/* ---- looking ---- */

int64_t vd_feed_position(const struct vd_feed *feed)
{
    return feed->covered;
}

int64_t vd_feed_floor(const struct vd_feed *feed)
{
    return feed->floor;
}

void vd_feed_seek(struct vd_feed *feed, int64_t after)
{
    feed->covered = after;
    ask_later(feed, 0);
}

bool vd_feed_is_live(const struct vd_feed *feed)
{
    return feed->state == STATE_LIVE;
}

const char *vd_feed_heartbeat(const struct vd_feed *feed)
{
    return feed->beat;
}

int64_t vd_feed_heartbeat_age_us(const struct vd_feed *feed)
{
    return feed->beat_us == 0 ? -1 : mono_us() - feed->beat_us;
}

uint64_t vd_feed_gaps(const struct vd_feed *feed)
{
    return feed->gaps;
}
