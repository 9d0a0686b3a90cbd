/* What may be asked of the replay. */
#include <criterion/criterion.h>
#include <string.h>

#include "alerts/feed/replay.h"

static const struct {
    const char *text;
    bool is_good;
} cases[] = {
    {"{\"op\":\"replay\",\"from\":1,\"credit\":100}", true},
    {"{\"op\":\"replay\",\"from\":1,\"prefix\":\"event/4403/\",\"credit\":0}", true},
    {"{\"op\":\"replay\",\"since\":\"2026-08-22T03:14:07Z\",\"credit\":1}", true},
    {"{\"op\":\"snapshot\",\"credit\":10000}", true},
    {"{\"op\":\"credit\",\"n\":5}", true},
    {"{\"op\":\"metrics\"}", true},
    {"{\"op\":\"replay\",\"from\":0}", false},
    {"{\"op\":\"replay\",\"from\":-4}", false},
    {"{\"op\":\"replay\",\"from\":\"1\"}", false},
    {"{\"op\":\"replay\"}", false},
    {"{\"op\":\"replay\",\"since\":\"yesterday\"}", false},
    {"{\"op\":\"replay\",\"from\":1,\"credit\":10001}", false},
    {"{\"op\":\"replay\",\"from\":1,\"credit\":-1}", false},
    {"{\"op\":\"drop\"}", false},
    {"{\"op\":1}", false},
    {"{}", false},
    {"[]", false},
    {"", false},
    {"{\"op\":\"replay\",\"from\":1", false},
};

Test(request, is_taken_or_refused_whole)
{
    char longest[VD_REPLAY_REQUEST_MAX + 2];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct vd_replay_request q = {.from = -7};
        int rc = vd_replay_parse(cases[i].text, strlen(cases[i].text), &q, NULL);

        cr_assert_eq(rc, cases[i].is_good ? 0 : VD_EPROTO, "%s", cases[i].text);
        cr_assert(cases[i].is_good || q.from == -7);
    }
    memset(longest, ' ', sizeof longest);
    cr_assert_eq(vd_replay_parse(longest, sizeof longest, &(struct vd_replay_request){0}, NULL),
                 VD_EPROTO);
}

Test(request, carries_what_was_asked)
{
    static const char text[] =
        "{\"op\":\"replay\",\"from\":42,\"prefix\":\"alert/\",\"credit\":7,\"new\":[1]}";
    struct vd_replay_request q;

    cr_assert_eq(vd_replay_parse(text, sizeof text - 1, &q, NULL), 0);
    cr_assert(q.op == VD_REPLAY_ROWS && q.from == 42 && q.credit == 7 && q.since_us == 0);
    cr_assert_str_eq(q.prefix, "alert/");
}
