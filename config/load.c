#include "config/load.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "config/snapshot.h"

static int push(struct vd_entries *list, const struct vd_node *node, const char *file)
{
    if (list->n == list->room) {
        int room = list->room > 0 ? list->room * 2 : 64;
        struct vd_entry *more = realloc(list->items, (size_t)room * sizeof *more);

        if (more == NULL)
            return VD_ENOMEM;
        list->items = more;
        list->room = room;
    }
    list->items[list->n] = (struct vd_entry){.node = node, .file = file, .order = list->n};
    list->n++;
    return 0;
}

static void problem_at(struct vd_load *load, const char *file, const struct vd_node *node,
                       const char *text)
{
    vd_problems_add(load->problems, file, node->line, node->column, "%s", text);
}

/* Takes the items of a gathered list. */
static int gather(struct vd_load *load, struct vd_entries *list, const struct vd_node *node,
                  const char *file, const char *thing)
{
    int rc = 0;

    if (node->type == VD_NODE_TEXT && !node->is_quoted && node->text[0] == '\0')
        return 0; /* "cameras:" and nothing yet is how a file begins */
    if (node->type != VD_NODE_LIST) {
        vd_problems_add(load->problems, file, node->line, node->column,
                        "%s: wants a list; put '- ' before %s", node->key, thing);
        load->is_incomplete = true;
        return 0;
    }
    for (const struct vd_node *item = node->first; item != NULL && rc == 0; item = item->next)
        rc = push(list, item, file);
    return rc;
}

/* The list that the key fills, if it is one. */
static struct vd_entries *list_of(struct vd_load *load, const char *key, const char **ret_thing)
{
    const struct vd_key *row = vd_keys_find(&vd_root_keys, key);

    if (row == NULL || (row->flags & VD_KEY_GATHERED) == 0)
        return NULL;
    *ret_thing = row->sub->thing;
    return row->sub == &vd_area_keys     ? &load->areas
           : row->sub == &vd_camera_keys ? &load->cameras
                                         : &load->rules;
}

/* A key at the top of a file of cameras or rules that does not belong there. */
static void stranger(struct vd_load *load, enum vd_load_kind kind, const struct vd_node *node,
                     const char *file)
{
    const char *list = kind == VD_LOAD_CAMERAS ? "cameras" : "rules";
    const struct vd_keys *keys = kind == VD_LOAD_CAMERAS ? &vd_camera_keys : &vd_rule_keys;
    char advice[64] = "";

    if (vd_keys_find(keys, node->key) != NULL)
        (void)snprintf(advice, sizeof advice, "; put '- ' before %s, under '%s:'", keys->thing,
                       list);
    else if (vd_keys_find(&vd_root_keys, node->key) != NULL)
        (void)snprintf(advice, sizeof advice, "; it belongs into vedette.yaml");
    else if (vd_text_near(node->key, list))
        (void)snprintf(advice, sizeof advice, "; did you mean '%s'?", list);
    vd_problems_add(load->problems, file, node->key_line, node->key_column,
                    "this file holds '%s:' and nothing else, not '%.40s'%s", list, node->key,
                    advice);
    load->is_incomplete = true;
}

static int take_root(struct vd_load *load, enum vd_load_kind kind, const struct vd_node *root,
                     const char *file)
{
    int rc = 0;

    if (root->type != VD_NODE_MAP) {
        problem_at(load, file, root,
                   kind == VD_LOAD_RULES
                       ? "the file must begin with 'rules:'"
                       : "the file must begin with a key, such as 'cameras:'");
        load->is_incomplete = true;
        return 0;
    }
    if (kind == VD_LOAD_SYSTEM)
        load->system = root;
    for (const struct vd_node *node = root->first; node != NULL && rc == 0; node = node->next) {
        const char *thing;
        struct vd_entries *list = list_of(load, node->key, &thing);
        struct vd_entries *own = kind == VD_LOAD_CAMERAS ? &load->cameras
                                 : kind == VD_LOAD_RULES ? &load->rules
                                                         : list;

        if (list != NULL && list == own)
            rc = gather(load, list, node, file, thing);
        else if (kind != VD_LOAD_SYSTEM)
            stranger(load, kind, node, file);
    }
    return rc;
}

/* Keeps the file in the snapshot. Returns its name, which lives as long; NULL: no memory. */
static const char *hang_up(struct vd_load *load, const char *file, const char *text, size_t len)
{
    struct vd_config_file *copy = vd_arena_alloc(load->arena, sizeof *copy);

    if (copy == NULL)
        return NULL;
    copy->path = vd_arena_text(load->arena, file, strlen(file));
    copy->text = vd_arena_text(load->arena, text, len);
    copy->len = len;
    if (copy->path == NULL || copy->text == NULL)
        return NULL;
    *load->next_file = copy;
    load->next_file = &copy->next;
    return copy->path;
}

int vd_load_add(struct vd_load *load, enum vd_load_kind kind, const char *file,
                const char *text, size_t len)
{
    struct vd_node *root = NULL;
    const char *name = hang_up(load, file, text, len);
    uint64_t size = len;
    int rc;

    if (name == NULL)
        return VD_ENOMEM;
    vd_hash_add(&load->hash, file, strlen(file) + 1);
    vd_hash_add(&load->hash, &size, sizeof size);
    vd_hash_add(&load->hash, text, len);
    rc = vd_load_yaml(&load->scratch, name, text, len, &root, load->problems);
    if (rc == VD_ENOMEM)
        return rc;
    if (rc < 0 && root == NULL)
        load->is_incomplete = true;
    return root != NULL ? take_root(load, kind, root, name) : 0;
}

static const char *name_of(const void *object)
{
    const char *name;

    memcpy(&name, object, sizeof name); /* ids come first; config.c asserts it */
    return name != NULL ? name : "";
}

static int by_name_and_order(const void *a, const void *b)
{
    const struct vd_entry *l = a, *r = b;
    int rc = strcmp(name_of(l->object), name_of(r->object));

    return rc != 0 ? rc : l->order - r->order;
}

/* Fills the structs of a list, sorts them by name, and leaves them at *ret_items in one piece.
 */
static int build(struct vd_load *load, struct vd_entries *list, const struct vd_keys *keys,
                 const void **ret_items, int *ret_n)
{
    char *rough, *items;
    int rc = 0;

    if (list->n == 0)
        return 0;
    rough = vd_arena_array(&load->scratch, (size_t)list->n, keys->size);
    items = vd_arena_array(load->arena, (size_t)list->n, keys->size);
    if (rough == NULL || items == NULL)
        return VD_ENOMEM;
    for (int i = 0; i < list->n && rc == 0; i++) {
        struct vd_entry *entry = &list->items[i];
        struct vd_bind bind = {load->arena, load->problems, entry->file};

        entry->object = rough + (size_t)i * keys->size;
        rc = vd_bind(&bind, keys, entry->node, entry->object);
    }
    if (rc < 0)
        return rc;
    qsort(list->items, (size_t)list->n, sizeof *list->items, by_name_and_order);
    for (int i = 0; i < list->n; i++) {
        char *object = items + (size_t)i * keys->size;

        memcpy(object, list->items[i].object, keys->size);
        list->items[i].object = object;
    }
    *ret_items = items;
    *ret_n = list->n;
    return 0;
}

static int check_limit(struct vd_load *load, struct vd_entries *list, int most,
                       const char *things)
{
    if (list->n <= most)
        return 0;
    vd_problems_add(load->problems, list->items[most].file, list->items[most].node->line,
                    list->items[most].node->column, "%d %s, %d at most", list->n, things, most);
    return VD_EINVAL;
}

static int build_all(struct vd_load *load)
{
    struct vd_config *cfg = load->cfg;
    struct vd_bind bind = {load->arena, load->problems, "vedette.yaml"};
    const void *areas = NULL, *cameras = NULL, *rules = NULL;
    int rc;

    if (check_limit(load, &load->areas, VD_CONFIG_AREAS_MAX, "areas") < 0 ||
        check_limit(load, &load->cameras, VD_CONFIG_CAMERAS_MAX, "cameras") < 0 ||
        check_limit(load, &load->rules, VD_CONFIG_RULES_MAX, "rules") < 0)
        return 0;
    if ((rc = vd_bind(&bind, &vd_root_keys, load->system, cfg)) < 0 ||
        (rc = build(load, &load->areas, &vd_area_keys, &areas, &cfg->n_areas)) < 0 ||
        (rc = build(load, &load->cameras, &vd_camera_keys, &cameras, &cfg->n_cameras)) < 0 ||
        (rc = build(load, &load->rules, &vd_rule_keys, &rules, &cfg->n_rules)) < 0)
        return rc;
    cfg->areas = areas;
    cfg->cameras = cameras;
    cfg->rules = rules;
    vd_check(load);
    return vd_check_secrets(load);
}

void vd_load_problem(struct vd_load *load, const struct vd_entry *entry, const char *path,
                     const char *fmt, ...)
{
    const struct vd_node *node = entry->node;
    char text[VD_PROBLEM_TEXT_MAX + 1];
    va_list ap;

    while (*path != '\0') {
        char key[32];
        size_t len = strcspn(path, ".");
        const struct vd_node *child;

        (void)snprintf(key, sizeof key, "%.*s", (int)len, path);
        child = vd_node_child(node, key);
        if (child == NULL)
            break;
        node = child;
        path += len + (path[len] == '.');
    }
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    problem_at(load, entry->file, node, text);
}

/* The names are the snapshot's own by now. */
static void name_files(const struct vd_load *load)
{
    for (int i = 0; i < load->cameras.n; i++) {
        struct vd_camera_cfg *camera = load->cameras.items[i].object;

        camera->file = load->cameras.items[i].file;
    }
}

/* Ends a load: what was added becomes the snapshot, or what was wrong the error. */
static int finish(struct vd_load *load, struct vd_config **ret_cfg, struct vd_err *err)
{
    uint8_t digest[VD_HASH_BYTES];
    int rc = build_all(load);

    if (rc < 0)
        return vd_err_set(err, rc, "configuration: out of memory");
    name_files(load);
    if (vd_problems_count(load->problems) > 0) {
        vd_problems_sort(load->problems);
        return vd_problems_err(load->problems, err);
    }
    vd_hash_done(&load->hash, digest);
    vd_hex(digest, sizeof digest, load->cfg->revision);
    *ret_cfg = load->cfg;
    load->cfg = NULL;
    return 0;
}

/* A way in. add puts files into the load. */
struct way {
    const char *given, *folder;
    unsigned secrets;
    bool is_alone, is_kept;
    int (*add)(struct vd_load *load, const void *arg, struct vd_err *err);
    const void *arg;
};

static int load_init(struct vd_load *load, struct vd_problems *problems, const struct way *way,
                     struct vd_err *err)
{
    *load = (struct vd_load){.problems = problems,
                             .secrets = way->secrets,
                             .is_alone = way->is_alone,
                             .is_kept = way->is_kept};
    load->cfg = vd_snapshot_new(&load->arena);
    if (load->cfg != NULL) {
        load->cfg->given = vd_arena_text(load->arena, way->given, strlen(way->given));
        load->cfg->folder = vd_arena_text(load->arena, way->folder, strlen(way->folder));
        load->next_file = &load->cfg->files;
    }
    if (load->cfg == NULL || load->cfg->given == NULL || load->cfg->folder == NULL)
        return vd_err_set(err, VD_ENOMEM, "configuration: out of memory");
    vd_hash_init(&load->hash);
    return 0;
}

static void load_fini(struct vd_load *load)
{
    vd_config_unref(&load->cfg);
    vd_arena_fini(&load->scratch);
    free(load->areas.items);
    free(load->cameras.items);
    free(load->rules.items);
}

/* What the ways in have in common. */
static int run(struct vd_config **ret_cfg, const struct way *way, struct vd_problems *problems,
               struct vd_err *err)
{
    struct vd_problems own = {0};
    struct vd_load load;
    int rc = load_init(&load, problems != NULL ? problems : &own, way, err);

    if (rc == 0)
        rc = way->add(&load, way->arg, err);
    if (rc == 0)
        rc = finish(&load, ret_cfg, err);
    load_fini(&load);
    vd_problems_fini(&own);
    return rc;
}

struct folder_arg {
    const char *folder;
    const struct vd_overlay *over;
};

static int add_folder(struct vd_load *load, const void *arg, struct vd_err *err)
{
    const struct folder_arg *a = arg;

    return vd_load_folder(load, a->folder, a->over, err);
}

int vd_config_load_with(struct vd_config **ret_cfg, const char *folder,
                        const struct vd_overlay *over, unsigned secrets,
                        struct vd_problems *problems, struct vd_err *err)
{
    char path[PATH_MAX];
    struct folder_arg arg = {.folder = path, .over = over};
    struct way way = {
        .given = folder, .folder = path, .secrets = secrets, .add = add_folder, .arg = &arg};

    if (realpath(folder, path) == NULL)
        return vd_err_set(err, VD_EIO, "configuration folder '%.120s': %s", folder,
                          strerror(errno));
    if (strlen(path) > VD_CONFIG_PATH_MAX)
        return vd_err_set(err, VD_EIO, "configuration folder: its path has over %d bytes",
                          VD_CONFIG_PATH_MAX);
    return run(ret_cfg, &way, problems, err);
}

int vd_config_load(struct vd_config **ret_cfg, const char *folder, unsigned secrets,
                   struct vd_problems *problems, struct vd_err *err)
{
    return vd_config_load_with(ret_cfg, folder, NULL, secrets, problems, err);
}

static int add_files(struct vd_load *load, const void *arg, struct vd_err *err)
{
    int rc = 0;

    for (const struct vd_config_file *f = arg; f != NULL && rc == 0; f = f->next) {
        enum vd_load_kind kind = strncmp(f->path, "cameras/", 8) == 0 ? VD_LOAD_CAMERAS
                                 : strncmp(f->path, "rules/", 6) == 0 ? VD_LOAD_RULES
                                                                      : VD_LOAD_SYSTEM;

        rc = vd_load_add(load, kind, f->path, f->text, f->len);
    }
    return rc < 0 ? vd_err_set(err, rc, "configuration: out of memory") : 0;
}

int vd_load_kept(struct vd_config **ret_cfg, const char *given, const char *folder,
                 const struct vd_config_file *files, unsigned secrets, struct vd_err *err)
{
    struct way way = {.given = given,
                      .folder = folder,
                      .secrets = secrets,
                      .is_kept = true,
                      .add = add_files,
                      .arg = files};

    return run(ret_cfg, &way, NULL, err);
}

static int add_text(struct vd_load *load, const void *arg, struct vd_err *err)
{
    const struct vd_overlay *file = arg;
    enum vd_load_kind kind = load->is_alone ? VD_LOAD_CAMERAS : VD_LOAD_SYSTEM;
    int rc = vd_load_add(load, kind, file->path, file->text, file->len);

    return rc < 0 ? vd_err_set(err, rc, "configuration: out of memory") : 0;
}

int vd_load_text(struct vd_config **ret_cfg, const char *text, size_t len,
                 struct vd_problems *problems, struct vd_err *err)
{
    struct vd_overlay file = {.path = "vedette.yaml", .text = text, .len = len};
    struct way way = {.given = "", .folder = "", .add = add_text, .arg = &file};

    return run(ret_cfg, &way, problems, err);
}

int vd_config_load_cameras(struct vd_config **ret_cfg, const char *file,
                           struct vd_problems *problems, struct vd_err *err)
{
    char folder[VD_CONFIG_PATH_MAX], *text = NULL;
    struct vd_overlay arg = {.path = file};
    struct way way = {
        .given = folder, .folder = folder, .is_alone = true, .add = add_text, .arg = &arg};
    const char *slash = strrchr(file, '/');
    int rc = vd_fs_read(file, VD_CONFIG_FILE_MAX, &text, &arg.len, err);

    if (rc < 0)
        return rc;
    arg.text = text;
    (void)snprintf(folder, sizeof folder, "%.*s", slash != NULL ? (int)(slash - file) : 1,
                   slash != NULL ? file : ".");
    rc = run(ret_cfg, &way, problems, err);
    free(text);
    return rc;
}
