#include <criterion/criterion.h>
#include <string.h>

#include "ingest/worker/happenings.h"

static struct vd_event event(int name, enum vd_phase phase, const char *clip)
{
    struct vd_event ev = {.phase = phase, .rev = 1};

    ev.event.bytes[0] = (uint8_t)name;
    (void)strncpy(ev.clip, clip, sizeof ev.clip - 1);
    return ev;
}

static struct vd_event pass(struct vd_happenings *h, int name, enum vd_phase phase,
                            const char *clip)
{
    struct vd_event ev = event(name, phase, clip);

    vd_happenings_number(h, &ev);
    vd_happenings_note(h, &ev);
    return ev;
}

Test(happenings, messages_of_all_sides_are_numbered_in_the_order_they_are_accepted)
{
    static const struct {
        int name;
        enum vd_phase phase;
        const char *clip;
        uint32_t rev;
        const char *says;
        bool is_open;
    } steps[] = {
        {1, VD_PHASE_START, "", 1, "", true},   {2, VD_PHASE_START, "", 1, "", true},
        {1, VD_PHASE_MEDIA, "x", 2, "x", true}, {1, VD_PHASE_UPDATE, "", 3, "x", true},
        {2, VD_PHASE_UPDATE, "", 2, "", true},  {1, VD_PHASE_MEDIA, "y", 4, "y", true},
        {1, VD_PHASE_END, "", 5, "x", false},   {1, VD_PHASE_MEDIA, "", 6, "", false},
        {2, VD_PHASE_END, "", 3, "", false},    {3, VD_PHASE_MEDIA, "z", 1, "z", false},
    };
    static struct vd_happenings h;

    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct vd_event ev = pass(&h, steps[i].name, steps[i].phase, steps[i].clip);

        cr_assert_eq(ev.rev, steps[i].rev, "step %zu: %u", i, ev.rev);
        cr_assert_str_eq(ev.clip, steps[i].says, "step %zu: '%s'", i, ev.clip);
        cr_assert_eq(vd_happenings_is_open(&h, &ev.event), steps[i].is_open, "step %zu", i);
    }
}

Test(happenings, that_ended_make_room_the_oldest_first_and_open_ones_stay)
{
    static struct vd_happenings h;
    struct vd_event ev;

    (void)pass(&h, 200, VD_PHASE_START, "");
    for (int i = 1; i <= 3 * VD_HAPPENINGS_MAX; i++) {
        (void)pass(&h, i, VD_PHASE_START, "");
        (void)pass(&h, i, VD_PHASE_END, "");
    }
    ev = pass(&h, 200, VD_PHASE_UPDATE, "");
    cr_assert_eq(ev.rev, 2);
    ev = event(3 * VD_HAPPENINGS_MAX - VD_HAPPENINGS_MAX + 2, VD_PHASE_MEDIA, "");
    vd_happenings_number(&h, &ev);
    cr_assert_eq(ev.rev, 3, "the younger are known");
    ev = event(1, VD_PHASE_MEDIA, "");
    ev.rev = 9;
    vd_happenings_number(&h, &ev);
    cr_assert_eq(ev.rev, 9, "the oldest are not");
}
