/* The manual of every key, from the rows that read them: it cannot go stale. */
#include <stdio.h>
#include <string.h>

#include "config/print.h"
#include "config/value.h"

enum { PATH_ROOM = 128, WIDTH = 92 };

/* "10s to 2m", in the words of the type. */
static void print_range(const struct vd_key *key, FILE *out)
{
    char min[VD_VALUE_TEXT_MAX], max[VD_VALUE_TEXT_MAX];

    vd_value_number_text(key->type, key->min, min);
    vd_value_number_text(key->type, key->max, max);
    fprintf(out, "%s to %s", min, max);
}

static void print_names(const char *names, const char *between, FILE *out)
{
    for (int i = 0, n = vd_names_count(names); i < n; i++) {
        char word[64];

        vd_names_word(names, i, word, sizeof word);
        fprintf(out, "%s%s", i > 0 ? between : "", word);
    }
}

static const char *type_words(enum vd_key_type type)
{
    static const char *const words[] = {
        [VD_KEY_TEXT] = "text",
        [VD_KEY_ID] = "id",
        [VD_KEY_AREA] = "area code",
        [VD_KEY_FILE] = "file name",
        [VD_KEY_ENDPOINT] = "ipc:///path",
        [VD_KEY_LISTEN] = "host:port",
        [VD_KEY_TIMEZONE] = "time zone",
        [VD_KEY_BOOL] = "true or false",
        [VD_KEY_NUMBER] = "number, ",
        [VD_KEY_INT] = "whole number, ",
        [VD_KEY_LEVEL] = "whole number, ",
        [VD_KEY_PERCENT] = "percentage, ",
        [VD_KEY_DURATION] = "duration, ",
        [VD_KEY_SIZE] = "size, ",
        [VD_KEY_RATIO] = "M/N",
        [VD_KEY_DAILY] = "\"hh:mm-hh:mm\"",
        [VD_KEY_POLYGON] = "corners",
        [VD_KEY_POINT] = "[x, y]",
        [VD_KEY_URL] = "URL, ",
        [VD_KEY_ENUM] = "",
        [VD_KEY_SET] = "one or a list of ",
        [VD_KEY_IDS] = "id or list of ids",
        [VD_KEY_DATES] = "date or list of dates",
        [VD_KEY_MAP] = "keys",
        [VD_KEY_LIST] = "list",
    };

    return words[type];
}

static void print_type(const struct vd_key *key, FILE *out)
{
    fputs(type_words(key->type), out);
    switch (key->type) {
    case VD_KEY_INT:
    case VD_KEY_LEVEL:
    case VD_KEY_NUMBER:
    case VD_KEY_PERCENT:
    case VD_KEY_DURATION:
    case VD_KEY_SIZE:
        print_range(key, out);
        break;
    case VD_KEY_URL:
        print_names(key->names, ":// or ", out);
        fputs("://", out);
        break;
    case VD_KEY_ENUM:
    case VD_KEY_SET:
        print_names(key->names, ", ", out);
        break;
    case VD_KEY_IDS:
    case VD_KEY_DATES:
    case VD_KEY_LIST:
    case VD_KEY_POLYGON:
        fprintf(out, ", %lld at most", (long long)key->max);
        break;
    default:
        break;
    }
}

static void print_facts(const struct vd_key *key, FILE *out)
{
    print_type(key, out);
    if (key->def != NULL)
        fprintf(out, "; default %s", key->def);
    if ((key->flags & VD_KEY_REQUIRED) != 0)
        fputs("; required", out);
    if ((key->flags & VD_KEY_RESTART) != 0)
        fputs("; a change needs a restart", out);
}

/* Fills lines of a terminal, each indented. */
static void print_wrapped(const char *text, int indent, FILE *out)
{
    size_t column = 0;

    while (*text != '\0') {
        size_t len = strcspn(text, " ");

        if (column == 0 || column + 1 + len > WIDTH) {
            fprintf(out, "%s%*s", column > 0 ? "\n" : "", indent, "");
            column = (size_t)indent;
        } else {
            fputc(' ', out);
            column++;
        }
        fwrite(text, 1, len, out);
        column += len;
        text += len + (text[len] == ' ');
    }
    fputc('\n', out);
}

static void print_row(const struct vd_key *key, const char *path, bool is_markdown, FILE *out)
{
    if (is_markdown) {
        fprintf(out, "| `%s` | ", path);
        print_facts(key, out);
        fprintf(out, " | %s |\n", key->help);
        return;
    }
    fprintf(out, "%s  (", path);
    print_facts(key, out);
    fputs(")\n", out);
    print_wrapped(key->help, 4, out);
}

static void print_table(const struct vd_keys *keys, const char *prefix, bool is_markdown,
                        FILE *out)
{
    for (size_t i = 0; i < keys->n; i++) {
        const struct vd_key *key = &keys->rows[i];
        char path[PATH_ROOM];

        (void)snprintf(path, sizeof path, "%s%s%s", prefix, key->name,
                       key->type == VD_KEY_LIST ? "[]" : "");
        print_row(key, path, is_markdown, out);
        if (key->sub == NULL)
            continue;
        (void)snprintf(path, sizeof path, "%s%s%s.", prefix, key->name,
                       key->type == VD_KEY_LIST ? "[]" : "");
        print_table(key->sub, path, is_markdown, out);
    }
}

void vd_print_manual(bool is_markdown, FILE *out)
{
    static const char intro[] =
        "A configuration is a folder: vedette.yaml, and below it cameras/*.yaml, which hold "
        "'cameras:', and rules/*.yaml, which hold 'rules:'. A running Vedette takes a change "
        "by "
        "itself, if the whole folder passes 'vedette check'. Durations, sizes and percentages "
        "carry their unit: 800ms, 10s, 30m, 12h, 90d; 16MiB, 20GiB; 0.3%.";

    if (is_markdown) {
        fprintf(out, "# The keys of the configuration\n\n%s\n", intro);
    } else {
        print_wrapped(intro, 0, out);
        fputc('\n', out);
    }
    for (size_t i = 0; i < vd_root_keys.n; i++) {
        const struct vd_key *key = &vd_root_keys.rows[i];
        struct vd_keys one = {vd_root_keys.thing, key, 1, vd_root_keys.size};

        if (is_markdown)
            fprintf(out, "\n## %s\n\n| key | value | meaning |\n|---|---|---|\n", key->name);
        print_table(&one, "", is_markdown, out);
        if (!is_markdown)
            fputc('\n', out);
    }
}
