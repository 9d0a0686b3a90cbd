/* What a worker says, as a value. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "alerts/api/live_link.h"
#include "base/json.h"
#include "base/str.h"

enum { HEAD_MAX = 1024 };

/* A codec's name goes to the page, which hands it to the browser: letters, digits, dots. */
static bool is_codec(const char *text)
{
    return text[0] != '\0' &&
           text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                             "0123456789.")] == '\0';
}

static bool take_init(const struct vd_json *head, char *text, size_t size,
                      struct vd_live_piece *piece)
{
    const char *codec = vd_json_get_text(head, "codec");

    piece->kind = VD_LIVE_INIT;
    piece->codec = text;
    return codec != NULL && is_codec(codec) && vd_str_copy(text, size, codec) && piece->len > 0;
}

/* What the page is told of how things are: no more than it needs. */
static bool take_state(const struct vd_json *head, char *text, size_t size,
                       struct vd_live_piece *piece)
{
    const char *state = vd_json_get_text(head, "state");
    bool is_main = false;
    int n;

    (void)vd_json_as_bool(vd_json_get(head, "main"), &is_main);
    piece->kind = VD_LIVE_STATE;
    piece->credit = vd_json_get_int(head, "credit", -1);
    if (state == NULL || (strcmp(state, "connected") != 0 && strcmp(state, "lost") != 0))
        return false;
    n = snprintf(text, size, "{\"state\":\"%s\",\"main\":%s,\"lost\":%" PRId64 "}", state,
                 is_main ? "true" : "false", vd_json_get_int(head, "lost", 0));
    piece->data = text;
    piece->len = (size_t)n;
    return n > 0 && (size_t)n < size;
}

static bool take_head(const struct vd_json *head, char *text, size_t size,
                      struct vd_live_piece *piece)
{
    const char *kind = vd_json_get_text(head, "kind");

    if (kind == NULL)
        return false;
    if (strcmp(kind, "init") == 0)
        return take_init(head, text, size, piece);
    if (strcmp(kind, "state") == 0)
        return take_state(head, text, size, piece);
    piece->at_us = vd_json_get_int(head, "at", 0);
    (void)vd_json_as_bool(vd_json_get(head, "key"), &piece->is_key);
    piece->kind = strcmp(kind, "jpeg") == 0 ? VD_LIVE_JPEG : VD_LIVE_FRAGMENT;
    return piece->len > 0 && (piece->kind == VD_LIVE_JPEG || strcmp(kind, "fragment") == 0);
}

/* An error about a feed: the camera is not there, or the worker has too many viewers. Only the
 * second is for the page. */
static int64_t take_error(const struct vd_part *part, char *text, size_t size,
                          struct vd_live_piece *piece)
{
    static const char busy[] = "{\"state\":\"busy\"}";
    struct vd_json *doc = NULL;
    const char *code;
    int64_t feed = -1;

    if (vd_json_parse(&doc, part->data, part->len, NULL) < 0)
        return -1;
    code = vd_json_get_text(doc, "code");
    if (code != NULL && strcmp(code, "busy") == 0 && vd_str_copy(text, size, busy)) {
        feed = vd_json_get_int(doc, "viewer", -1);
        piece->kind = VD_LIVE_STATE;
        piece->credit = 0;
        piece->data = text;
        piece->len = sizeof busy - 1;
    }
    vd_json_free(&doc);
    return feed;
}

static bool is_text(const struct vd_part *part, const char *text)
{
    return part->len == strlen(text) && memcmp(part->data, text, part->len) == 0;
}

int64_t vd_live_message_decode(const struct vd_part *parts, int n, int64_t wall_us, char *text,
                               size_t size, struct vd_live_piece *ret_piece)
{
    struct vd_live_piece piece = {.at_us = wall_us, .credit = -1};
    struct vd_json *head = NULL;
    int64_t feed = -1;

    if (n < 2 || n > 3 || parts[1].len > HEAD_MAX)
        return -1;
    if (n == 3) {
        piece.data = parts[2].data;
        piece.len = parts[2].len;
    }
    if (n == 2 && is_text(&parts[0], "error")) {
        feed = take_error(&parts[1], text, size, &piece);
    } else if (is_text(&parts[0], "live") &&
               vd_json_parse(&head, parts[1].data, parts[1].len, NULL) == 0) {
        if (take_head(head, text, size, &piece))
            feed = vd_json_get_int(head, "viewer", -1);
        vd_json_free(&head);
    }
    if (feed < 0 || feed > UINT32_MAX || piece.len > VD_LIVE_PIECE_MAX)
        return -1;
    *ret_piece = piece;
    return feed;
}
