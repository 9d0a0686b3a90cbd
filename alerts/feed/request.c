/* What clients of the replay ask for, from JSON. */
#include <string.h>

#include "alerts/feed/replay.h"
#include "base/str.h"

static const struct {
    const char *name;
    enum vd_replay_op op;
} ops[] = {{"replay", VD_REPLAY_ROWS},
           {"snapshot", VD_REPLAY_SNAPSHOT},
           {"credit", VD_REPLAY_CREDIT},
           {"metrics", VD_REPLAY_METRICS}};

static int refuse(struct vd_err *err, const char *why)
{
    return vd_err_set(err, VD_EPROTO, "request: %s", why);
}

static int take_place(const struct vd_json *doc, struct vd_replay_request *q,
                      struct vd_err *err)
{
    const char *since = vd_json_get_text(doc, "since");
    const char *prefix = vd_json_get_text(doc, "prefix");

    if (since != NULL && !vd_time_parse(since, &q->since_us))
        return refuse(err, "'since' is no RFC 3339 time");
    q->from = vd_json_get_int(doc, "from", 0);
    if (since == NULL && q->from < 1)
        return refuse(err, "'from' is no position, and there is no 'since'");
    if (prefix != NULL && (!vd_str_copy(q->prefix, sizeof q->prefix, prefix)))
        return refuse(err, "'prefix' is too long");
    return 0;
}

static int take(const struct vd_json *doc, struct vd_replay_request *q, struct vd_err *err)
{
    const char *op = vd_json_get_text(doc, "op");
    size_t i = 0;

    while (op != NULL && i < sizeof ops / sizeof ops[0] && strcmp(op, ops[i].name) != 0)
        i++;
    if (op == NULL || i == sizeof ops / sizeof ops[0])
        return refuse(err, "'op' is none of replay, snapshot, credit, metrics");
    q->op = ops[i].op;
    q->credit = vd_json_get_int(doc, q->op == VD_REPLAY_CREDIT ? "n" : "credit", 0);
    if (q->credit < 0 || q->credit > VD_REPLAY_CREDIT_MAX)
        return refuse(err, "credit is 0 to 10000");
    return q->op == VD_REPLAY_ROWS ? take_place(doc, q, err) : 0;
}

int vd_replay_parse(const void *data, size_t len, struct vd_replay_request *ret_request,
                    struct vd_err *err)
{
    struct vd_replay_request q = {0};
    struct vd_json *doc = NULL;
    int rc;

    if (len > VD_REPLAY_REQUEST_MAX)
        return refuse(err, "too long");
    rc = vd_json_parse(&doc, data, len, err);
    if (rc < 0)
        return rc == VD_ENOMEM ? rc : VD_EPROTO;
    rc = take(doc, &q, err);
    vd_json_free(&doc);
    if (rc == 0)
        *ret_request = q;
    return rc;
}
