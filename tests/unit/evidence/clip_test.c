#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/json.h"
#include "ingest/evidence/clip.h"
#include "ingest/evidence/journal.h"
#include "storage/media/media.h"
#include "tests/support/film.h"
#include "tests/support/tmpdir.h"

static struct tmpdir dir;
static char id[VD_MEDIA_ID_MAX + 1], part[VD_PATH_MAX], whole[VD_PATH_MAX];
static struct vd_err err;

static void set_up(void)
{
    struct vd_uuid uuid = vd_uuid_make(1790000000000000);
    struct vd_media_place place = {.area = "a/b", .kind = VD_MEDIA_PART};

    vd_json_init();
    tmpdir_open(&dir);
    place.root = dir.path;
    vd_media_id("gate", &uuid, id);
    (void)vd_media_path(&place, id, part, NULL, sizeof part, &err);
    place.kind = VD_MEDIA_CLIP;
    (void)vd_media_path(&place, id, whole, NULL, sizeof whole, &err);
}

static void tear_down(void)
{
    tmpdir_close(&dir);
}

TestSuite(clip, .init = set_up, .fini = tear_down);

static struct vd_clip *record(const struct film *film, int n)
{
    struct vd_clip_opts opts = {.root = dir.path, .area = "a/b", .id = id};
    struct vd_clip *clip = NULL;

    cr_assert_eq(vd_clip_open(&clip, &opts, &film->packets[0], &err), 0, "%s", err.msg);
    for (int i = 0; i < n; i++) {
        cr_assert_eq(vd_clip_add(clip, &film->packets[i], &err), 0, "%s", err.msg);
        cr_assert_eq(vd_clip_write(clip, 400000, &err), 0, "%s", err.msg);
    }
    return clip;
}

static int64_t size_of(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 ? st.st_size : -1;
}

Test(clip, has_its_name_when_it_is_whole)
{
    struct film film = film_make(false, 320, 240, 50, 25, 0);
    struct vd_clip *clip = record(&film, 45);
    struct vd_clip_facts facts;

    vd_clip_facts(clip, &facts);
    cr_assert(facts.frames >= 30 && facts.frames < 45 && facts.written_us > 0);
    cr_assert_eq(size_of(part), facts.bytes);
    cr_assert_eq(vd_clip_finish(&clip, &err), 1, "%s", err.msg);
    cr_assert_null(clip);
    cr_assert_eq(size_of(part), -1);
    cr_assert_gt(size_of(whole), facts.bytes, "what was left is in it");
    film_free(&film);
}

Test(clip, without_a_picture_is_removed)
{
    struct film film = film_make(false, 320, 240, 2, 25, 0);
    struct vd_clip *clip = record(&film, 0);

    cr_assert_eq(vd_clip_finish(&clip, &err), 0);
    cr_assert_eq(size_of(part), -1);
    cr_assert_eq(size_of(whole), -1);
    film_free(&film);
}

Test(clip, that_a_crash_cut_is_whole_up_to_its_last_fragment_wherever_it_was_cut)
{
    struct film film = film_make(false, 320, 240, 50, 25, 0);
    struct vd_clip *clip = record(&film, 50);
    struct vd_clip_facts facts;
    char *bytes;
    size_t len;

    vd_clip_facts(clip, &facts);
    cr_assert_eq(vd_fs_read(part, 1 << 24, &bytes, &len, &err), 0);
    for (size_t cut = 0; cut <= len; cut += cut < len && len - cut < 997 ? len - cut : 997) {
        int rc;

        (void)unlink(whole);
        cr_assert_eq(vd_fs_write(part, bytes, cut, 0600, &err), 0);
        rc = vd_clip_repair(dir.path, "a/b", id, &err);
        cr_assert_geq(rc, 0, "%s", err.msg);
        cr_assert_eq(size_of(part), -1);
        cr_assert_eq(size_of(whole) >= 0, rc == 1, "cut at %zu", cut);
        cr_assert_leq(size_of(whole), (int64_t)cut);
        cr_assert_eq(vd_clip_repair(dir.path, "a/b", id, &err), rc, "it is as it is");
        if (cut == len)
            break;
    }
    cr_assert_eq(size_of(whole), (int64_t)len);
    free(bytes);
    cr_assert_eq(vd_fs_write(part, "", 0, 0600, &err), 0);
    (void)vd_clip_finish(&clip, NULL);
    film_free(&film);
}

struct box {
    const char *type;
    uint32_t size;
};

struct line {
    const struct box *boxes;
    int64_t size;
};

static bool read_box(void *arg, int64_t offset, uint8_t head[16])
{
    const struct line *line = arg;
    int64_t at = 0;

    for (const struct box *b = line->boxes; b->type != NULL; at += b->size, b++)
        if (at == offset) {
            for (int i = 0; i < 4; i++)
                head[i] = (uint8_t)(b->size >> (24 - 8 * i));
            memcpy(head + 4, b->type, 4);
            return true;
        }
    return false;
}

Test(clip, boxes_are_followed_as_far_as_they_are_whole)
{
    static const struct {
        struct box boxes[8];
        int64_t size, whole;
        int fragments;
    } cases[] = {
        {{{"ftyp", 32}, {"moov", 600}, {"moof", 100}, {"mdat", 1000}}, 1732, 1732, 1},
        {{{"ftyp", 32}, {"moov", 600}, {"moof", 100}, {"mdat", 1000}}, 1731, 632, 0},
        {{{"ftyp", 32}, {"moov", 600}, {"moof", 100}, {"mdat", 1000}, {"moof", 100}},
         1832,
         1732,
         1},
        {{{"ftyp", 32}, {"moov", 600}}, 632, 632, 0},
        {{{"ftyp", 32}, {"moov", 600}}, 631, 0, 0},
        {{{"ftyp", 32}, {"mdat", 7}}, 100, 0, 0},
        {{{"ftyp", 0}}, 100, 0, 0},
        {{{"ftyp", 32}}, 15, 0, 0},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct line line = {cases[i].boxes, cases[i].size};
        int fragments;

        cr_assert_eq(vd_clip_whole(read_box, &line, cases[i].size, &fragments), cases[i].whole,
                     "case %zu", i);
        cr_assert_eq(fragments, cases[i].fragments, "case %zu", i);
    }
}

/* ---- the journal ---- */

static int pages, events;
static uint32_t rev;

static int count(void *arg, const struct vd_journal_page *page)
{
    (void)arg;
    pages++;
    events += page->n_events;
    cr_assert_str_eq(page->id, id);
    cr_assert_str_eq(page->area, "a/b");
    for (int i = 0; i < page->n_events; i++)
        rev = page->events[i].rev > rev ? page->events[i].rev : rev;
    return 0;
}

static struct vd_event event(int name, uint32_t of_rev)
{
    struct vd_event ev = {.kind = VD_KIND_MOTION,
                          .phase = VD_PHASE_START,
                          .rev = of_rev,
                          .time_us = 1790000000000000,
                          .start_us = 1790000000000000,
                          .camera = "gate"};

    ev.event = vd_uuid_make(1790000000000000 + name * 1000000);
    ev.id = ev.event;
    return ev;
}

Test(clip, journal_of_the_dead_is_found_and_that_of_the_living_left_alone)
{
    struct vd_journal *journal = NULL;
    struct vd_event one = event(1, 1), two = event(2, 3);
    char folder[VD_PATH_MAX], path[VD_PATH_MAX];
    int damaged;
    FILE *torn;

    (void)snprintf(folder, sizeof folder, "%.200s/w1.clips", dir.path);
    cr_assert_eq(vd_journal_recover(folder, count, NULL, &damaged, &err), 0, "no folder");
    cr_assert_eq(vd_journal_open(&journal, folder, id, "a/b", &err), 0, "%s", err.msg);
    cr_assert_eq(vd_journal_note(journal, &one, &err), 0, "%s", err.msg);
    one.rev = 2;
    cr_assert_eq(vd_journal_note(journal, &one, &err), 0);
    cr_assert_eq(vd_journal_note(journal, &two, &err), 0);
    cr_assert_eq(vd_journal_recover(folder, count, NULL, &damaged, &err), 0, "it lives");
    cr_assert_eq(pages, 0);
    /* As a death leaves it: the lock gone, the last line torn. */
    cr_assert_eq(vd_fs_join(path, sizeof path, folder, id, &err), 0);
    (void)snprintf(part, sizeof part, "%.200s/copy", dir.path);
    cr_assert_eq(link(path, part), 0);
    vd_journal_finish(&journal);
    cr_assert_eq(rename(part, path), 0);
    torn = fopen(path, "a");
    cr_assert_not_null(torn);
    (void)fputs("{\"specversion\":\"1.", torn);
    (void)fclose(torn);
    cr_assert_eq(vd_journal_recover(folder, count, NULL, &damaged, &err), 1, "%s", err.msg);
    cr_assert(pages == 1 && events == 2 && rev == 3 && damaged == 0, "%d pages, %d events",
              pages, events);
    cr_assert_eq(vd_journal_recover(folder, count, NULL, &damaged, &err), 0, "it is gone");
    /* What is none of ours goes too, and is counted. */
    (void)snprintf(path, sizeof path, "%.200s/nonsense", folder);
    cr_assert_eq(vd_fs_write(path, "x", 1, 0600, &err), 0);
    cr_assert_eq(vd_journal_recover(folder, count, NULL, &damaged, &err), 1);
    cr_assert_eq(damaged, 1);
}
