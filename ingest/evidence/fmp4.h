/* ingest/evidence/fmp4.h: encoded pictures as fragmented MP4 in memory, for browsers and for
 * files alike: one init segment, then fragments. Copies, never decodes; knows no file, no clock
 * and no socket. One thread.
 *
 * Times are put on one line of 1/90000 s, which begins where the first picture is. It follows
 * the stream's own clock for as long as arrival agrees with it; where that clock jumps, arrival
 * says how much later a picture is. Decode times only ever rise. */
#ifndef VD_INGEST_EVIDENCE_FMP4_H
#define VD_INGEST_EVIDENCE_FMP4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "ingest/source/packet.h"

enum {
    VD_FMP4_PACKET_MAX = 8 * 1024 * 1024, /* bytes of one picture */
    VD_FMP4_CUT_MAX = 32 * 1024 * 1024,   /* bytes that wait for vd_fmp4_cut */
    VD_FMP4_CODEC_TEXT = 48,
};

struct vd_fmp4;

/* Makes a muxer for the stream of a first packet, a key frame, which still has to be added.
 * Decodes that one picture where only a decoder can tell how far pictures are shown out of
 * order. VD_EINVAL: no key frame, JPEG, or a limit is broken; VD_EPROTO: parameters nobody
 * understands; VD_ENOMEM. */
int vd_fmp4_open(struct vd_fmp4 **ret_fmp4, const struct vd_packet *first, struct vd_err *err);

/* Sets NULL, accepts NULL. What was not cut is lost. */
void vd_fmp4_close(struct vd_fmp4 **fmp4);

/* ftyp and moov; lives as long as the muxer. */
void vd_fmp4_init(const struct vd_fmp4 *fmp4, const uint8_t **ret_data, size_t *ret_len);

/* What MediaSource asks for: "avc1.64001f", "hvc1.1.6.L93.B0". */
const char *vd_fmp4_codec(const struct vd_fmp4 *fmp4);

/* Puts a packet, borrowed, into the fragment. duration_us says how long it is shown if it stays
 * the fragment's last; 0: as long as the one before. VD_EINVAL: too large, or of other
 * parameters than the first (open another); VD_EPROTO: not to be muxed; VD_EAGAIN:
 * VD_FMP4_CUT_MAX bytes wait. None of them harms what was added before. */
int vd_fmp4_add(struct vd_fmp4 *fmp4, const struct vd_packet *packet, int64_t duration_us,
                struct vd_err *err);

/* How many pictures wait for vd_fmp4_cut, and how long they last together. */
int vd_fmp4_pending(const struct vd_fmp4 *fmp4, int64_t *ret_us);

/* Ends the fragment: moof and mdat, valid until the next call. Returns how many pictures are in
 * it, 0 (and no data) when none waits. *ret_us, if not NULL, is the presentation time of the
 * first of them on the muxer's line. */
int vd_fmp4_cut(struct vd_fmp4 *fmp4, const uint8_t **ret_data, size_t *ret_len,
                int64_t *ret_us, struct vd_err *err);

/* ---- the line of time: pure, seen here by tests ---- */

enum { VD_FMP4_REORDER_MAX = 16 };

/* In ticks of 1/90000 s. */
struct vd_fmp4_line {
    bool has_begun;
    int64_t shift;             /* from the stream's clock to the line */
    int64_t in_us, in_mono_us; /* of the latest picture: the stream's clock, its arrival */
    int64_t top;               /* the latest presentation time given */
    int64_t dts, interval;     /* the last decode time given, and how long after its last */
    int64_t seen[VD_FMP4_REORDER_MAX + 1]; /* the latest depth + 1 presentation times, rising */
    int depth; /* how many pictures decode before one that is shown earlier */
};

/* depth as far as it is known; more is learnt from the pictures themselves. */
void vd_fmp4_line_init(struct vd_fmp4_line *line, int depth);

/* Places a picture. It is never shown before it is decoded; so where more depth is learnt, a
 * few are shown late. The stream's own decode times are not asked for: few cameras tell them,
 * and order and presentation times say as much. */
void vd_fmp4_place(struct vd_fmp4_line *line, int64_t pts_us, int64_t mono_us, int64_t *ret_pts,
                   int64_t *ret_dts);

#endif
