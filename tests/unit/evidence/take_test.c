#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/evidence/take.h"
#include "tests/support/packets.h"

static struct vd_take take;
static struct vd_err err;

static void set_up(void)
{
    packets_reset();
}

TestSuite(take, .init = set_up);

static struct vd_event event(char name, enum vd_kind kind)
{
    struct vd_event ev = {.kind = kind, .phase = VD_PHASE_START, .rev = 1};

    ev.event.bytes[0] = (uint8_t)name;
    return ev;
}

/* Reads all there is and adds each as a letter to text: 'K', '-', '!' for a loss before the
 * next, '.' when the recording is over. */
static void read_all(char *text)
{
    struct vd_packet packet;
    bool was_on = take.is_on;
    uint64_t lost;
    int rc;

    text += strlen(text);
    while ((rc = vd_take_next(&take, packets_us, &packet, &lost, &err)) == 1) {
        if (lost > 0)
            *text++ = '!';
        *text++ = packet.is_key ? 'K' : '-';
        vd_packet_unref(&packet);
    }
    if (rc == VD_EEOF && was_on)
        *text++ = '.';
    *text = '\0';
}

/* Plays a line: packets; '|' the stream breaks; 'a'..'d' that motion begins, 'A'..'D' ends;
 * 'x' a scene change begins (and is not followed); '<' the reader reads; '_' a step passes
 * without a packet; 'r' the start of a is refused. Returns what was read. */
static void play(const char *line, char *read)
{
    struct vd_event ev;

    read[0] = '\0';
    for (; *line != '\0'; line++) {
        if (*line == 'K' || *line == '-') {
            struct vd_packet p = packets_make(*line);

            (void)vd_take_put(&take, &p);
            vd_packet_unref(&p);
        } else if (*line == '|') {
            vd_take_break(&take);
        } else if (*line == '_') {
            packets_us += STEP_US;
        } else if (*line == '<') {
            read_all(read);
        } else if (*line == 'r') {
            ev = event('a', VD_KIND_MOTION);
            vd_take_forget(&take, &ev.event);
        } else if (*line >= 'A' && *line <= 'D') {
            ev = event((char)(*line - 'A' + 'a'), VD_KIND_MOTION);
            vd_take_end(&take, &ev.event, packets_us);
        } else {
            ev = event(*line, *line == 'x' ? VD_KIND_SCENE_CHANGE : VD_KIND_MOTION);
            cr_assert_eq(vd_take_begin(&take, &ev, packets_us, packets_us, &err), 0);
        }
    }
}

Test(take, is_what_lies_around_its_happenings)
{
    /* Pre-roll 4 steps, post-roll 3: the key frame at or before 4 steps ago, to 3 steps after
     * the end. */
    static const struct {
        const char *line, *read;
        int events; /* of the recording that is over, or goes on */
    } table[] = {
        {"K-K-K-K-<", "", 0},
        {"K-K-K-K-a<", "K-K-K-", 1},            /* 8: 4 is a '-', so from 3 on */
        {"K-K-K-K-a--A---<", "K-K-K------", 1}, /* nobody knows yet that it is over */
        {"K-K-K-K-a--A-----<", "K-K-K------.", 1},
        {"K-K-K-K-a<--<A--<--<", "K-K-K------.", 1},  /* read as it comes */
        {"K-K-K-K-x----<", "K-K-K----.", 1},          /* not followed to its end */
        {"K-K-K-K-a-b-A-B----<", "K-K-K-------.", 2}, /* shared */
        {"K-K-K-K-a-A-b-B----<", "K-K-K-------.", 2}, /* begins in the post-roll */
        {"K-a-A---<-<", "K-----.", 1},                /* nothing earlier was held */
        {"K-a---|<", "K----.", 1},                    /* broken off */
        {"K-----|a<", "K-----.", 1},                  /* what was before the loss */
        {"K-----|____a<", "K-----.", 1},
        {"K-a|AK-b-B----<", "K-K-----.", 2}, /* on into the next session */
        {"a<K--<A---<-<", "K-----.", 1},     /* nothing was there yet */
        {"a<A_____<", "", 1},
        {"a<A________________________<", ".", 1}, /* and never came */
        {"K-K-K-K-ar<-<", ".", 0},                /* its start was refused */
        {"K-K-K-K-a-br-B----<", "K-K-K------.", 1},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct vd_take_settings settings = {
            .ring_bytes = 1 << 20, .pre_us = 4 * STEP_US, .post_us = 3 * STEP_US};
        char read[128];

        packets_reset();
        cr_assert_eq(vd_take_init(&take, &settings, &err), 0);
        play(table[i].line, read);
        cr_expect_str_eq(read, table[i].read, "case %zu, %s: '%s', not '%s'", i, table[i].line,
                         read, table[i].read);
        cr_expect_eq(take.n_events, table[i].events, "case %zu: %d events", i, take.n_events);
        vd_take_fini(&take);
    }
}

Test(take, tells_a_slow_reader_what_is_missing)
{
    struct vd_take_settings settings = {.ring_bytes = 8 * (SIZE + VD_RING_OVERHEAD),
                                        .pre_us = 4 * STEP_US,
                                        .post_us = 3 * STEP_US};
    char read[128];

    cr_assert_eq(vd_take_init(&take, &settings, &err), 0);
    play("K-K-a<K-K-K-K-K-K-<A----<", read);
    cr_assert_str_eq(read, "K-K-!K-K-K-K----.", "'%s'", read);
    vd_take_fini(&take);
}

Test(take, keeps_the_newest_message_of_each_happening_and_no_more_than_its_limit)
{
    struct vd_take_settings settings = {.ring_bytes = 1 << 20, .post_us = STEP_US};
    struct vd_event ev = event('a', VD_KIND_MOTION);
    struct vd_take_event *done;
    int n;

    cr_assert_eq(vd_take_init(&take, &settings, &err), 0);
    cr_assert_eq(vd_take_begin(&take, &ev, 0, 0, &err), 0);
    ev.rev = 7;
    vd_take_heard(&take, &ev);
    for (int i = 1; i < VD_TAKE_EVENTS_MAX; i++) {
        ev = event((char)('a' + i), VD_KIND_MOTION);
        cr_assert_eq(vd_take_begin(&take, &ev, 0, 0, &err), 0);
    }
    ev = event('0', VD_KIND_MOTION);
    cr_assert_eq(vd_take_begin(&take, &ev, 0, 0, &err), VD_EAGAIN);
    vd_take_end(&take, &take.events[1].last.event, 0);
    cr_assert_eq(vd_take_begin(&take, &ev, 0, 0, &err), VD_EAGAIN, "no file was told of");
    take.events[1].files = take.events[2].files = 1;
    cr_assert_eq(vd_take_begin(&take, &ev, 0, 0, &err), 0, "one that is over and has its clip");
    cr_assert_eq(vd_take_begin(&take, &ev, 0, 0, &err), VD_EAGAIN, "the others go on");
    done = vd_take_done(&take, &n);
    cr_assert_eq(n, VD_TAKE_EVENTS_MAX);
    cr_assert_eq(done[0].last.rev, 7);
    cr_assert_eq(done[1].last.event.bytes[0], 'c');
    cr_assert_eq(done[n - 1].last.event.bytes[0], '0');
    free(done);
    vd_take_fini(&take);
}
