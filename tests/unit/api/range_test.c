#include <criterion/criterion.h>

#include "alerts/api/media.h"

Test(range, one_piece_is_followed_and_anything_else_means_the_whole)
{
    static const struct {
        const char *header;
        bool is_range;
        size_t offset, most;
    } cases[] = {
        {"", false, 7, 7},
        {"bytes=0-", true, 0, VD_MEDIA_RANGE_MAX},
        {"bytes=0-0", true, 0, 1},
        {"bytes=100-199", true, 100, 100},
        {"bytes=100-9223372036854775806", true, 100, VD_MEDIA_RANGE_MAX},
        {"bytes=9223372036854775807-", false, 7, 7},
        {"bytes=5-4", false, 7, 7},
        {"bytes=-5", false, 7, 7},
        {"bytes=0-1,5-9", false, 7, 7},
        {"bytes=a-b", false, 7, 7},
        {"bytes= 1-2", false, 7, 7},
        {"bytes=1", false, 7, 7},
        {"bytes=99999999999999999999999999-", false, 7, 7},
        {"lines=0-5", false, 7, 7},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct vd_media_piece piece = {.offset = 7, .most = 7};

        cr_assert_eq(vd_media_range(cases[i].header, &piece), cases[i].is_range, "'%s'",
                     cases[i].header);
        cr_assert(piece.offset == cases[i].offset && piece.most == cases[i].most,
                  "'%s': %zu, %zu", cases[i].header, piece.offset, piece.most);
    }
}
