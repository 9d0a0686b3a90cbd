#include "alerts/api/media.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/str.h"

enum { ANSWER_US = 1200 * 1000, CREDIT = 16, CHUNK_MAX = 1024 * 1024 };

struct peer {
    char endpoint[300];
    struct vd_sock *sock; /* NULL: not connected, or dropped after an answer that never came */
};

struct vd_media {
    struct vd_bus *bus;
    struct peer peers[VD_MEDIA_WORKERS_MAX];
    int n_peers;
    int first; /* asked first: who answered last */
};

/* A piece of a medium on its way. */
struct fetch {
    const char *id;
    struct vd_media_piece *piece;
    size_t want; /* bytes, once it has begun */
    bool is_begun;
};

int vd_media_workers(const struct vd_config *cfg)
{
    return cfg->ingest.workers < VD_MEDIA_WORKERS_MAX ? (int)cfg->ingest.workers
                                                      : VD_MEDIA_WORKERS_MAX;
}

void vd_media_endpoint(const struct vd_config *cfg, const char *state, int i, char *text,
                       size_t size)
{
    if (cfg->bus.media != NULL)
        snprintf(text, size, "%s/media-w%d.sock", cfg->bus.media, i + 1);
    else
        snprintf(text, size, "ipc://%s/run/media-w%d.sock", state, i + 1);
}

int vd_media_open(struct vd_media **ret_media, struct vd_bus *bus, const char *state,
                  const struct vd_config *cfg, struct vd_err *err)
{
    struct vd_media *media = calloc(1, sizeof *media);

    if (media == NULL)
        return vd_err_set(err, VD_ENOMEM, "media: out of memory");
    media->bus = bus;
    media->n_peers = vd_media_workers(cfg);
    for (int i = 0; i < media->n_peers; i++)
        vd_media_endpoint(cfg, state, i, media->peers[i].endpoint,
                          sizeof media->peers[i].endpoint);
    *ret_media = media;
    return 0;
}

void vd_media_close(struct vd_media **media)
{
    if (*media == NULL)
        return;
    for (int i = 0; i < (*media)->n_peers; i++)
        vd_sock_close(&(*media)->peers[i].sock);
    free(*media);
    *media = NULL;
}

static int ask(struct vd_media *media, struct peer *peer, const struct fetch *fetch,
               struct vd_err *err)
{
    struct vd_sock_opts opts = {
        .type = VD_SOCK_DEALER, .endpoint = peer->endpoint, .message_bytes = CHUNK_MAX + 4096};
    char text[256];
    int n = snprintf(text, sizeof text,
                     "{\"op\":\"get\",\"media\":\"%s\",\"offset\":%zu,\"credit\":%d}",
                     fetch->id, fetch->piece->offset + fetch->piece->len, CREDIT);
    struct vd_part part = {text, (size_t)n};
    int rc = 0;

    if (strncmp(peer->endpoint, "ipc://", 6) == 0 && access(peer->endpoint + 6, F_OK) != 0)
        return vd_err_set(err, VD_ETIMEOUT, "no ingest worker serves pictures here");
    if (peer->sock == NULL)
        rc = vd_sock_open(&peer->sock, media->bus, &opts, err);
    return rc < 0 ? rc : vd_sock_send(peer->sock, &part, 1, err);
}

static int take_error(const struct vd_part *part, struct vd_err *err)
{
    struct vd_json *doc = NULL;
    const char *code;
    int rc = VD_EPROTO;

    if (vd_json_parse(&doc, part->data, part->len, err) < 0)
        return VD_EPROTO;
    code = vd_json_get_text(doc, "code");
    if (code != NULL && (strcmp(code, "not-found") == 0 || strcmp(code, "gone") == 0))
        rc = vd_err_set(err, VD_EEOF, "it is kept no more");
    else
        rc = vd_err_set(err, VD_EPROTO, "worker: %.60s", code != NULL ? code : "no code");
    vd_json_free(&doc);
    return rc;
}

static int begin(struct fetch *fetch, size_t total, struct vd_err *err)
{
    struct vd_media_piece *p = fetch->piece;

    p->total = total;
    if (p->offset >= total)
        return vd_err_set(err, VD_EINVAL, "'%s' has %zu bytes", fetch->id, total);
    fetch->want = total - p->offset < p->most ? total - p->offset : p->most;
    if (fetch->want > VD_MEDIA_MAX)
        return vd_err_set(err, VD_EPROTO,
                          "'%s' is too large to be had at once: ask for it by ranges",
                          fetch->id);
    p->bytes = malloc(fetch->want);
    if (p->bytes == NULL)
        return vd_err_set(err, VD_ENOMEM, "media: out of memory");
    fetch->is_begun = true;
    return 0;
}

static int take_chunk(struct fetch *fetch, const struct vd_part *head,
                      const struct vd_part *bytes, struct vd_err *err)
{
    struct vd_media_piece *p = fetch->piece;
    struct vd_json *doc = NULL;
    int64_t offset, total;
    const char *type;
    size_t n = bytes->len;
    int rc = 0;

    if (vd_json_parse(&doc, head->data, head->len, err) < 0)
        return VD_EPROTO;
    offset = vd_json_get_int(doc, "offset", -1);
    total = vd_json_get_int(doc, "total", -1);
    type = vd_json_get_text(doc, "type");
    p->is_video = type != NULL && strcmp(type, "video/mp4") == 0;
    p->grows = false;
    (void)vd_json_as_bool(vd_json_get(doc, "grows"), &p->grows);
    vd_json_free(&doc);
    if (total < 1 || offset != (int64_t)(p->offset + p->len) ||
        (fetch->is_begun && (n == 0 || total < (int64_t)p->total)))
        return vd_err_set(err, VD_EPROTO, "a worker's answer for '%s' makes no sense",
                          fetch->id);
    if (!fetch->is_begun)
        rc = begin(fetch, (size_t)total, err);
    if (rc < 0)
        return rc;
    if (n > fetch->want - p->len)
        n = fetch->want - p->len;
    memcpy((char *)p->bytes + p->len, bytes->data, n);
    p->len += n;
    return 0;
}

static bool is_text(const struct vd_part *part, const char *text)
{
    return part->len == strlen(text) && memcmp(part->data, text, part->len) == 0;
}

/* Takes one message. Returns 0, VD_EAGAIN when none came in time, or the failure it says. */
static int take_message(struct peer *peer, struct fetch *fetch, struct vd_err *err)
{
    struct vd_poll poll = {.sock = peer->sock};
    struct vd_part parts[VD_BUS_PARTS_MAX];
    int n;

    if (vd_bus_poll(&poll, 1, ANSWER_US) <= 0)
        return vd_err_set(err, VD_EAGAIN, "no ingest worker answers");
    n = vd_sock_recv(peer->sock, parts, err);
    if (n == 3 && is_text(&parts[0], "chunk"))
        return take_chunk(fetch, &parts[1], &parts[2], err);
    if (n == 2 && is_text(&parts[0], "error"))
        return take_error(&parts[1], err);
    return n == VD_EAGAIN ? 0 : vd_err_set(err, VD_EPROTO, "a worker's answer makes no sense");
}

static bool is_done(const struct fetch *fetch)
{
    return fetch->is_begun && fetch->piece->len == fetch->want;
}

static int fetch_from(struct vd_media *media, struct peer *peer, struct fetch *fetch,
                      struct vd_err *err)
{
    int rc = 0, left = 0;

    do {
        rc = ask(media, peer, fetch, err);
        for (left = CREDIT; rc == 0 && left > 0 && !is_done(fetch); left--)
            rc = take_message(peer, fetch, err);
    } while (rc == 0 && !is_done(fetch));
    if ((rc < 0 && rc != VD_EEOF) ||
        (rc == 0 && left > 0 && fetch->piece->offset + fetch->piece->len < fetch->piece->total))
        vd_sock_close(&peer->sock); /* a late answer must not meet the next question */
    return rc;
}

int vd_media_get(struct vd_media *media, const char *id, struct vd_media_piece *piece,
                 struct vd_err *err)
{
    int rc = VD_ETIMEOUT;

    for (int i = 0; i < media->n_peers; i++) {
        int at = (media->first + i) % media->n_peers;
        struct fetch fetch = {.id = id, .piece = piece};

        piece->len = 0;
        rc = fetch_from(media, &media->peers[at], &fetch, err);
        if (rc == 0) {
            media->first = at;
            return 0;
        }
        free(piece->bytes);
        piece->bytes = NULL;
        if (rc == VD_EEOF || rc == VD_EINVAL)
            return rc;
    }
    return rc == VD_EAGAIN ? VD_ETIMEOUT : rc;
}

bool vd_media_range(const char *header, struct vd_media_piece *ret_piece)
{
    const char *dash = strchr(header, '-');
    char number[24];
    int64_t from, to = INT64_MAX - 1;

    if (strncmp(header, "bytes=", 6) != 0 || dash == NULL ||
        dash - header - 6 >= (ptrdiff_t)sizeof number)
        return false;
    memcpy(number, header + 6, (size_t)(dash - header - 6));
    number[dash - header - 6] = '\0';
    if (!vd_str_int64(number, &from) || from < 0 ||
        (dash[1] != '\0' && !vd_str_int64(dash + 1, &to)) || to < from)
        return false;
    ret_piece->offset = (size_t)from;
    ret_piece->most =
        to - from + 1 < VD_MEDIA_RANGE_MAX ? (size_t)(to - from + 1) : VD_MEDIA_RANGE_MAX;
    return true;
}
