/* The one door to libyaml: events in, a tree of plain texts out. What of YAML can surprise a
 * reader (anchors, tags, merged maps, several documents, repeated keys) is refused, so that a
 * file means what it looks like. */
#include <stdint.h>
#include <string.h>
#include <yaml.h>

#include "config/config.h"
#include "config/load_text.h"
#include "config/node.h"

/* Many times what any map of ours has; looking for a repeated key is quadratic. */
enum { MAP_KEYS_MAX = 256 };

struct reader {
    yaml_parser_t parser;
    struct vd_arena *arena;
    struct vd_problems *problems;
    const char *file;
};

static int fail_at(struct reader *r, const yaml_mark_t *mark, const char *text)
{
    vd_problems_add(r->problems, r->file, (int)mark->line + 1, (int)mark->column + 1, "%s",
                    text);
    return VD_EINVAL;
}

/* libyaml's words say what its scanner missed; people ask what to do. */
static const char *advice(const char *problem)
{
    static const struct {
        const char *problem, *advice;
    } table[] = {
        {"mapping values are not allowed", "a text that holds ': ' needs quotes, and a key "
                                           "stands under its neighbours"},
        {"cannot start any token", "a value that begins with one of @ ` % needs quotes"},
        {"did not find expected key", "this line is not indented like its neighbours"},
        {"did not find expected '-'", "this line is not indented like its neighbours"},
        {"could not find expected ':'", "a key needs ':' and a space after it"},
        {"unexpected end of stream", "a quote is opened and never closed"},
        {"expected ',' or ']'", "a list in [ ] has ',' between its items and ends with ']'"},
        {"expected ',' or '}'", "a map in { } has ',' between its keys and ends with '}'"},
        {"block sequence entries are not allowed", "a list begins on a line of its own"},
        {"unknown escape character", "in double quotes a backslash is written twice; or use "
                                     "single quotes"},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strstr(problem, table[i].problem) != NULL)
            return table[i].advice;
    return NULL;
}

static int parse_failed(struct reader *r)
{
    const yaml_parser_t *p = &r->parser;
    const char *problem = p->problem != NULL ? p->problem : "unreadable";
    const char *what = advice(problem);
    const yaml_mark_t *mark = &p->problem_mark;

    if (p->error == YAML_MEMORY_ERROR)
        return VD_ENOMEM;
    /* What is never closed is noticed at the end; people look for where it begins. */
    if (p->context != NULL && (strstr(problem, "unexpected end of stream") != NULL ||
                               strstr(problem, "expected ',' or") != NULL))
        mark = &p->context_mark;
    vd_problems_add(r->problems, r->file, (int)mark->line + 1, (int)mark->column + 1,
                    "this is not YAML: %s%s%s", problem, what != NULL ? "; " : "",
                    what != NULL ? what : "");
    return VD_EINVAL;
}

static int next_event(struct reader *r, yaml_event_t *ret_event)
{
    return yaml_parser_parse(&r->parser, ret_event) ? 0 : parse_failed(r);
}

/* What this tree does not do, or NULL. */
static const char *refused(const yaml_event_t *e)
{
    static const char anchor[] = "anchors (&) and aliases (*) are not used here; write the "
                                 "value out, or quote it if it begins with & or *";
    static const char tag[] = "tags (!) are not used here; quote a value that begins with !";

    switch (e->type) {
    case YAML_ALIAS_EVENT:
        return anchor;
    case YAML_SCALAR_EVENT:
        return e->data.scalar.anchor != NULL ? anchor : e->data.scalar.tag != NULL ? tag : NULL;
    case YAML_SEQUENCE_START_EVENT:
        return e->data.sequence_start.anchor != NULL ? anchor
               : e->data.sequence_start.tag != NULL  ? tag
                                                     : NULL;
    case YAML_MAPPING_START_EVENT:
        return e->data.mapping_start.anchor != NULL ? anchor
               : e->data.mapping_start.tag != NULL  ? tag
                                                    : NULL;
    default:
        return NULL;
    }
}

static int take_text(struct reader *r, const yaml_event_t *e, const char **ret_text)
{
    const char *value = (const char *)e->data.scalar.value;
    size_t len = e->data.scalar.length;

    /* "\0" in double quotes makes one that the bytes of the file did not show. */
    if (memchr(value, '\0', len) != NULL)
        return fail_at(r, &e->start_mark, "a NUL in a text is refused; delete the \\0");
    /* A block keeps the line end behind its last line, which nobody means. */
    if (e->data.scalar.style == YAML_LITERAL_SCALAR_STYLE ||
        e->data.scalar.style == YAML_FOLDED_SCALAR_STYLE)
        while (len > 0 && value[len - 1] == '\n')
            len--;
    *ret_text = vd_arena_text(r->arena, value, len);
    return *ret_text != NULL ? 0 : VD_ENOMEM;
}

static int new_node(struct reader *r, const yaml_event_t *e, struct vd_node **ret_node)
{
    struct vd_node *node = vd_arena_alloc(r->arena, sizeof *node);

    if (node == NULL)
        return VD_ENOMEM;
    node->line = (int)e->start_mark.line + 1;
    node->column = (int)e->start_mark.column + 1;
    *ret_node = node;
    if (e->type == YAML_SEQUENCE_START_EVENT)
        node->type = VD_NODE_LIST;
    else if (e->type == YAML_MAPPING_START_EVENT)
        node->type = VD_NODE_MAP;
    else
        node->is_quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    return node->type == VD_NODE_TEXT ? take_text(r, e, &node->text) : 0;
}

/* Where a value goes: open lists and maps, the innermost last. */
struct level {
    struct vd_node *node, *last;
    const char *key; /* of a map: read, and waiting for its value */
    int key_line, key_column;
};

struct builder {
    struct level levels[VD_CONFIG_DEPTH_MAX];
    int depth;
    struct vd_node *root;
};

static int take_key(struct reader *r, struct level *level, const yaml_event_t *e)
{
    const char *key;
    int rc;

    if (e->type != YAML_SCALAR_EVENT)
        return fail_at(r, &e->start_mark, "a key must be a plain word");
    rc = take_text(r, e, &key);
    if (rc < 0)
        return rc;
    if (strcmp(key, "<<") == 0)
        return fail_at(r, &e->start_mark, "'<<' (merging maps) is not used here");
    if (level->node->n == MAP_KEYS_MAX)
        return fail_at(r, &e->start_mark, "more than 256 keys in one map");
    level->key = key;
    level->key_line = (int)e->start_mark.line + 1;
    level->key_column = (int)e->start_mark.column + 1;
    return 0;
}

/* A repeated key is kept out of the tree, and is no reason to stop. */
static void attach(struct reader *r, struct level *level, struct vd_node *node)
{
    if (level->node->type == VD_NODE_MAP) {
        const struct vd_node *same = vd_node_child(level->node, level->key);

        node->key = level->key;
        node->key_line = level->key_line;
        node->key_column = level->key_column;
        level->key = NULL;
        if (same != NULL) {
            vd_problems_add(r->problems, r->file, node->key_line, node->key_column,
                            "'%.64s' is given twice; it stands in line %d already", node->key,
                            same->key_line);
            return;
        }
    }
    if (level->last != NULL)
        level->last->next = node;
    else
        level->node->first = node;
    level->last = node;
    level->node->n++;
}

static int take_value(struct reader *r, struct builder *b, const yaml_event_t *e)
{
    struct level *level = b->depth > 0 ? &b->levels[b->depth - 1] : NULL;
    struct vd_node *node = NULL;
    int rc;

    if (level != NULL && level->node->type == VD_NODE_MAP && level->key == NULL)
        return take_key(r, level, e);
    rc = new_node(r, e, &node);
    if (rc < 0)
        return rc;
    if (level != NULL)
        attach(r, level, node);
    else
        b->root = node;
    if (node->type == VD_NODE_TEXT)
        return 0;
    if (b->depth == VD_CONFIG_DEPTH_MAX)
        return fail_at(r, &e->start_mark, "nested more than 8 deep; nothing here needs that");
    b->levels[b->depth++] = (struct level){.node = node};
    return 0;
}

static int take_event(struct reader *r, struct builder *b, const yaml_event_t *e,
                      int *documents)
{
    const char *what = refused(e);

    if (what != NULL)
        return fail_at(r, &e->start_mark, what);
    switch (e->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (++*documents > 1)
            return fail_at(r, &e->start_mark,
                           "a second document begins here; use one file for each");
        return 0;
    case YAML_SCALAR_EVENT:
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        return take_value(r, b, e);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        b->depth--;
        return 0;
    default:
        return 0;
    }
}

static int read_events(struct reader *r, struct vd_node **ret_root)
{
    struct builder b = {.depth = 0};
    int documents = 0, rc = 0;
    bool is_end = false;

    while (rc == 0 && !is_end) {
        yaml_event_t event;

        rc = next_event(r, &event);
        if (rc < 0)
            break;
        is_end = event.type == YAML_STREAM_END_EVENT;
        rc = take_event(r, &b, &event, &documents);
        yaml_event_delete(&event);
    }
    if (rc == 0)
        *ret_root = b.root;
    return rc;
}

int vd_load_yaml(struct vd_arena *arena, const char *file, const char *text, size_t len,
                 struct vd_node **ret_root, struct vd_problems *problems)
{
    struct reader r = {.arena = arena, .problems = problems, .file = file};
    int before = vd_problems_count(problems);
    struct vd_node *root = NULL;
    int rc;

    rc = vd_load_text_check(file, text, len, problems);
    if (rc < 0)
        return rc;
    if (!yaml_parser_initialize(&r.parser))
        return VD_ENOMEM;
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
    rc = read_events(&r, &root);
    yaml_parser_delete(&r.parser);
    if (rc < 0)
        return rc;
    if (root != NULL && root->type == VD_NODE_TEXT && !root->is_quoted && root->text[0] == '\0')
        root = NULL; /* "---" and nothing else */
    *ret_root = root;
    return vd_problems_count(problems) > before ? VD_EINVAL : 0;
}

struct vd_node *vd_node_child(const struct vd_node *node, const char *key)
{
    if (node == NULL || node->type != VD_NODE_MAP)
        return NULL;
    for (struct vd_node *child = node->first; child != NULL; child = child->next)
        if (strcmp(child->key, key) == 0)
            return child;
    return NULL;
}
