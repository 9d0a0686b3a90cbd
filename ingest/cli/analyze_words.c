/* ingest/cli/analyze_words.c: happenings in words. */
#include "ingest/cli/analyze.h"

static void write_track(FILE *out, const struct vd_event_track *t)
{
    fprintf(out, "%u", t->id);
    if (t->zone[0] != '\0')
        fprintf(out, " in %s", t->zone);
    fputs(":", out);
    for (int bit = 0; bit < VD_N_DIDS; bit++)
        if (t->did >> bit & 1)
            fprintf(out, " %s", vd_did_name((enum vd_did)(1U << bit)));
    if (t->line[0] != '\0')
        fprintf(out, " %s %s", t->line, vd_direction_name(t->direction));
    fprintf(out, "%s%.1f s inside, at most %.2f %% of the picture", t->did != 0 ? ", " : " ",
            (double)t->dwell_ms * 1e-3, (double)t->size * 100);
}

void analyze_write_end(FILE *out, const struct vd_happening *h, int64_t begun_us,
                       const char *before)
{
    fprintf(out, "%.2f to %.2f s: %s, at most %.2f %%",
            (double)(h->start_mono_us - begun_us) * 1e-6,
            (double)(h->end_mono_us - begun_us) * 1e-6,
            h->kind == VD_TRACK_MOTION ? "motion" : "scene change", (double)h->peak * 100);
    for (uint32_t i = 0; i < h->n_tracks; i++) {
        fputs(before, out);
        write_track(out, &h->tracks[i]);
    }
    if (h->tracks_left_out > 0)
        fprintf(out, "%sand %u more", before, h->tracks_left_out);
}
