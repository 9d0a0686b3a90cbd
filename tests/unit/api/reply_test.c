#include <criterion/criterion.h>

#include <string.h>

#include "alerts/api/reply.h"

Test(reply, every_problem_has_a_code_a_status_and_advice)
{
    vd_json_init();
    for (int code = 0; code < VD_N_PROBLEM_CODES; code++) {
        struct vd_reply reply = {0};
        struct vd_json *doc = NULL;
        const struct vd_json *error;

        vd_reply_problem(&reply, (enum vd_problem_code)code, NULL, NULL);
        cr_assert(reply.status >= 400 && reply.status < 600, "%d", code);
        cr_assert_eq(vd_json_parse(&doc, reply.body, reply.len, NULL), 0, "%d", code);
        error = vd_json_get(doc, "error");
        cr_assert_str_eq(vd_json_get_text(error, "code"),
                         vd_problem_name((enum vd_problem_code)code));
        cr_assert_gt(strlen(vd_json_get_text(error, "message")), 10, "%d", code);
        cr_assert_gt(strlen(vd_json_get_text(error, "advice")), 5, "%d", code);
        cr_assert_null(vd_json_get(error, "current"));
        vd_json_free(&doc);
        vd_reply_fini(&reply);
    }
}

Test(reply, shows_the_present_state_and_a_message_of_its_own)
{
    struct vd_reply reply = {0};
    struct vd_json *current = vd_json_object();

    vd_json_init();
    cr_assert_eq(vd_json_set(current, "version", vd_json_int(3)), 0);
    vd_reply_problem(&reply, VD_STALE_VERSION, "ann was <b>faster</b>", current);
    cr_assert_eq(reply.status, 409);
    cr_assert_not_null(strstr(reply.body, "\"current\":{\"version\":3}"));
    cr_assert_not_null(strstr(reply.body, "ann was <b>faster</b>"));
    vd_reply_fini(&reply);
}
