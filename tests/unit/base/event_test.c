#include "base/event.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"

static struct vd_event sample(void)
{
    struct vd_event ev = {
        .kind = VD_KIND_MOTION,
        .phase = VD_PHASE_START,
        .rev = 1,
        .n_zones = 1,
        .time_us = INT64_C(1787368447412000),
        .start_us = INT64_C(1787368446900000),
        .score = 0.37F,
        .peak = 0.52F,
        .n_boxes = 1,
        .boxes = {{0.41F, 0.22F, 0.10F, 0.18F}},
        .why = {.analysis = "320x180@5",
                .m_of_n = "3/5",
                .threshold = 0.012F,
                .sigma = 2.9F,
                .light = 0.02F,
                .shift_px = 0.3F},
        .quality = {.fps = 4.9F, .lost = 0.001F, .clock_skew_ms = -830},
    };

    ev.id = vd_uuid_make(ev.time_us);
    ev.event = vd_uuid_make(ev.start_us);
    snprintf(ev.source, sizeof ev.source,
             "/ingest/node-a/0198c2f0-1111-7222-8333-444455556666");
    snprintf(ev.area, sizeof ev.area, "4403/440305/440305001");
    snprintf(ev.camera, sizeof ev.camera, "gate-3");
    snprintf(ev.zones[0], sizeof ev.zones[0], "drive");
    snprintf(ev.snapshot, sizeof ev.snapshot, "gate-3.0198c2f0-1111-7222-8333-444455556666");
    return ev;
}

Test(event, json_has_the_names_and_forms_of_the_contract)
{
    static const char *const parts[] = {
        "{\"specversion\":\"1.0\",\"id\":\"",
        "\"source\":\"/ingest/node-a/0198c2f0-1111-7222-8333-444455556666\","
        "\"sequence\":\"00000000000000184467\",\"type\":\"vedette.motion.start.v1\","
        "\"subject\":\"camera/gate-3\",\"time\":\"2026-08-22T03:14:07.412Z\","
        "\"recordedtime\":null,\"data\":{\"event\":\"",
        "\"rev\":1,\"phase\":\"start\",\"area\":\"4403/440305/"
        "440305001\",\"camera\":\"gate-3\","
        "\"zone\":[\"drive\"],\"start\":\"2026-08-22T03:14:06.900Z\",\"end\":null,"
        "\"end_reason\":null,\"score\":0.37,\"peak\":0.52,\"boxes\":[[0.41,0.22,0.1,0.18]],"
        "\"why\":{\"analysis\":\"320x180@5\",\"threshold\":0.012,\"sigma\":2.9,"
        "\"m_of_n\":\"3/5\",\"light\":0.02,\"shift_px\":0.3,\"suppressed\":0},"
        "\"quality\":{\"fps\":4.9,\"lost\":0.001,\"clock_skew_ms\":-830},"
        "\"media\":{\"snapshot\":\"gate-3.0198c2f0-1111-7222-8333-444455556666\","
        "\"clip\":null}}}",
    };
    struct vd_event ev = sample();
    char json[VD_EVENT_JSON_MAX + 1];
    int len = vd_event_encode(&ev, json, sizeof json, NULL);

    cr_assert_gt(len, 0);
    cr_assert_eq(vd_event_stamp(json, (size_t)len, 184467), 0);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        cr_assert(strstr(json, parts[i]) != NULL, "part %zu is missing in\n%s", i, json);
}

/* The sample with two entries of what one object did. */
static struct vd_event tracked(void)
{
    struct vd_event ev = sample();

    ev.n_tracks = 2;
    ev.tracks[0] = (struct vd_event_track){.id = 1,
                                           .zone = "drive",
                                           .did = VD_DID_ENTER | VD_DID_CROSS,
                                           .line = "gate-line",
                                           .direction = VD_DIRECTION_A_TO_B,
                                           .dwell_ms = 4200,
                                           .size = 0.012F};
    ev.tracks[1] = (struct vd_event_track){.id = 1, .dwell_ms = VD_EVENT_DWELL_MS_MAX};
    ev.tracks_left_out = 5;
    return ev;
}

Test(event, tells_what_objects_did_and_tells_it_back)
{
    static const char part[] =
        "\"tracks\":[{\"id\":1,\"zone\":\"drive\",\"did\":[\"enter\",\"cross\"],"
        "\"line\":\"gate-line\",\"direction\":\"a_to_b\",\"dwell_ms\":4200,\"size\":0.012},"
        "{\"id\":1,\"zone\":null,\"did\":[],\"dwell_ms\":86400000,\"size\":0.0}],"
        "\"tracks_left_out\":5,\"why\"";
    struct vd_event ev = tracked(), back;
    char json[VD_EVENT_JSON_MAX + 1];
    struct vd_err err = {0};
    int len = vd_event_encode(&ev, json, sizeof json, &err);

    cr_assert_gt(len, 0, "%s", err.msg);
    cr_assert(strstr(json, part) != NULL, "%s", json);
    cr_assert_eq(vd_event_decode(json, (size_t)len, &back, &err), 0, "%s", err.msg);
    cr_assert_eq(back.n_tracks, 2);
    cr_assert_eq(back.tracks_left_out, 5);
    cr_assert_eq(back.tracks[0].did, VD_DID_ENTER | VD_DID_CROSS);
    cr_assert_eq(back.tracks[0].direction, VD_DIRECTION_A_TO_B);
    cr_assert(vd_event_equal(&ev, &back));
}

Test(event, survives_the_round_trip_in_every_kind_and_phase)
{
    for (int kind = 0; kind < VD_N_KINDS; kind++)
        for (int phase = 0; phase < VD_N_PHASES; phase++) {
            struct vd_event ev = sample(), back;
            char json[VD_EVENT_JSON_MAX + 1];
            struct vd_err err = {0};
            int len;

            ev.kind = (enum vd_kind)kind;
            ev.phase = (enum vd_phase)phase;
            ev.sequence = 7;
            ev.refused = (struct vd_refused){3, ev.start_us};
            snprintf(ev.detail, sizeof ev.detail, "Quotes \" and \xe6\xb7\xb1.");
            if (ev.phase == VD_PHASE_END) {
                ev.end_us = ev.time_us;
                ev.end_reason = VD_END_RESTART;
            }
            len = vd_event_encode(&ev, json, sizeof json, &err);
            cr_assert_gt(len, 0, "%s", err.msg);
            cr_assert_eq(vd_event_decode(json, (size_t)len, &back, &err), 0, "%s", err.msg);
            cr_assert(vd_event_equal(&ev, &back), "%s", json);
        }
}

Test(event, the_largest_one_fits)
{
    struct vd_event ev = sample();
    char json[VD_EVENT_JSON_MAX + 1];
    struct vd_err err = {0};

    memset(ev.camera, 'c', VD_ID_MAX);
    memset(ev.area, 'a', VD_AREA_MAX);
    ev.source[0] = '/';
    memset(ev.source + 1, 's', VD_SOURCE_MAX - 1);
    memset(ev.snapshot, 'm', VD_MEDIA_ID_MAX);
    memset(ev.clip, 'm', VD_MEDIA_ID_MAX);
    memset(ev.detail, '\x01', VD_DETAIL_MAX); /* six characters each in JSON */
    ev.n_zones = VD_EVENT_ZONES_MAX;
    for (int i = 0; i < VD_EVENT_ZONES_MAX; i++)
        memset(ev.zones[i], 'z', VD_ID_MAX);
    ev.n_boxes = VD_EVENT_BOXES_MAX;
    for (int i = 0; i < VD_EVENT_BOXES_MAX; i++)
        ev.boxes[i] = (struct vd_box){0.123456F, 0.234567F, 0.345678F, 0.456789F};
    ev.n_tracks = VD_EVENT_TRACKS_MAX;
    ev.tracks_left_out = UINT32_MAX;
    for (int i = 0; i < VD_EVENT_TRACKS_MAX; i++) {
        ev.tracks[i] = (struct vd_event_track){.id = UINT32_MAX,
                                               .did = (1U << VD_N_DIDS) - 1,
                                               .direction = VD_DIRECTION_B_TO_A,
                                               .dwell_ms = VD_EVENT_DWELL_MS_MAX,
                                               .size = 0.123456F};
        memset(ev.tracks[i].zone, 'z', VD_ID_MAX);
        memset(ev.tracks[i].line, 'l', VD_ID_MAX);
    }
    cr_assert_gt(vd_event_encode(&ev, json, sizeof json, &err), 0, "%s", err.msg);
}

/* The sample with one piece of text replaced must be refused with that message. */
Test(event, decode_refuses_what_breaks_the_contract)
{
    static const struct {
        const char *was, *is, *message;
    } rows[] = {
        {".start.v1", ".start.v2", "version"},
        {"vedette.motion", "vedette.emotion", "unknown kind"},
        {"motion.start", "motion.begin", "unknown phase"},
        {"\"rev\":1", "\"rev\":0", "'rev'"},
        {"\"rev\":1", "\"rev\":\"1\"", "'rev'"},
        {"\"score\":0.37", "\"score\":1.37", "outside 0..1"},
        {"\"score\":0.37", "\"score\":1e99", "'score'"},
        {"\"boxes\":[[0.41", "\"boxes\":[[-0.41", "'boxes'"},
        {"\"zone\":[\"drive\"]", "\"zone\":[\"Dri ve\"]", "no id"},
        {"\"zone\":[\"drive\"]", "\"zone\":{\"drive\":1}", "'zone'"},
        {"\"camera\":\"gate-3\"", "\"camera\":\"../etc\"", "no id"},
        {"\"area\":\"4403/", "\"area\":\"-/", "no area"},
        {"\"sequence\":\"0", "\"sequence\":\"", "20 digits"},
        {"\"sequence\":\"0", "\"sequence\":\"9", "too large"},
        {"\"start\":\"2026", "\"start\":\"x026", "RFC 3339"},
        {"\"source\":\"/", "\"source\":\"", "begin with '/'"},
        {"\"end_reason\":null", "\"end_reason\":\"bored\"", "'end_reason'"},
        {"\"end_reason\":null", "\"end_reason\":\"quiet\"", "disagree"},
        {"\"data\":{", "\"other\":{", "'data'"},
        {"\"id\":\"", "\"id\":\"x", "'id'"},
        {"\"tracks\":[{", "\"tracks\":[7,{", "'tracks'"},
        {"\"tracks\":[", "\"tracks\":[{},{},{},{},{},{},{},", "'tracks'"},
        {"{\"id\":1", "{\"id\":0", "'id'"},
        {"{\"id\":1,", "{", "out of its range"},
        {"\"zone\":\"drive\",\"did\"", "\"zone\":\"Dr\",\"did\"", "'Dr' is no id"},
        {"\"did\":[\"enter\"", "\"did\":[\"flew\"", "'did'"},
        {"\"did\":[\"enter\",\"cross\"]", "\"did\":\"enter\"", "'did'"},
        {"\"did\":[\"enter\",\"cross\"]", "\"did\":[\"enter\"]", "go together"},
        {"\"line\":\"gate-line\",", "", "go together"},
        {"\"direction\":\"a_to_b\"", "\"direction\":\"up\"", "'direction'"},
        {"\"dwell_ms\":4200", "\"dwell_ms\":86400001", "'dwell_ms'"},
        {"\"size\":0.012", "\"size\":1.2", "out of its range"},
        {"\"tracks_left_out\":5", "\"tracks_left_out\":-5", "'tracks_left_out'"},
        {"}}}", "}}", "JSON line"},
        {"\"specversion\":\"1.0\"", "\"a\":[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]", "deeper"},
    };
    struct vd_event ev = tracked();
    char json[VD_EVENT_JSON_MAX + 1];

    cr_assert_gt(vd_event_encode(&ev, json, sizeof json, NULL), 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char bad[VD_EVENT_JSON_MAX + 64];
        const char *at = strstr(json, rows[i].was);
        struct vd_event got, before;
        struct vd_err err = {0};

        memset(&got, 0x5a, sizeof got);
        before = got;
        cr_assert_not_null(at, "row %zu", i);
        snprintf(bad, sizeof bad, "%.*s%s%s", (int)(at - json), json, rows[i].is,
                 at + strlen(rows[i].was));
        cr_assert_eq(vd_event_decode(bad, strlen(bad), &got, &err), VD_EPROTO, "row %zu", i);
        cr_assert(strstr(err.msg, rows[i].message) != NULL, "row %zu: %s", i, err.msg);
        cr_assert_eq(memcmp(&got, &before, sizeof got), 0, "row %zu touched the result", i);
    }
}

Test(event, unknown_fields_are_ignored)
{
    struct vd_event ev = sample(), back;
    char json[VD_EVENT_JSON_MAX + 1], more[VD_EVENT_JSON_MAX + 64];

    cr_assert_gt(vd_event_encode(&ev, json, sizeof json, NULL), 0);
    snprintf(more, sizeof more, "{\"new\":[1,{\"x\":2}],%s", json + 1);
    cr_assert_eq(vd_event_decode(more, strlen(more), &back, NULL), 0);
    cr_assert(vd_event_equal(&ev, &back));
}

Test(event, encode_refuses_what_decode_would)
{
    struct vd_event ev = sample();
    char json[VD_EVENT_JSON_MAX + 1];

    ev.rev = 0;
    cr_assert_eq(vd_event_encode(&ev, json, sizeof json, NULL), VD_EINVAL);
    ev = sample();
    cr_assert_eq(vd_event_encode(&ev, json, 100, NULL), VD_EINVAL, "no room");
    cr_assert_eq(vd_event_stamp((char[]){"{\"sequence\":\"1\"}"}, 16, 1), VD_EINVAL);
}

Test(event, ids_and_areas)
{
    static const struct {
        const char *text;
        bool is_id, is_area;
    } rows[] = {
        {"gate-3", true, false},
        {"a", true, true},
        {"", false, false},
        {"-a", false, false},
        {"Gate", false, true},
        {"4403/440305", false, true},
        {"4403/-", false, false},
        {"4403//1", false, false},
        {"/4403", false, false},
        {"4403/", false, false},
        {"a/../b", false, false},
        {"a/./b", false, false},
        {"a/b.c", false, true},
        {"a/b c", false, false},
        {"1/2/3/4/5/6/7/8", false, true},
        {"1/2/3/4/5/6/7/8/9", false, false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_eq(vd_id_is_valid(rows[i].text), rows[i].is_id, "id '%s'", rows[i].text);
        cr_assert_eq(vd_area_is_valid(rows[i].text), rows[i].is_area, "area '%s'",
                     rows[i].text);
    }
    cr_assert(vd_area_within("4403/440305", "4403"));
    cr_assert(vd_area_within("4403", "4403"));
    cr_assert(vd_area_within("4403", ""));
    cr_assert(!vd_area_within("44031", "4403"), "a prefix is no parent");
    cr_assert(!vd_area_within("4403", "4403/440305"));
}
