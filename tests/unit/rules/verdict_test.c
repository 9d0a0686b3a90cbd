/* One rule and one message against the table verdicts.eval. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "tests/unit/rules/story.h"

static enum vd_verdict heard;

static void hear(void *arg, const struct vd_rule *rule, const struct vd_event *ev,
                 enum vd_verdict why)
{
    (void)arg;
    (void)rule;
    (void)ev;
    heard = why;
}

static const struct vd_rules_camera *cameras(void)
{
    static struct story_words gate, dock;
    static struct vd_rules_camera all[2];

    all[0] = (struct vd_rules_camera){.id = "gate-3", .area = "4403/440305"};
    all[0].tags = story_split(&gate, "gate,outside");
    all[1] = (struct vd_rules_camera){.id = "dock", .area = "4403/440305"};
    all[1].tags = story_split(&dock, "inside");
    return all;
}

static void take_line(char *rule_words, char *event_words, const char *want, int line)
{
    char words[512], *phase = strsep(&event_words, " "), none[1] = "";
    struct story_rule r;
    struct vd_rules_opts opts = {.n_rules = 1, .cameras = cameras(), .n_cameras = 2};
    struct vd_event ev = {.rev = 1, .peak = 0.5f, .event = {.bytes = {1}}};
    const struct vd_change *changes = NULL;
    struct vd_rules *book = NULL;
    int64_t received_us;

    (void)snprintf(words, sizeof words, "r %s", rule_words);
    story_rule_take(&r, words, line);
    opts.rules = &r.rule;
    cr_assert(vd_time_parse("2026-08-22T14:00:00Z", &ev.time_us));
    ev.start_us = ev.time_us;
    cr_assert(vd_phase_parse(phase, &ev.phase), "line %d", line);
    if (ev.phase == VD_PHASE_END)
        ev.end_us = ev.time_us;
    (void)vd_str_copy(ev.camera, sizeof ev.camera, "gate-3");
    (void)vd_str_copy(ev.area, sizeof ev.area, "4403/440305");
    story_event_take(&ev, event_words != NULL ? event_words : none, ev.time_us, &received_us,
                     line);
    cr_assert_eq(vd_rules_new(&book, &opts, NULL), 0);
    vd_rules_watch(book, hear, NULL);
    heard = VD_N_WHYS;
    cr_assert_geq(vd_rules_event(book, &ev, false, 0, &changes, NULL), 0);
    cr_assert_neq(heard, VD_N_WHYS, "line %d: nothing was said", line);
    cr_assert_str_eq(vd_verdict_name(heard), want, "line %d: got '%s', want '%s'", line,
                     vd_verdict_name(heard), want);
    cr_assert_gt(strlen(vd_verdict_text(heard)), 10);
    vd_rules_free(&book);
    story_rule_fini(&r);
}

Test(verdicts, are_those_of_the_table)
{
    FILE *f = fopen(VD_TEST_DATA "/verdicts.eval", "r");
    char line[512];
    int n = 0, cases = 0;

    cr_assert_not_null(f);
    while (fgets(line, sizeof line, f) != NULL) {
        char *bar = strstr(line, "| "), *want = strstr(line, " => ");

        n++;
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '#' || line[0] == '\0')
            continue;
        cr_assert(bar != NULL && want != NULL, "line %d", n);
        *bar = *want = '\0';
        take_line(line, bar + 2, want + 4, n);
        cases++;
    }
    fclose(f);
    fprintf(stderr, "{\"verdicts\":%d}\n", cases);
    cr_assert_geq(cases, 130);
}
