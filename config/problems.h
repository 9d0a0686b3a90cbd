/* config/problems.h: all that is wrong with a configuration, each with its place.
 *
 * Bounded: after VD_PROBLEMS_MAX they are only counted. Loss of a problem never makes a folder
 * pass: n_more counts it. */
#ifndef VD_CONFIG_PROBLEMS_H
#define VD_CONFIG_PROBLEMS_H

#include <stdio.h>

#include "base/err.h"

enum { VD_PROBLEMS_MAX = 10000, VD_PROBLEM_TEXT_MAX = 400 };

struct vd_problem {
    char *file;       /* relative to the folder */
    int line, column; /* from 1; 0: the whole file */
    char *text;       /* what is wrong; what to do about it */
};

/* {0} is an empty list. Owned by one thread. */
struct vd_problems {
    struct vd_problem *items;
    int n, room;
    int n_more; /* beyond VD_PROBLEMS_MAX, or for lack of memory */
};

/* Adds one; the strings are copied, the text is cut at VD_PROBLEM_TEXT_MAX bytes. A lack of
 * memory adds to n_more. */
__attribute__((format(printf, 5, 6))) void vd_problems_add(struct vd_problems *problems,
                                                           const char *file, int line,
                                                           int column, const char *fmt, ...);

/* How many there are, kept or counted. */
int vd_problems_count(const struct vd_problems *problems);

/* Sorts by file, line and column. */
void vd_problems_sort(struct vd_problems *problems);

/* Prints a line for each: "folder/file:line:column: text". folder may be NULL. */
void vd_problems_print(const struct vd_problems *problems, const char *folder, FILE *out);

/* Fills err with the first problem and the number of others. Returns VD_EINVAL. */
int vd_problems_err(const struct vd_problems *problems, struct vd_err *err);

/* Frees what it holds and makes it empty again. */
void vd_problems_fini(struct vd_problems *problems);

#endif
