#include "alerts/cli/show.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"

static const char *colour_of(const char *severity, const char *state)
{
    if (strcmp(state, "resolved") == 0)
        return "\033[2m";
    if (strcmp(severity, "red") == 0)
        return "\033[1;31m";
    return strcmp(severity, "yellow") == 0 ? "\033[1;33m" : "\033[32m";
}

bool cli_has_colour(FILE *out)
{
    const char *plain = getenv("NO_COLOR");

    return isatty(fileno(out)) && (plain == NULL || plain[0] == '\0');
}

/* Whatever a camera or a person wrote must not move the cursor. */
static void put_clean(FILE *out, const char *text)
{
    for (; *text != '\0'; text++)
        (void)fputc((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text, out);
}

static const char *text_of(const struct vd_json *o, const char *key)
{
    const char *text = vd_json_get_text(o, key);

    return text != NULL ? text : "";
}

/* RFC 3339 in the time of this place. */
static void put_time(FILE *out, const char *text)
{
    char local[32] = "";
    int64_t wall_us;
    struct tm tm;
    time_t at;

    if (vd_time_parse(text, &wall_us)) {
        at = (time_t)(wall_us / 1000000);
        localtime_r(&at, &tm);
        (void)strftime(local, sizeof local, "%Y-%m-%d %H:%M:%S", &tm);
    }
    (void)fputs(local, out);
}

void cli_show_line(FILE *out, const struct vd_json *data, bool has_colour)
{
    const char *severity = text_of(data, "severity"), *state = text_of(data, "state");
    int64_t count = vd_json_get_int(vd_json_get(data, "events"), "count", 1);
    bool is_active = false;

    (void)vd_json_as_bool(vd_json_get(data, "active"), &is_active);
    put_time(out, text_of(data, "changed"));
    (void)fprintf(out, "  %s%-6s %-12s%s %c ", has_colour ? colour_of(severity, state) : "",
                  severity, state, has_colour ? "\033[0m" : "", is_active ? '*' : ' ');
    put_clean(out, text_of(data, "camera"));
    (void)fputs("  ", out);
    put_clean(out, text_of(data, "area"));
    (void)fputs("  ", out);
    put_clean(out, text_of(data, "kind"));
    if (count > 1)
        (void)fprintf(out, " x%" PRId64, count);
    (void)fputs("  ", out);
    put_clean(out, text_of(data, "action"));
    if (text_of(data, "owner")[0] != '\0') {
        (void)fputs("  @", out);
        put_clean(out, text_of(data, "owner"));
    }
    (void)fprintf(out, "  %s v%" PRId64 "\n", text_of(data, "alert"),
                  vd_json_get_int(data, "version", 0));
}

static void put_row(FILE *out, const char *label, const struct vd_json *o, const char *key)
{
    const struct vd_json *node = vd_json_get(o, key);
    const char *text = vd_json_as_text(node);
    int64_t number;
    bool flag;

    if (vd_json_is_null(node))
        return;
    (void)fprintf(out, "%-14s", label);
    if (text != NULL)
        put_clean(out, text);
    else if (vd_json_as_int(node, &number))
        (void)fprintf(out, "%" PRId64, number);
    else if (vd_json_as_bool(node, &flag))
        (void)fputs(flag ? "yes" : "no", out);
    (void)fputc('\n', out);
}

void cli_show_page(FILE *out, const struct vd_json *data, bool has_colour)
{
    static const char *const rows[][2] = {{"alert", "alert"},
                                          {"version", "version"},
                                          {"severity", "severity"},
                                          {"state", "state"},
                                          {"active", "active"},
                                          {"action", "action"},
                                          {"instruction", "instruction"},
                                          {"asks first", "asks"},
                                          {"beneath", "suppressed_by"},
                                          {"camera", "camera"},
                                          {"area", "area"},
                                          {"kind", "kind"},
                                          {"rule", "rule"},
                                          {"owner", "owner"},
                                          {"disposition", "disposition"},
                                          {"opened", "opened"},
                                          {"acknowledged", "acknowledged"},
                                          {"resolved", "resolved"},
                                          {"changed", "changed"},
                                          {"changed by", "changed_by"}};
    const struct vd_json *events = vd_json_get(data, "events"),
                         *media = vd_json_get(data, "media");

    (void)fprintf(
        out, "%s%s %s%s\n",
        has_colour ? colour_of(text_of(data, "severity"), text_of(data, "state")) : "",
        text_of(data, "severity"), text_of(data, "state"), has_colour ? "\033[0m" : "");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        put_row(out, rows[i][0], data, rows[i][1]);
    put_row(out, "events", events, "count");
    put_row(out, "new of them", events, "new");
    put_row(out, "first", events, "first");
    put_row(out, "last", events, "last");
    put_row(out, "snapshot", media, "snapshot");
    put_row(out, "clip", media, "clip");
}
