/* ingest/source/source.h: pictures out of a camera, a pipeline or a file, whichever library
 * reads it.
 *
 * A source belongs to one thread. Every call that may block ends by its own deadline and at
 * once when stop is requested. Nothing here retries: that is the worker's policy. Only video is
 * read; sound is turned away before it is asked for. */
#ifndef VD_INGEST_SOURCE_SOURCE_H
#define VD_INGEST_SOURCE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/stop.h"
#include "ingest/frame/frame.h"
#include "ingest/source/packet.h"
#include "ingest/source/picture.h"
#include "ingest/source/tap.h"

/* What went wrong, by what to do about it: each has its own pace of retrying. */
enum vd_fault {
    VD_FAULT_NONE,
    VD_FAULT_DNS,         /* nobody knows the host */
    VD_FAULT_REFUSED,     /* the host is there, the port is closed */
    VD_FAULT_TIMEOUT,     /* no answer in time, or no way to the host */
    VD_FAULT_AUTH,        /* 401, 403: wrong user or password */
    VD_FAULT_NOT_FOUND,   /* 404: wrong path */
    VD_FAULT_BUSY,        /* 453, 503 and other refusals of the moment */
    VD_FAULT_DECODE,      /* packets come, pictures don't */
    VD_FAULT_STALLED,     /* packets came, and stopped */
    VD_FAULT_CLOSED,      /* the other end closed the connection */
    VD_FAULT_PROTO,       /* what answers there speaks something else */
    VD_FAULT_UNSUPPORTED, /* a codec, size or stream that we don't take */
    VD_FAULT_OTHER,
    VD_N_FAULTS
};

/* "dns", "401", "453/503", …: stable, for logs, metrics and status. */
const char *vd_fault_name(enum vd_fault fault);

/* One sentence for a technician: what to do. "" for VD_FAULT_NONE. */
const char *vd_fault_advice(enum vd_fault fault);

/* How much of the stream is decoded. */
enum vd_effort {
    VD_EFFORT_ALL,        /* every frame */
    VD_EFFORT_REFERENCES, /* leave out what no other frame needs */
    VD_EFFORT_KEYS,       /* key frames only */
    VD_EFFORT_NONE,       /* read, so that it is known to live, and not decoded */
};

/* Who decodes; what has no such device is decoded by software. */
enum vd_decode { VD_DECODE_SOFTWARE, VD_DECODE_VAAPI, VD_DECODE_CUDA };

/* Borrowed for the call of vd_source_open, but for clock and stop, which must outlive the
 * source. Zero takes the default where one is named. */
struct vd_source_opts {
    const char *url;      /* rtsp:// or rtsps:// without user info; a path if is_file */
    const char *pipeline; /* instead of url: a GStreamer source, without a sink */
    const char *user, *password;
    bool is_file;            /* url names a file: read as fast as asked for, to its end */
    bool is_udp;             /* RTP over UDP instead of over the RTSP connection */
    bool wants_exact;        /* decode bit-exactly; else the loop filter is skipped */
    enum vd_decode decode;   /* of cameras and files; a pipeline says itself */
    int64_t open_timeout_us; /* default 10 s */
    int64_t read_timeout_us; /* default 10 s */
    int64_t max_pixels;      /* of one picture; default 3840x2160 and a quarter more */
    bool is_read_only;       /* packets are wanted, pictures never; cameras only */
    vd_packet_fn *on_packet; /* sees every packet; NULL: nobody does; not of files */
    void *on_packet_arg;
    const struct vd_clock *clock;
    const struct vd_stop *stop;
};

/* What is known of the stream; grows while it is read. */
struct vd_source_info {
    char codec[16]; /* "h264", "hevc", "mjpeg", "raw" */
    char format[16];
    int w, h;              /* 0 until the first picture */
    float fps;             /* measured over the last packets; 0 until known */
    int64_t key_us;        /* longest of the last two key-frame intervals; 0 until known */
    bool has_audio;        /* offered; not taken */
    bool has_packets;      /* there are some for on_packet: a pipeline may have none */
    uint64_t packets_lost; /* that on_packet should have seen */
    uint64_t packets;      /* video packets (a frame each) read */
    uint64_t bytes;        /* of them */
    uint64_t frames;       /* pictures decoded */
    uint64_t broken;       /* packets or pictures that could not be used */
    char no_hardware[64];  /* why software decodes though a device was asked for; "" */
    bool has_skew;         /* the camera sent its clock */
    int64_t skew_us;       /* the camera's clock minus ours */
    int64_t lag_us;        /* how much later than its neighbours the last packet was read */
    int64_t behind_us;     /* how long the last packet waited for us, gathering left out */
    int64_t decoded_us;    /* mono: when the last picture was decoded */
};

struct vd_source;

/* Connects and learns what is there; the first picture comes with vd_source_next. Blocks for
 * at most open_timeout_us. *ret_fault says why in one word when it fails; *ret_source is then
 * untouched. The message names host and port, never user or password. VD_ESTOP, VD_EINVAL (the
 * options), VD_EIO, VD_ETIMEOUT, VD_EPROTO, VD_ENOMEM. */
int vd_source_open(struct vd_source **ret_source, const struct vd_source_opts *opts,
                   enum vd_fault *ret_fault, struct vd_err *err);

/* Reads until a picture is decoded or one packet gave none. Returns 1 with *ret_frame filled,
 * but for luma, stride: those come with vd_source_luma; 0 when there was a packet and no
 * picture. VD_EEOF: the file ends; VD_ESTOP; VD_ETIMEOUT, VD_EIO, VD_EPROTO with *ret_fault:
 * close it, nothing more will come. */
int vd_source_next(struct vd_source *source, struct vd_frame *ret_frame,
                   enum vd_fault *ret_fault, struct vd_err *err);

/* Gives frame, as vd_source_next filled it last, its pixels; valid until the next call of
 * vd_source_next. Free of charge for 8-bit video, a conversion for others. */
int vd_source_luma(struct vd_source *source, struct vd_frame *frame, struct vd_err *err);

/* Holds on to the picture of the last vd_source_next, in colour; the caller unrefs it, on any
 * thread, also after the source was closed. */
int vd_source_keep(struct vd_source *source, struct vd_picture **ret_picture,
                   struct vd_err *err);

/* Lets packets gather for up to us, or as many as a socket holds, before they are read: fewer
 * wake-ups, later pictures. 0: each at once. Any time. */
void vd_source_gather(struct vd_source *source, int64_t us);

/* Less takes effect at once, more with the next key frame where it needs one. A pipeline leaves
 * out in front of its decoder; one that decodes nothing is thinned. */
void vd_source_effort(struct vd_source *source, enum vd_effort effort);

void vd_source_info(const struct vd_source *source, struct vd_source_info *ret_info);

/* Hangs up (half a second at most) and sets NULL; NULL is fine. */
void vd_source_close(struct vd_source **source);

/* ---- for the backends ---- */

struct vd_source_ops {
    int (*next)(struct vd_source *source, struct vd_frame *ret_frame, enum vd_fault *ret_fault,
                struct vd_err *err);
    int (*luma)(struct vd_source *source, struct vd_frame *frame, struct vd_err *err);
    int (*keep)(struct vd_source *source, struct vd_picture **ret_picture, struct vd_err *err);
    void (*close)(struct vd_source *source);
};

/* The first member of every backend's own struct. */
struct vd_source {
    const struct vd_source_ops *ops;
    const struct vd_clock *clock;
    const struct vd_stop *stop;
    struct vd_source_info info;
    int64_t open_timeout_us, read_timeout_us, max_pixels;
    int64_t gather_us;
    enum vd_effort effort;
    struct vd_tap tap;
};

int vd_source_ffmpeg_open(struct vd_source **ret_source, const struct vd_source_opts *opts,
                          enum vd_fault *ret_fault, struct vd_err *err);
int vd_source_gst_open(struct vd_source **ret_source, const struct vd_source_opts *opts,
                       enum vd_fault *ret_fault, struct vd_err *err);

/* Fills the common part from opts, defaults included. */
void vd_source_init(struct vd_source *source, const struct vd_source_ops *ops,
                    const struct vd_source_opts *opts);

#endif
