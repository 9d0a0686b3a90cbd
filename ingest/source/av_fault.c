#include "ingest/source/av_fault.h"

#include <errno.h>
#include <libavutil/error.h>

static enum vd_fault by_status(int status)
{
    switch (status) {
    case 400:
        return VD_FAULT_PROTO;
    case 401:
    case 403:
    case 407:
        return VD_FAULT_AUTH;
    case 404:
    case 410:
        return VD_FAULT_NOT_FOUND;
    case 415:
    case 461: /* unsupported transport */
        return VD_FAULT_UNSUPPORTED;
    default:
        return status >= 400 ? VD_FAULT_BUSY : VD_FAULT_OTHER;
    }
}

enum vd_fault vd_av_fault(int av_code, const struct vd_av_ear *ear)
{
    if (ear->oversize[0] != '\0')
        return VD_FAULT_UNSUPPORTED;
    if (ear->status != 0)
        return by_status(ear->status);
    switch (av_code) {
    case AVERROR_HTTP_UNAUTHORIZED:
    case AVERROR_HTTP_FORBIDDEN:
        return VD_FAULT_AUTH;
    case AVERROR_HTTP_NOT_FOUND:
        return VD_FAULT_NOT_FOUND;
    case AVERROR_HTTP_BAD_REQUEST: /* to what we made of its description */
        return VD_FAULT_PROTO;
    case AVERROR_HTTP_OTHER_4XX:
    case AVERROR_HTTP_SERVER_ERROR:
        return VD_FAULT_BUSY;
    case AVERROR(ECONNREFUSED):
        return VD_FAULT_REFUSED;
    case AVERROR(ETIMEDOUT):
    case AVERROR(EHOSTUNREACH):
    case AVERROR(ENETUNREACH):
    case AVERROR_EXIT:
        return VD_FAULT_TIMEOUT;
    case AVERROR_EOF:
    case AVERROR(ECONNRESET):
    case AVERROR(EPIPE):
        return VD_FAULT_CLOSED;
    case AVERROR_DECODER_NOT_FOUND:
    case AVERROR_PATCHWELCOME:
        return VD_FAULT_UNSUPPORTED;
    default:
        return VD_FAULT_OTHER;
    }
}

static enum vd_code code_of(enum vd_fault fault)
{
    switch (fault) {
    case VD_FAULT_TIMEOUT:
    case VD_FAULT_STALLED:
        return VD_ETIMEOUT;
    case VD_FAULT_PROTO:
    case VD_FAULT_DECODE:
    case VD_FAULT_UNSUPPORTED:
        return VD_EPROTO;
    default:
        return VD_EIO;
    }
}

int vd_av_fail(enum vd_fault fault, int av_code, const char *what, struct vd_err *err)
{
    char text[AV_ERROR_MAX_STRING_SIZE];

    if (fault == VD_FAULT_TIMEOUT || fault == VD_FAULT_STALLED)
        return vd_err_set(err, code_of(fault), "%s: no answer in time", what);
    if (fault == VD_FAULT_CLOSED)
        return vd_err_set(err, code_of(fault), "%s: the other end hung up", what);
    (void)av_strerror(av_code, text, sizeof text);
    return vd_err_set(err, code_of(fault), "%s: %s", what, text);
}
