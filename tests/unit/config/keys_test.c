/* The tables of keys hold what they promise, all of them. */
#include <criterion/criterion.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/event.h"
#include "config/bind.h"
#include "config/load.h"
#include "config/print.h"
#include "config/value.h"

static int n_rows;

static void check_row(const struct vd_keys *keys, const struct vd_key *key)
{
    size_t help = strlen(key->help);

    cr_assert_gt(help, 10, "%s of %s explains nothing", key->name, keys->thing);
    cr_assert_eq(key->help[help - 1], '.', "%s: '%s' is no sentence", key->name, key->help);
    cr_assert(isupper((unsigned char)key->help[0]) || islower((unsigned char)key->help[0]));
    cr_assert_lt(key->offset, keys->size, "%s", key->name);
    cr_assert_eq(key->type == VD_KEY_ENUM || key->type == VD_KEY_SET ||
                     key->type == VD_KEY_URL || key->type == VD_KEY_ENDPOINT,
                 key->names != NULL, "%s", key->name);
    cr_assert_eq(key->type == VD_KEY_MAP || key->type == VD_KEY_LIST, key->sub != NULL, "%s",
                 key->name);
    cr_assert(key->names != NULL || key->sub != NULL || key->min <= key->max, "%s", key->name);
    for (size_t i = 0; i < keys->n; i++)
        cr_assert(&keys->rows[i] == key || strcmp(keys->rows[i].name, key->name) != 0,
                  "%s is in the table twice", key->name);
}

/* The default must be legal, and be what printing it gives: no "60s" for "1m". */
static void check_default(const struct vd_key *key, struct vd_arena *arena, size_t size)
{
    char buf[VD_VALUE_TEXT_MAX];
    struct vd_err err = {0};
    void *object = vd_arena_alloc(arena, size);
    const char *text;

    if (key->def == NULL || key->type == VD_KEY_SET)
        return;
    cr_assert_eq(vd_value_set(arena, key, object, key->def, &err), 0, "%s", err.msg);
    text = vd_value_format(key, object, buf);
    cr_assert_eq(vd_value_set(arena, key, object, text, &err), 0, "%s", err.msg);
    cr_assert_str_eq(vd_value_format(key, object, buf), text);
}

static void check_table(const struct vd_keys *keys, struct vd_arena *arena, int depth)
{
    cr_assert_lt(depth, 8);
    for (size_t i = 0; i < keys->n; i++) {
        check_row(keys, &keys->rows[i]);
        check_default(&keys->rows[i], arena, keys->size);
        n_rows++;
        if (keys->rows[i].sub != NULL)
            check_table(keys->rows[i].sub, arena, depth + 1);
    }
}

Test(keys, every_default_is_legal_and_every_key_explains_itself)
{
    struct vd_arena arena = {0};

    check_table(&vd_root_keys, &arena, 0);
    cr_assert_gt(n_rows, 100);
    vd_arena_fini(&arena);
}

Test(keys, an_empty_configuration_passes_its_own_checks_and_prints_its_defaults)
{
    struct vd_config *cfg = NULL;
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    cr_assert_eq(vd_load_text(&cfg, "", 0, NULL, NULL), 0);
    cr_assert_str_eq(cfg->console.listen, "127.0.0.1:8080");
    cr_assert_eq(cfg->ingest.workers, 2);
    cr_assert_eq(cfg->ingest.backoff_max_us, 60000000);
    cr_assert_null(cfg->database.url);
    vd_print_yaml(&vd_root_keys, cfg, 0, false, 0, out);
    fclose(out);
    cr_assert_not_null(strstr(text, "spool_limit: 1GiB"), "%s", text);
    vd_config_unref(&cfg);
    free(text);
}

/* Given in thought, a default written out must change nothing and trip no check. */
Test(keys, defaults_written_out_are_the_defaults)
{
    struct vd_config *cfg = NULL, *again = NULL;
    struct vd_err err = {0};
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    cr_assert_eq(vd_load_text(&cfg, "", 0, NULL, NULL), 0);
    vd_print_yaml(&vd_root_keys, cfg, 0, false, 0, out);
    fclose(out);
    cr_assert_eq(vd_load_text(&again, text, len, NULL, &err), 0, "%s", err.msg);
    cr_assert_eq(vd_config_diff(cfg, again, NULL, NULL), 0);
    vd_config_unref(&cfg);
    vd_config_unref(&again);
    free(text);
}

Test(keys, kinds_have_the_names_and_places_that_events_give_them)
{
    cr_assert_eq(vd_names_count(vd_kind_names), VD_N_KINDS);
    for (int i = 0; i < VD_N_KINDS; i++) {
        char word[64];
        enum vd_kind kind;

        vd_names_word(vd_kind_names, i, word, sizeof word);
        cr_assert(vd_kind_parse(word, &kind), "%s", word);
        cr_assert_eq((int)kind, i, "%s", word);
    }
}

Test(keys, the_manual_names_every_key_in_both_forms)
{
    for (int markdown = 0; markdown < 2; markdown++) {
        char *text = NULL;
        size_t len;
        FILE *out = open_memstream(&text, &len);

        vd_print_manual(markdown != 0, out);
        fclose(out);
        cr_assert_not_null(strstr(text, "cameras[].zones[].min_area"));
        cr_assert_not_null(strstr(text, "rules[].when.schedule.daily"));
        cr_assert_not_null(strstr(text, "10ms to 1m; default 1s"));
        cr_assert_not_null(strstr(text, "a change needs a restart"));
        cr_assert_null(strstr(text, "(null)"));
        free(text);
    }
}

static const struct {
    const char *a, *b;
    int distance;
    bool is_near;
} distances[] = {
    {"", "", 0, false},
    {"url", "url", 0, true},
    {"ulr", "url", 1, true},
    {"urls", "url", 1, true},
    {"detct_url", "detect_url", 1, true},
    {"detecturl", "detect_url", 1, true},
    {"sesion", "session", 1, true},
    {"x", "url", 3, false},
    {"", "url", 3, false},
    {"password", "user", 6, false},
    {"camera", "cameras", 1, true},
    {"adress", "address", 1, true},
};

Test(keys, near_words_are_near)
{
    for (size_t i = 0; i < sizeof distances / sizeof distances[0]; i++) {
        cr_assert_eq(vd_text_distance(distances[i].a, distances[i].b), distances[i].distance,
                     "%s %s: %d", distances[i].a, distances[i].b,
                     vd_text_distance(distances[i].a, distances[i].b));
        cr_assert_eq(vd_text_near(distances[i].a, distances[i].b), distances[i].is_near,
                     "%s %s", distances[i].a, distances[i].b);
    }
}
