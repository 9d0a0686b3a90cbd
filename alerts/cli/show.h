/* alerts/cli/show.h: an alert as a line, or as a page, for people at a terminal. */
#ifndef VD_ALERTS_CLI_SHOW_H
#define VD_ALERTS_CLI_SHOW_H

#include <stdbool.h>
#include <stdio.h>

#include "base/json.h"

/* data: what "data" is in vedette.alert.v1. Control characters are not passed on. */
void cli_show_line(FILE *out, const struct vd_json *data, bool has_colour);
void cli_show_page(FILE *out, const struct vd_json *data, bool has_colour);

/* A terminal that did not ask for plain text ($NO_COLOR). */
bool cli_has_colour(FILE *out);

#endif
