/* alerts/api/media.h: pictures and clips from the ingest workers of this machine, over their
 * media sockets. Owned by one thread; each call has a deadline. */
#ifndef VD_ALERTS_API_MEDIA_H
#define VD_ALERTS_API_MEDIA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bus.h"
#include "base/err.h"
#include "config/config.h"

enum {
    VD_MEDIA_MAX = 64 * 1024 * 1024,      /* of an answer */
    VD_MEDIA_RANGE_MAX = 2 * 1024 * 1024, /* of one to a range: players ask on */
    VD_MEDIA_WORKERS_MAX = 64
};

struct vd_media;

/* How many workers serve media on this machine, and where the i-th does, from 0. */
int vd_media_workers(const struct vd_config *cfg);
void vd_media_endpoint(const struct vd_config *cfg, const char *state, int i, char *text,
                       size_t size);

/* bus and state are borrowed and must outlive. Connects when something is asked for. */
int vd_media_open(struct vd_media **ret_media, struct vd_bus *bus, const char *state,
                  const struct vd_config *cfg, struct vd_err *err);

/* What of a medium is wanted, and what came. */
struct vd_media_piece {
    size_t offset, most; /* asked for; what is there from offset on may be less */
    void *bytes;         /* fresh, the caller's to free */
    size_t len, total;   /* of the piece; of the whole as it is now */
    bool is_video;
    bool grows; /* a clip that is being written: there will be more */
};

/* Fetches a piece of a medium. Any worker of the machine can serve any, so each is asked until
 * one answers. VD_EEOF: it is kept no more; VD_EINVAL: nothing of it lies there, total is
 * filled; VD_ETIMEOUT: no worker answers; VD_EPROTO: no answer of that kind. */
int vd_media_get(struct vd_media *media, const char *id, struct vd_media_piece *piece,
                 struct vd_err *err);

/* Reads the header Range as far as we follow it: one range, "bytes=N-" or "bytes=N-M"; fills
 * offset and most. False: the whole is to be answered with, as the standard allows. Pure. */
bool vd_media_range(const char *header, struct vd_media_piece *ret_piece);

void vd_media_close(struct vd_media **media);

#endif
