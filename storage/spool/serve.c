/* storage/spool/serve.c: the thread's side. Appends and acknowledgements that came together
 * share one transaction; a sequence counts as taken only once that is committed, so a failed
 * one puts everything back. */
#include "storage/spool/serve.h"

#include <string.h>
#include <sys/eventfd.h>

#include "base/str.h"
#include "storage/spool/read.h"

/* ---- appends and acknowledgements: one transaction ---- */

/* What a rollback must put back. */
struct mark {
    struct store_epoch epochs[STORE_EPOCHS_MAX];
    int64_t depth, bytes, oldest_us;
};

static void mark_take(const struct store *store, struct mark *mark)
{
    memcpy(mark->epochs, store->epochs, sizeof mark->epochs);
    mark->depth = store->depth;
    mark->bytes = store->bytes;
    mark->oldest_us = store->oldest_us;
}

static void mark_return(struct store *store, const struct mark *mark)
{
    memcpy(store->epochs, mark->epochs, sizeof mark->epochs);
    store->depth = mark->depth;
    store->bytes = mark->bytes;
    store->oldest_us = mark->oldest_us;
}

static int64_t wall_us(const struct vd_spool *spool)
{
    return spool->store.clock->wall_us(spool->store.clock->self);
}

static bool at_cap(const struct vd_spool *spool)
{
    return spool->store.bytes >= spool->cap_bytes - spool->reserve.bytes;
}

static void refuse(struct vd_spool *spool, struct spool_request *request, const char *why)
{
    request->settled = true;
    request->rc =
        vd_err_set(&request->err, VD_EAGAIN, "spool '%s': %s", spool->store.path, why);
    if (request->message->phase != VD_SPOOL_START) {
        spool->refused_others++;
        return;
    }
    spool->refused++;
    if (spool->refused_now++ == 0)
        spool->refused_since_us = wall_us(spool);
}

/* Why a message can't be taken now, or NULL. */
static const char *obstacle(const struct vd_spool *spool, bool may_refuse)
{
    if (may_refuse && spool->reserve.is_released)
        return "disk full";
    if ((may_refuse && at_cap(spool)) || spool->store.bytes >= spool->cap_bytes)
        return "at its cap";
    return NULL;
}

/* Returns 1, 0 when this one message was refused or given up; < 0 fails the transaction. */
static int append_one(struct vd_spool *spool, struct spool_request *request, int64_t *carried,
                      struct vd_err *err)
{
    const struct vd_spool_message *message = request->message;
    struct store_epoch *epoch = store_present(&spool->store);
    const char *why = obstacle(spool, message->may_refuse);
    struct vd_spool_stamp stamp = {epoch->source, epoch->last + 1, 0, 0};
    int len, rc;

    if (why != NULL) {
        refuse(spool, request, why);
        return 0;
    }
    if (*carried == 0 && spool->refused_now > 0) {
        stamp.refused = spool->refused_now;
        stamp.refused_since_us = spool->refused_since_us;
    }
    len = message->fill(message->arg, &stamp, spool->body, sizeof spool->body);
    if (len < 0 || len > VD_SPOOL_MESSAGE_MAX) {
        enum vd_code code = len < 0 ? (enum vd_code)len : VD_EINVAL;

        request->settled = true;
        request->rc =
            vd_err_set(&request->err, code, "spool: message not made, or over %d bytes",
                       VD_SPOOL_MESSAGE_MAX);
        return 0;
    }
    rc = store_insert(&spool->store, message, stamp.sequence, spool->body, (size_t)len, err);
    if (rc < 0)
        return rc;
    request->sequence = stamp.sequence;
    *carried += stamp.refused;
    return 1;
}

static int ack_one(struct vd_spool *spool, struct spool_request *request, struct vd_err *err)
{
    struct store_epoch *epoch = store_find(&spool->store, request->source);

    request->rc = epoch != NULL ? store_ack(&spool->store, epoch, request->from, err) : 0;
    return request->rc;
}

/* One transaction of what is not settled yet. On failure everything is as it was before. */
static int try_group(struct vd_spool *spool, struct spool_request *group, bool has_append,
                     struct vd_err *err)
{
    struct mark mark;
    int64_t carried = 0;
    int appended = 0, acked = 0, rc;

    mark_take(&spool->store, &mark);
    rc = store_begin(&spool->store, has_append, err);
    for (struct spool_request *r = group; rc >= 0 && r != NULL; r = r->next) {
        if (r->settled)
            continue;
        if (r->op == SPOOL_APPEND)
            appended += (rc = append_one(spool, r, &carried, err)) > 0;
        else
            acked += (rc = ack_one(spool, r, err)) > 0;
    }
    if (rc >= 0 && appended > 0)
        rc = store_save_last(&spool->store, err);
    if (rc >= 0)
        rc = store_commit(&spool->store, err);
    if (rc < 0) {
        store_rollback(&spool->store);
        mark_return(&spool->store, &mark);
        spool->errors++;
        return rc;
    }
    spool->commits++;
    spool->accepted += appended;
    spool->refused_now -= carried;
    if (acked > 0) /* committed it is: what goes wrong here the next read will say */
        (void)store_settle(&spool->store, NULL);
    return appended;
}

static bool is_settled(const struct spool_request *group)
{
    while (group != NULL && group->settled)
        group = group->next;
    return group == NULL;
}

/* Returns VD_EAGAIN when another try may help. */
static int make_room(struct vd_spool *spool, struct spool_request *group)
{
    bool had_reserve = !spool->reserve.is_released;

    reserve_release(&spool->reserve);
    for (struct spool_request *r = group; r != NULL; r = r->next)
        if (r->op == SPOOL_APPEND && !r->settled && r->message->may_refuse)
            refuse(spool, r, "disk full");
    return had_reserve ? VD_EAGAIN : VD_EIO;
}

/* One try, and the repair of what made it fail. VD_EAGAIN: another try may help. */
static int try_or_repair(struct vd_spool *spool, struct spool_request *group, bool has_append,
                         struct vd_err *err)
{
    int rc = spool->store.db == NULL ? store_open(&spool->store, err) : 0;

    if (rc >= 0)
        rc = try_group(spool, group, has_append, err);
    if (rc == VD_EAGAIN)
        return make_room(spool, group);
    if (rc == VD_EPROTO) {
        struct vd_err why = *err;

        rc = store_set_aside(&spool->store, why.msg, err);
        return rc < 0 ? VD_EIO : VD_EAGAIN;
    }
    return rc;
}

/* Settles every append and acknowledgement of the group. Returns how many were appended, or <
 * 0. */
static int write_group(struct vd_spool *spool, struct spool_request *group)
{
    enum { TRIES = 3 }; /* the file, a new one in its place, with the reserve released */
    struct vd_err err = {0};
    bool has_append = false;
    int rc = VD_EAGAIN;

    for (const struct spool_request *r = group; r != NULL; r = r->next)
        has_append = has_append || r->op == SPOOL_APPEND;
    reserve_restore(&spool->reserve, wall_us(spool));
    for (int i = 0; i < TRIES && rc == VD_EAGAIN && !is_settled(group); i++)
        rc = try_or_repair(spool, group, has_append, &err);
    for (struct spool_request *r = group; r != NULL; r = r->next) {
        if (!r->settled && rc < 0) {
            r->rc = VD_EIO;
            r->err = err;
            r->err.code = VD_EIO;
        } else if (!r->settled && r->op == SPOOL_APPEND) {
            r->rc = 0;
        }
        r->settled = true;
    }
    return rc;
}

/* ---- everything else: one by one ---- */

static int move_on(struct vd_spool *spool, struct store_epoch *epoch, int64_t after,
                   const char *why, struct vd_err *err)
{
    int rc = store_move_on(&spool->store, epoch, after, why, err);

    return rc < 0 ? rc : 1;
}

static int serve_welcome(struct vd_spool *spool, struct spool_request *r)
{
    struct store_epoch *epoch = store_find(&spool->store, r->source);
    struct spool_request ack = {.op = SPOOL_ACK, .source = r->source, .from = r->from};
    int64_t ours, first;

    if (epoch == NULL)
        return 0;
    first = store_first(&spool->store, epoch, &r->err);
    if (first < 0)
        return (int)first;
    if (r->from < first - 1)
        return move_on(spool, epoch, 0,
                       "the database has less than it acknowledged: it is older than this "
                       "spool, what lies between is lost",
                       &r->err);
    ours = epoch->handed > epoch->at_open ? epoch->handed : epoch->at_open;
    if (epoch == store_present(&spool->store) && r->from > ours)
        return move_on(spool, epoch, epoch->at_open,
                       "the router has more than this folder: it is an older copy", &r->err);
    write_group(spool, &ack);
    r->err = ack.err;
    return ack.rc < 0 ? ack.rc : 0;
}

static int serve_head(struct vd_spool *spool, struct spool_request *r)
{
    struct store_epoch *epoch = &spool->store.epochs[0];
    int64_t first = store_first(&spool->store, epoch, &r->err);

    if (first < 0)
        return (int)first;
    vd_str_copy(r->head->source, sizeof r->head->source, epoch->source);
    r->head->first = first;
    r->head->last = epoch->last;
    return 0;
}

static int serve_one(struct vd_spool *spool, struct spool_request *r)
{
    struct store_epoch *epoch;

    if (spool->store.db == NULL) {
        int rc = store_open(&spool->store, &r->err);

        if (rc < 0)
            return rc;
    }
    switch (r->op) {
    case SPOOL_WELCOME:
        return serve_welcome(spool, r);
    case SPOOL_HEAD:
        return serve_head(spool, r);
    case SPOOL_READ:
        epoch = store_find(&spool->store, r->source);
        return epoch != NULL
                   ? store_read(&spool->store, epoch, r->from, r->limit, r->batch, &r->err)
                   : 0;
    case SPOOL_UNFINISHED:
        return store_happenings(&spool->store, r->list, &r->err);
    case SPOOL_APPEND:
    case SPOOL_ACK:
        break;
    }
    return 0;
}

static void serve_others(struct vd_spool *spool, struct spool_request *list)
{
    for (struct spool_request *r = list; r != NULL; r = r->next) {
        r->rc = serve_one(spool, r);
        if (r->rc == VD_EPROTO) {
            struct vd_err why = r->err;

            r->rc = store_set_aside(&spool->store, why.msg, &r->err);
            if (r->rc >= 0)
                r->rc = vd_err_set(&r->err, VD_EIO, "%s", why.msg);
        } else if (r->rc == VD_EAGAIN) {
            r->rc = VD_EIO; /* a full disk is no refusal here */
        }
    }
}

/* ---- the thread ---- */

void spool_publish_figures(struct vd_spool *spool)
{
    struct store *store = &spool->store;

    pthread_mutex_lock(&spool->figures);
    spool->stats.depth = store->depth;
    spool->stats.bytes = store->bytes;
    spool->stats.oldest_us = store->oldest_us;
    spool->stats.accepted = spool->accepted;
    spool->stats.commits = spool->commits;
    spool->stats.refused = spool->refused;
    spool->stats.refused_others = spool->refused_others;
    spool->stats.errors = spool->errors;
    spool->stats.full = spool->reserve.is_released || at_cap(spool);
    if (store->n_epochs > 0) {
        spool->stats.last = store_present(store)->last;
        vd_str_copy(spool->stats.source, sizeof spool->stats.source,
                    store_present(store)->source);
    }
    if (store->notice[0] != '\0') {
        vd_str_copy(spool->notice, sizeof spool->notice, store->notice);
        store->notice[0] = '\0';
    }
    pthread_mutex_unlock(&spool->figures);
}

void spool_serve(struct vd_spool *spool, struct spool_request *list)
{
    struct spool_request *writes = NULL, **writes_end = &writes;
    struct spool_request *others = NULL, **others_end = &others;
    int appended = 0;

    while (list != NULL) {
        struct spool_request *next = list->next;
        bool is_write = list->op == SPOOL_APPEND || list->op == SPOOL_ACK;

        list->next = NULL;
        if (is_write) {
            *writes_end = list;
            writes_end = &list->next;
        } else {
            *others_end = list;
            others_end = &list->next;
        }
        list = next;
    }
    if (writes != NULL)
        appended = write_group(spool, writes);
    serve_others(spool, others);
    spool_publish_figures(spool);
    if (appended > 0)
        (void)eventfd_write(spool->event_fd, 1);
    spool_queue_answer(&spool->queue, writes);
    spool_queue_answer(&spool->queue, others);
}
