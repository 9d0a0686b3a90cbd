/* storage/pg/alert_row.h: what reading one alert and searching many have in common. */
#ifndef VD_STORAGE_PG_ALERT_ROW_H
#define VD_STORAGE_PG_ALERT_ROW_H

#include "storage/pg/alerts.h"

/* The columns that pg_alert_read expects, from the first. */
extern const char *const pg_alert_columns;

void pg_alert_read(const struct vd_pg_rows *rows, int row, struct vd_alert *ret_alert);

#endif
