/* Any request of a page for live pictures, and anything that a
 * worker may say: nothing may crash, and what is accepted keeps its limits. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/api/live_ask.h"
#include "alerts/api/live_link.h"

static void ask(const char *text)
{
    struct vd_target target;
    struct vd_live_ask ask;
    unsigned allow;

    if (vd_route_decode("GET", text, &target, &allow) != 0 ||
        vd_live_ask_decode(&target.query, &ask, NULL) < 0)
        return;
    if (ask.n < 1 || ask.n > VD_LIVE_CAMERAS_MAX)
        abort();
    for (int i = 0; i < ask.n; i++)
        if (!vd_id_is_valid(ask.cameras[i]))
            abort();
}

static void hear(const uint8_t *data, size_t size)
{
    const uint8_t *bar = memchr(data, '|', size);
    size_t head = bar != NULL ? (size_t)(bar - data) : size;
    struct vd_part parts[3] = {{"live", 4}, {data, head}, {data + head, size - head}};
    struct vd_live_piece piece;
    char text[128];
    int64_t feed =
        vd_live_message_decode(parts, bar != NULL ? 3 : 2, 1, text, sizeof text, &piece);

    if (feed >= 0 && piece.kind == VD_LIVE_INIT && strlen(piece.codec) >= sizeof text)
        abort();
    if (feed >= 0 && piece.len > 0 && piece.data == NULL)
        abort();
    parts[0] = (struct vd_part){"error", 5};
    (void)vd_live_message_decode(parts, 2, 1, text, sizeof text, &piece);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    ask(text);
    hear(data, size);
    free(text);
    return 0;
}
