/* Settings as JSON: all of them, in their types, and nothing that leads to a secret. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "config/config.h"
#include "config/load.h"
#include "config/view.h"

Test(view, shows_every_setting_and_no_way_to_a_secret)
{
    static const char *const shown[] = {
        "\"priority\":9",
        "\"enabled\":false",
        "\"fps\":2.5",
        "\"min_area\":\"0.05%\"",
        "[0.333333,0.0]",
        "\"kind\":[\"motion\",\"scene-change\"]",
        "\"daily\":\"22:00-06:00\"",
        "\"media_size\":\"1536MiB\"",
        "\"workers\":4",
        "\"listen\":\"[::]:8443\"",
    };
    struct vd_config *cfg = NULL;
    struct vd_json *view;
    char *yaml = NULL, *text;
    size_t len;

    cr_assert_eq(
        vd_fs_read(VD_TEST_DATA "/configs/good/everything.yaml", 1 << 20, &yaml, &len, NULL),
        0);
    cr_assert_eq(vd_load_text(&cfg, yaml, len, NULL, NULL), 0);
    view = vd_view_json(&vd_root_keys, cfg);
    cr_assert_not_null(view);
    text = vd_json_dump(view, NULL);
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++)
        cr_assert_not_null(strstr(text, shown[i]), "%s in %s", shown[i], text);
    cr_assert_null(strstr(text, "_file"), "%s", text);
    cr_assert_null(strstr(text, "c.key"), "%s", text);
    cr_assert_null(strstr(text, "null"), "%s", text);
    free(text);
    free(yaml);
    vd_json_free(&view);
    vd_config_unref(&cfg);
}
