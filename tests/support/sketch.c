#include "tests/support/sketch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <graphviz/cgraph.h>

#include "tests/support/temp.h"
#include "tests/support/xml.h"

static sdag_status build(void *arg)
{
    sketch *r = arg;
    const sdag_spec *raw, *spec;
    int n, fake = r->n_more;
    const sdag_node_type *const *built_in = sdag_node_types(&n);
    const sdag_node_type **types = SDAG_NEWS(&r->a, const sdag_node_type *, n + fake);
    memcpy(types, built_in, (size_t)n * sizeof *types);
    if (fake) memcpy(types + n, r->more, (size_t)fake * sizeof *types);
    sdag_catalog catalog = {.types = types, .n = n + fake};
    sdag_status s = sdag_spec_parse(&raw, &r->a, r->log, "toy.yaml", r->text, strlen(r->text));
    if (!s) s = sdag_spec_resolve(&spec, &r->a, r->log, raw, NULL, 0);
    return s ? s : sdag_graph_build(&r->g, &r->a, r->log, spec, &catalog);
}

void sketch_start(sketch *r, const char *text, const sdag_node_type *const *more, int n_more)
{
    *r = (sketch){.text = text, .more = more, .n_more = n_more};
    sdag_arena_init(&r->a);
    r->log = sdag_log_create(NULL);
    assert_non_null(r->log);
    if (sdag_arena_try(&r->a, build, r)) fail_msg("%s", temp_last(r->log));
}

void sketch_end(sketch *r)
{
    sdag_log_destroy(r->log);
    sdag_arena_free(&r->a);
}

sdag_status sketch_try(void *arg)
{
    sketch *r = arg;
    return sdag_viz_text(&r->out, &r->len, &r->a, r->log, r->g, &r->options);
}

const char *sketch_draw(sketch *r, sdag_viz_options o)
{
    r->options = o;
    if (sdag_arena_try(&r->a, sketch_try, r)) fail_msg("%s", temp_last(r->log));
    assert_true(sdag_log_errors(r->log) == 0);
    return r->out;
}

static char *read_all(const char *path)
{
    static char text[1 << 18];
    FILE *f = fopen(path, "rb");
    if (!f) return NULL;
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = 0;
    return text;
}

void sketch_golden_text(sdag_arena *a, const char *name, const char *text, size_t len)
{
    const char *path = sdag_arena_printf(a, "tests/golden/viz/%s", name);
    if (getenv("SSLDAG_GOLDEN_UPDATE")) {
        FILE *f = fopen(path, "wb");
        assert_non_null(f);
        assert_int_equal(fwrite(text, 1, len, f), len);
        assert_int_equal(fclose(f), 0);
    }
    const char *expected = read_all(path);
    if (!expected) fail_msg("%s is missing", path);
    assert_string_equal(text, expected);
}

void sketch_golden(sketch *r, const char *name, sdag_viz_options o)
{
    sketch_draw(r, o);
    sketch_golden_text(&r->a, name, r->out, r->len);
}

sdag_status sketch_fails(sketch *r, sdag_viz_options o, const char *says)
{
    r->options = o;
    sdag_status status = sdag_arena_try(&r->a, sketch_try, r);
    if (!strstr(temp_last(r->log), says)) fail_msg("'%s' is not in: %s", says, temp_last(r->log));
    return status;
}

void sketch_sound_dot(const char *text, size_t len)
{
    assert_int_equal(strlen(text), len);
    Agraph_t *g = agmemread(text);
    assert_non_null(g);
    assert_true(agnnodes(g) > 0);
    agclose(g);
}

void sketch_sound(sketch *r, sdag_viz_options o)
{
    char why[200];
    o.format = SDAG_VIZ_SVG;
    sketch_draw(r, o);
    if (!xml_is_sound(r->out, r->len, why)) fail_msg("%s in\n%s", why, r->out);
    o.format = SDAG_VIZ_DOT;
    sketch_draw(r, o);
    sketch_sound_dot(r->out, r->len);
    o.format = SDAG_VIZ_MERMAID;
    sketch_draw(r, o);
    assert_int_equal(strlen(r->out), r->len);
}

const char *const sketch_hostile[] = {
    "</text><script>alert(1)</script>",
    "\"><a href=\"javascript:alert(1)\">x</a>",
    "' onload='alert(1)",
    "&nbsp; &amp; &#0; &#x1; &bogus; & &amp;lt;script&amp;gt;",
    "\\N \\G \\E \\T \\H \\L \\l \\r \\n \\\\ \\",
    "a--b --> <!-- ]]> <![CDATA[ <?xml ?>",
    "\x01\x02\x08\x0b\x0c\x1b[31m\x7f\xc2\x85 tail",
    "\xff\xfe\x80 \xc0\xaf \xed\xa0\x80 \xf4\x90\x80\x80 \xef\xbf\xbe",
    "\xe2\x80\xae txet \xe2\x81\xa6 \xef\xbb\xbf \xe2\x80\xa8",
    "\x01",
    "",
    "   ",
    "<B>bold</B><BR/><TABLE><TR><TD HREF=\"http://x/\">t</TD></TR></TABLE><IMG SRC=\"/etc/passwd\"/>",
    "%%{init: {\"securityLevel\": \"loose\"}}%% `md` $$x$$ #quot; #59;",
    "]:::x\nclick a href \"javascript:alert(1)\"\nend\nsubgraph",
    "end",
    "graph { a -> b } subgraph cluster_all",
    "url(http://x/) @import expression(1)",
    NULL,
};
