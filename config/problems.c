#include "config/problems.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "config/load_text.h"

/* One more place in the list, or NULL. */
static struct vd_problem *next_place(struct vd_problems *problems)
{
    int room = problems->room > 0 ? problems->room * 2 : 16;
    struct vd_problem *more;

    if (problems->n >= VD_PROBLEMS_MAX)
        return NULL;
    if (problems->n < problems->room)
        return &problems->items[problems->n];
    more = realloc(problems->items, (size_t)room * sizeof *more);
    if (more == NULL)
        return NULL;
    problems->items = more;
    problems->room = room;
    return &problems->items[problems->n];
}

void vd_problems_add(struct vd_problems *problems, const char *file, int line, int column,
                     const char *fmt, ...)
{
    struct vd_problem *problem = next_place(problems);
    char text[VD_PROBLEM_TEXT_MAX + 1];
    va_list ap;

    if (problem == NULL) {
        problems->n_more++;
        return;
    }
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    vd_load_text_mend(text);
    problem->file = strdup(file);
    problem->text = strdup(text);
    if (problem->file != NULL)
        vd_load_text_mend(problem->file);
    problem->line = line;
    problem->column = column;
    if (problem->file == NULL || problem->text == NULL) {
        free(problem->file);
        free(problem->text);
        problems->n_more++;
        return;
    }
    problems->n++;
}

int vd_problems_count(const struct vd_problems *problems)
{
    return problems->n + problems->n_more;
}

static int by_place(const void *a, const void *b)
{
    const struct vd_problem *l = a, *r = b;
    int rc = strcmp(l->file, r->file);

    if (rc != 0)
        return rc;
    if (l->line != r->line)
        return l->line < r->line ? -1 : 1;
    if (l->column != r->column)
        return l->column < r->column ? -1 : 1;
    return strcmp(l->text, r->text);
}

void vd_problems_sort(struct vd_problems *problems)
{
    if (problems->n > 1)
        qsort(problems->items, (size_t)problems->n, sizeof *problems->items, by_place);
}

void vd_problems_print(const struct vd_problems *problems, const char *folder, FILE *out)
{
    for (int i = 0; i < problems->n; i++) {
        const struct vd_problem *p = &problems->items[i];

        if (folder != NULL)
            fprintf(out, "%s/", folder);
        if (p->line > 0)
            fprintf(out, "%s:%d:%d: %s\n", p->file, p->line, p->column, p->text);
        else
            fprintf(out, "%s: %s\n", p->file, p->text);
    }
    if (problems->n_more > 0)
        fprintf(out, "and %d more\n", problems->n_more);
}

int vd_problems_err(const struct vd_problems *problems, struct vd_err *err)
{
    int others = vd_problems_count(problems) - 1;
    const struct vd_problem *p = problems->items;
    char more[64] = "", place[32] = "";

    if (others > 0)
        (void)snprintf(more, sizeof more, " (and %d more: vedette check)", others);
    if (problems->n == 0)
        return vd_err_set(err, VD_EINVAL, "configuration: %d problems", others + 1);
    if (p->line > 0)
        (void)snprintf(place, sizeof place, ":%d:%d", p->line, p->column);
    (void)vd_err_set(err, VD_EINVAL, "%.60s%s: %.90s%s", p->file, place, p->text, more);
    if (err != NULL)
        vd_load_text_mend(err->msg);
    return VD_EINVAL;
}

void vd_problems_fini(struct vd_problems *problems)
{
    for (int i = 0; i < problems->n; i++) {
        free(problems->items[i].file);
        free(problems->items[i].text);
    }
    free(problems->items);
    *problems = (struct vd_problems){0};
}
