/* ssldag export: a network of a run as an ONNX file. */
#include <jansson.h>

#include "core/io/json_text.h"
#include "runtime/cli/apply.h"
#include "runtime/onnx/export.h"

static const char *dtype_name(sdag_onnx_dtype t)
{
    return t == SDAG_ONNX_F32 ? "f32" : t == SDAG_ONNX_U8 ? "u8" : "i32";
}

/* "image u8[batch,32,32,3]" */
static const char *port_text(sdag_cli *c, const sdag_onnx_port *p)
{
    sdag_str s = {.a = c->arena};
    sdag_str_addf(&s, "%s %s[", p->name, dtype_name(p->dtype));
    for (int i = 0; i < p->rank; i++) {
        if (p->dims[i] < 0) sdag_str_addf(&s, "%sbatch", i ? "," : "");
        else sdag_str_addf(&s, "%s%lld", i ? "," : "", (long long)p->dims[i]);
    }
    sdag_str_add(&s, "]");
    return s.at;
}

static sdag_status report(sdag_cli *c, const sdag_apply *p, const sdag_onnx_model *m, const char *path)
{
    if (c->json) {
        json_t *weights = p->weights ? sdag_json_text(p->weights) : json_null();
        json_t *j = json_pack("{s:o, s:s, s:o, s:s, s:o, s:s, s:s, s:i, s:i}", "run", sdag_json_text(c->args[0]),
                              "node", p->title, "weights", weights, "data", p->data, "onnx", sdag_json_text(path),
                              "input", port_text(c, &m->ins.at[0]), "output", port_text(c, &m->outs.at[0]), "nodes",
                              m->steps.n, "opset", SDAG_ONNX_OPSET);
        return sdag_cli_json(c, j, NULL);
    }
    if (!c->quiet)
        sdag_log_add(c->log, SDAG_NOTE, SDAG_NOLOC, "%s: %s -> %s, %d nodes, operator set %d", path,
                     port_text(c, &m->ins.at[0]), port_text(c, &m->outs.at[0]), m->steps.n, SDAG_ONNX_OPSET);
    return SDAG_OK;
}

sdag_status sdag_cli_export(sdag_cli *c)
{
    sdag_apply *p;
    sdag_onnx_model *m;
    sdag_apply_options o = {.prefer_logits = true, .sized = true};
    const char *path = c->output ? c->output : "model.onnx";
    sdag_status status = sdag_cli_apply(&p, c, &o);
    if (status) return status;
    sdag_cli_apply_note(c, p);
    status = sdag_onnx_export(&m, p, c->no_preprocess);
    if (!status) status = sdag_onnx_save(m, c->log, path);
    return status ? status : report(c, p, m, path);
}
