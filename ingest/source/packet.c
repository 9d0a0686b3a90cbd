#include "ingest/source/packet.h"

#include <libavutil/buffer.h>
#include <stdlib.h>

int vd_packet_ref(struct vd_packet *ret_packet, const struct vd_packet *packet,
                  struct vd_err *err)
{
    AVBufferRef *share = av_buffer_ref(packet->owner);

    if (share == NULL)
        return vd_err_set(err, VD_ENOMEM, "packet: out of memory");
    *ret_packet = *packet;
    ret_packet->owner = share;
    (void)vd_params_ref(packet->params);
    return 0;
}

void vd_packet_unref(struct vd_packet *packet)
{
    AVBufferRef *share = packet->owner;

    av_buffer_unref(&share);
    vd_params_unref(&packet->params);
    *packet = (struct vd_packet){.data = NULL};
}

struct vd_params *vd_params_ref(struct vd_params *params)
{
    (void)atomic_fetch_add(&params->refs, 1);
    return params;
}

void vd_params_unref(struct vd_params **params)
{
    struct vd_params *p = *params;

    *params = NULL;
    if (p != NULL && atomic_fetch_sub(&p->refs, 1) == 1)
        free(p); /* the sets lie behind it */
}
