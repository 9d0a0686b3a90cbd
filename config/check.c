/* What no file can tell alone: names that are used must be there, and stand for one thing. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/event.h"
#include "config/load.h"
#include "config/polygon.h"

/* Searches for the nearest name: a thousand misspelt ones would each cost a walk. */
enum { HINTS_MAX = 50 };

static const char *name_of(const void *object)
{
    const char *name;

    memcpy(&name, object, sizeof name);
    return name;
}

/* "; did you mean 'x'?", or "". The items begin with their names. */
void vd_check_hint(struct vd_load *load, const char *name, const void *items, int n,
                   size_t size, char *ret_text, size_t room)
{
    const char *best = NULL;
    int least = 64;

    ret_text[0] = '\0';
    if (load->n_hints++ >= HINTS_MAX)
        return;
    for (int i = 0; i < n; i++) {
        const char *other = name_of((const char *)items + (size_t)i * size);
        int distance = other != NULL ? vd_text_distance(name, other) : 64;

        if (distance < least && vd_text_near(name, other)) {
            least = distance;
            best = other;
        }
    }
    if (best != NULL)
        (void)snprintf(ret_text, room, "; did you mean '%s'?", best);
}

static void check_repeated(struct vd_load *load, const struct vd_entries *list,
                           const char *thing, const char *key)
{
    for (int i = 1; i < list->n; i++) {
        const struct vd_entry *first = &list->items[i - 1], *entry = &list->items[i];
        const char *name = name_of(entry->object), *before = name_of(first->object);

        if (name != NULL && before != NULL && strcmp(name, before) == 0)
            vd_load_problem(load, entry, key, "%s '%s' is there already, in %s line %d", thing,
                            name, first->file, first->node->line);
    }
}

static void check_areas(struct vd_load *load)
{
    for (int i = 0; i < load->areas.n; i++) {
        struct vd_area_cfg *area = load->areas.items[i].object;
        char code[VD_CONFIG_AREA_MAX + 1];
        const struct vd_area_cfg *parent;
        const char *slash;

        area->parent = -1;
        slash = area->code != NULL ? strrchr(area->code, '/') : NULL;
        if (slash == NULL)
            continue;
        (void)snprintf(code, sizeof code, "%.*s", (int)(slash - area->code), area->code);
        parent = vd_config_area(load->cfg, code);
        if (parent != NULL)
            area->parent = (int)(parent - load->cfg->areas);
        else if (!load->is_incomplete)
            vd_load_problem(load, &load->areas.items[i], "code",
                            "area '%s' lies in '%s', which is not there; add it to areas:",
                            area->code, code);
    }
}

int vd_check_area(struct vd_load *load, const struct vd_entry *entry, const char *path,
                  const char *code)
{
    const struct vd_area_cfg *area = code != NULL ? vd_config_area(load->cfg, code) : NULL;
    char advice[200];

    if (area != NULL)
        return (int)(area - load->cfg->areas);
    if (code == NULL || load->is_alone || load->is_incomplete)
        return -1;
    vd_check_hint(load, code, load->cfg->areas, load->cfg->n_areas, sizeof *load->cfg->areas,
                  advice, sizeof advice);
    vd_load_problem(load, entry, path, "area '%s' is not known%s", code,
                    advice[0] != '\0' ? advice : "; add it to areas: in vedette.yaml");
    return -1;
}

static void problem_in_list(struct vd_load *load, const struct vd_entry *entry,
                            const char *list, int i, const char *name)
{
    const struct vd_node *item = vd_node_child(entry->node, list)->first;
    struct vd_entry at = *entry;

    for (; i > 0; i--)
        item = item->next;
    at.node = item;
    vd_load_problem(load, &at, "name", "%s: '%s' is given twice", list, name);
}

/* Zones and masks begin with their names and are few. */
static void check_shapes(struct vd_load *load, const struct vd_entry *entry, const char *list,
                         const void *shapes, int n, size_t size)
{
    for (int i = 1; i < n; i++) {
        const char *name = name_of((const char *)shapes + (size_t)i * size);

        for (int j = 0; j < i && name != NULL; j++) {
            const char *other = name_of((const char *)shapes + (size_t)j * size);

            if (other == NULL || strcmp(name, other) != 0)
                continue;
            problem_in_list(load, entry, list, i, name);
            break;
        }
    }
}

static struct vd_corner corner_of(const struct vd_point *point)
{
    return (struct vd_corner){(int32_t)lround((double)point->x * 1e6),
                              (int32_t)lround((double)point->y * 1e6)};
}

/* A line of the camera before this one that has its name. */
static bool is_line_repeated(const struct vd_camera_cfg *camera, const struct vd_line_cfg *line)
{
    for (int z = 0; z < camera->n_zones; z++)
        for (int i = 0; i < camera->zones[z].n_lines; i++) {
            const struct vd_line_cfg *other = &camera->zones[z].lines[i];

            if (other == line)
                return false;
            if (other->name != NULL && strcmp(other->name, line->name) == 0)
                return true;
        }
    return false;
}

static bool has_point(const struct vd_entry *at, const char *key)
{
    const struct vd_node *node = vd_node_child(at->node, key);

    return node != NULL && node->type == VD_NODE_LIST && node->n == 2;
}

static void check_line(struct vd_load *load, const struct vd_entry *at,
                       const struct vd_camera_cfg *camera, const struct vd_zone_cfg *zone,
                       const struct vd_line_cfg *line)
{
    struct vd_corner corners[VD_CONFIG_POINTS_MAX];
    struct vd_corner from = corner_of(&line->from), to = corner_of(&line->to);

    for (int i = 0; i < zone->polygon.n_points; i++)
        corners[i] = corner_of(&zone->polygon.points[i]);
    if (line->name != NULL && is_line_repeated(camera, line))
        vd_load_problem(load, at, "name", "lines: '%s' is given twice", line->name);
    if (!has_point(at, "from") || !has_point(at, "to"))
        return; /* told already */
    if (from.x == to.x && from.y == to.y)
        vd_load_problem(load, at, "to", "to: the line ends where it begins");
    else if (zone->polygon.n_points > 0 &&
             !vd_polygon_meets(corners, zone->polygon.n_points, from, to))
        vd_load_problem(load, at, "from",
                        "lines: no part of it is in its zone, where alone motion counts");
}

static void check_lines(struct vd_load *load, const struct vd_entry *entry,
                        const struct vd_camera_cfg *camera)
{
    const struct vd_node *zones = vd_node_child(entry->node, "zones");
    const struct vd_node *zone = zones != NULL ? zones->first : NULL;
    struct vd_entry at = *entry;

    for (int z = 0; z < camera->n_zones; z++, zone = zone->next) {
        const struct vd_node *lines = vd_node_child(zone, "lines");

        at.node = lines != NULL ? lines->first : NULL;
        for (int i = 0; i < camera->zones[z].n_lines; i++, at.node = at.node->next)
            check_line(load, &at, camera, &camera->zones[z], &camera->zones[z].lines[i]);
    }
}

static bool is_given(const struct vd_entry *entry, const char *key)
{
    return vd_node_child(entry->node, key) != NULL;
}

static void check_source(struct vd_load *load, const struct vd_entry *entry)
{
    bool has_url = is_given(entry, "url"), has_pipeline = is_given(entry, "pipeline");

    if (entry->node->type != VD_NODE_MAP)
        return;
    if (!has_url && !has_pipeline)
        vd_load_problem(load, entry, "", "a camera needs 'url:' (or 'pipeline:')");
    if (has_url && has_pipeline)
        vd_load_problem(load, entry, "pipeline",
                        "a camera has 'url:' or 'pipeline:', not both");
    if (has_pipeline && is_given(entry, "detect_url"))
        vd_load_problem(load, entry, "detect_url",
                        "detect_url: a pipeline serves detection too; leave it out");
    if (is_given(entry, "password_file") && !is_given(entry, "user"))
        vd_load_problem(load, entry, "password_file", "password_file: 'user:' is missing");
}

static void check_cameras(struct vd_load *load)
{
    for (int i = 0; i < load->cameras.n; i++) {
        const struct vd_entry *entry = &load->cameras.items[i];
        struct vd_camera_cfg *camera = entry->object;

        check_source(load, entry);
        camera->area_index = vd_check_area(load, entry, "area", camera->area);
        if (camera->name == NULL)
            camera->name = camera->id;
        camera->line = entry->node->line;
        check_shapes(load, entry, "zones", camera->zones, camera->n_zones,
                     sizeof *camera->zones);
        check_shapes(load, entry, "masks", camera->masks, camera->n_masks,
                     sizeof *camera->masks);
        check_lines(load, entry, camera);
        if (camera->detect.min_area >= camera->detect.max_area)
            vd_load_problem(load, entry, "detect.min_area",
                            "min_area: it must be less than max_area");
    }
}

void vd_check(struct vd_load *load)
{
    check_repeated(load, &load->areas, "area", "code");
    check_repeated(load, &load->cameras, "camera", "id");
    check_repeated(load, &load->rules, "rule", "id");
    check_areas(load);
    check_cameras(load);
    vd_check_rules(load);
    vd_check_system(load);
}
