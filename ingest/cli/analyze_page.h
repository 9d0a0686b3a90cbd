/* ingest/cli/analyze_page.h: the page that explains an analysis to a technician: one HTML file
 * that needs nothing else. */
#ifndef VD_INGEST_CLI_ANALYZE_PAGE_H
#define VD_INGEST_CLI_ANALYZE_PAGE_H

#include "ingest/motion/motion.h"
#include "ingest/track/track.h"

struct page;

/* Creates path and writes the head; title is the file's name. VD_EIO, VD_ENOMEM. */
int page_open(struct page **ret_page, const char *path, const char *title, struct vd_err *err);

/* Takes one analysed frame at t_us of the stream; a picture is written where a happening
 * starts. VD_ENOMEM. */
int page_add(struct page *page, int64_t t_us, struct vd_motion *motion,
             const struct vd_motion_result *result, const struct vd_track_out *out,
             struct vd_err *err);

/* Takes a happening that has ended: what things did in it is written out. */
void page_end(struct page *page, const struct vd_happening *happening);

/* Writes the curve, sums and the end; closes in any case and sets *page to NULL. VD_EIO: not
 * all could be written. */
int page_close(struct page **page, const uint64_t *suppressed, struct vd_err *err);

#endif
