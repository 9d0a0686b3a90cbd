/* tests/support/film.h: a short film, encoded as cameras do: Annex B, parameter sets before
 * every key frame and apart, 25 pictures a second. */
#ifndef VD_TESTS_SUPPORT_FILM_H
#define VD_TESTS_SUPPORT_FILM_H

#include <stdbool.h>

#include "ingest/source/packet.h"

struct film {
    struct vd_packet
        *packets; /* pts_us from 0; mono_us: 40 ms apart, in the order of decoding */
    int n;
};

/* n pictures of w x h with a key frame every gop; ends the program where there is no encoder.
 */
struct film film_make(bool is_h265, int w, int h, int n, int gop, int b_frames);
void film_free(struct film *film);

#endif
