#include <criterion/criterion.h>

#include "ingest/evidence/ring.h"
#include "tests/support/packets.h"

enum { COST = SIZE + VD_RING_OVERHEAD };

/* Letters as packets_make takes them; '|' the stream breaks, ' ' ten steps pass. Returns what
 * was lost. */
static int play(struct vd_ring *ring, const char *packets)
{
    int lost = 0;

    for (; *packets != '\0'; packets++) {
        struct vd_packet p;

        if (*packets == ' ')
            packets_us += 10 * STEP_US;
        if (*packets == '|')
            vd_ring_break(ring);
        if (*packets == ' ' || *packets == '|')
            continue;
        p = packets_make(*packets);
        lost += vd_ring_put(ring, &p);
        vd_packet_unref(&p);
    }
    return lost;
}

static void set_up(void)
{
    packets_reset();
}

TestSuite(ring, .init = set_up);

Test(ring, holds_from_the_key_frame_before_its_time_on_and_no_more_than_its_bytes)
{
    static const struct {
        const char *packets;
        size_t room;  /* packets */
        int64_t keep; /* steps */
        uint64_t pin;
        uint64_t first, next;
        int lost;
    } cases[] = {
        {"", 10, 5, 0, 1, 1, 0},
        {"K--K--", 10, 5, 0, 1, 7, 0},
        {"K--K--K--K", 20, 5, 0, 4, 11, 0},  /* the key frame at or before 5 steps ago */
        {"K--K--K--K-", 20, 5, 0, 4, 12, 0}, /* 7 is 4 old */
        {"K--K--K--K--", 20, 5, 0, 7, 13, 0},
        {"K--------------", 20, 5, 0, 1, 16, 0}, /* no other key frame: all of it is needed */
        {"K--K--K--K--", 20, 5, 2, 1, 13, 0},    /* pinned inside the first group */
        {"K--K--K--K--", 20, 5, 4, 4, 13, 0},
        {"K--K--K", 6, 50, 0, 4, 8, 3},         /* no room: the oldest group is lost */
        {"K--K--K--K--", 6, 2, 0, 10, 13, 0},   /* it was old */
        {"K--K--K--K--", 6, 2, 1, 7, 13, 6},    /* but pinned */
        {"K------", 6, 5, 0, 8, 8, 7},          /* no room for one group */
        {"K---------K--", 6, 5, 0, 11, 14, 10}, /* until the next begins */
        {"--K-", 10, 5, 0, 3, 5, 2},            /* begins with a key frame */
        {"K-=K-", 10, 5, 0, 4, 6, 3},           /* one that never has room */
        {"K--|", 10, 5, 0, 1, 4, 0},            /* what was before stays until there is more */
        {"K--|K-", 10, 5, 0, 4, 6, 0},
        {"K--|K-", 10, 5, 2, 2, 6, 0},
        {"K--|K-", 10, 50, 5, 4, 6, 0},
        {"K-- K--", 20, 5, 0, 1, 7, 0}, /* a pause: the key frame before the last 5 steps */
        {"K-- K-----", 20, 5, 0, 4, 10, 0},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct vd_ring *ring = NULL;
        struct vd_ring_facts facts;
        int lost;

        cr_assert_eq(vd_ring_open(&ring, cases[i].room * COST, cases[i].keep * STEP_US, NULL),
                     0);
        vd_ring_pin(ring, cases[i].pin);
        lost = play(ring, cases[i].packets);
        vd_ring_facts(ring, &facts);
        cr_assert(facts.first == cases[i].first && facts.next == cases[i].next &&
                      lost == cases[i].lost,
                  "case %zu: [%d,%d) lost %d", i, (int)facts.first, (int)facts.next, lost);
        cr_assert_eq(facts.bytes, (facts.next - facts.first) * COST, "case %zu", i);
        vd_ring_close(&ring);
        cr_assert_eq(atomic_load(&packets_params.refs), 1);
    }
}

Test(ring, finds_the_key_frame_before_a_time)
{
    static const struct {
        const char *packets;
        int64_t at; /* steps */
        uint64_t number;
    } cases[] = {
        {"", 5, 0},          {"K--K--K--", 5, 4},    {"K--K--K--", 4, 4},
        {"K--K--K--", 3, 1}, {"K--K--K--", 0, 1},    {"K--K--K--", 100, 7},
        {"K--|", 100, 1},    {"K--K--|K--K-", 5, 7}, {"K--K--|K--K-", 11, 10},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct vd_ring *ring = NULL;
        uint64_t number;

        packets_us = 0;
        cr_assert_eq(vd_ring_open(&ring, 100 * COST, 100 * STEP_US, NULL), 0);
        vd_ring_pin(ring, 1);
        play(ring, cases[i].packets);
        number = vd_ring_seek(ring, cases[i].at * STEP_US);
        cr_assert_eq(number, cases[i].number, "case %zu: %d", i, (int)number);
        vd_ring_close(&ring);
    }
}

Test(ring, tells_a_slow_reader_what_it_missed)
{
    struct vd_ring *ring = NULL;
    struct vd_packet packet;
    uint64_t at = 2, lost;

    cr_assert_eq(vd_ring_open(&ring, 6 * COST, 2 * STEP_US, NULL), 0);
    play(ring, "K--");
    cr_assert_eq(vd_ring_take(ring, &at, &packet, &lost, NULL), 1);
    cr_assert(at == 3 && lost == 0 && !packet.is_key);
    vd_packet_unref(&packet);
    play(ring, "K--K-");
    cr_assert_eq(vd_ring_take(ring, &at, &packet, &lost, NULL), 1);
    cr_assert(packet.is_key && packet.pts_us == 4 * STEP_US);
    cr_assert(at == 5 && lost == 1, "%d %d", (int)at, (int)lost);
    vd_packet_unref(&packet);
    at = 9;
    cr_assert_eq(vd_ring_take(ring, &at, &packet, &lost, NULL), 0);
    cr_assert(at == 9 && lost == 0);
    vd_ring_close(&ring);
}

Test(ring, grows_with_what_it_holds_to_its_limit)
{
    struct vd_ring *ring = NULL;
    struct vd_ring_facts facts;
    int lost = 0;

    cr_assert_eq(vd_ring_open(&ring, (size_t)1 << 30, INT64_MAX / 2, NULL), 0);
    for (int i = 0; i < VD_RING_PACKETS_MAX / 2; i++)
        lost += play(ring, "K-");
    cr_assert_eq(lost, 0);
    cr_assert_eq(play(ring, "K"), 2);
    vd_ring_facts(ring, &facts);
    cr_assert_eq(facts.next - facts.first, VD_RING_PACKETS_MAX - 1);
    vd_ring_close(&ring);
}
