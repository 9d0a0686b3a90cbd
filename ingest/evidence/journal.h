/* ingest/evidence/journal.h: which clips are being written, and what for: a small file beside
 * each, that a crash leaves behind for the next start to find. Held locked by its writer, so
 * that nobody takes a living one for an orphan. */
#ifndef VD_INGEST_EVIDENCE_JOURNAL_H
#define VD_INGEST_EVIDENCE_JOURNAL_H

#include "base/err.h"
#include "base/event.h"

struct vd_journal;

/* Begins the page of the clip id, which will lie in area, in folder (made if need be). VD_EIO,
 * VD_ENOMEM. */
int vd_journal_open(struct vd_journal **ret_journal, const char *folder, const char *id,
                    const char *area, struct vd_err *err);

/* Notes the newest message of a happening that the clip is for. VD_EIO; VD_EINVAL: no event. */
int vd_journal_note(struct vd_journal *journal, const struct vd_event *event,
                    struct vd_err *err);

/* The clip is whole and all is told: the page goes. Sets NULL, accepts NULL. */
void vd_journal_finish(struct vd_journal **journal);

/* It could not be made whole: the page stays, for the next start to look after. Likewise. */
void vd_journal_leave(struct vd_journal **journal);

/* A page of somebody who is gone. events: the newest message of each happening. */
struct vd_journal_page {
    const char *id, *area;
    const struct vd_event *events;
    int n_events;
};

/* Calls each for every page in folder that nobody holds, then removes it unless each returned
 * less than 0. What can't be read is removed, and counted in *ret_damaged. Returns how many
 * pages there were. VD_EIO, VD_ENOMEM. */
typedef int vd_journal_fn(void *arg, const struct vd_journal_page *page);
int vd_journal_recover(const char *folder, vd_journal_fn *each, void *arg, int *ret_damaged,
                       struct vd_err *err);

#endif
