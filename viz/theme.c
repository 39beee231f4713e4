#include "viz/theme.h"

#define INK "#333333"
#define BRACKETS(o, c) .open = o, .close = c

const sdag_theme_box sdag_theme_boxes[SDAG_LOOK_COUNT] = {
    [SDAG_ROLE_SOURCE] = {"source", "data", "cylinder", "filled", "0.2,0.08", NULL, BRACKETS("[(", ")]"), "#fff3cd",
                          "#8a6d1f", "1"},
    [SDAG_ROLE_AUGMENT] = {"augment", "augmentation", "box", "rounded,filled", NULL, NULL, BRACKETS("(", ")"),
                           "#fdebd9", "#9a5b1e", "1"},
    [SDAG_ROLE_PRETEXT] = {"pretext", "label generation", "diamond", "filled", "0.01,0.01", NULL, BRACKETS("{", "}"),
                           "#ffe5b4", "#9a5b1e", "1"},
    [SDAG_ROLE_ENCODER] = {"encoder", "encoder", "box", "filled", NULL, NULL, BRACKETS("[", "]"), "#bde0fe", INK, "2"},
    [SDAG_ROLE_DECODER] = {"decoder", "decoder", "box", "filled", NULL, NULL, BRACKETS("[", "]"), "#e3dcf9", INK, "2"},
    [SDAG_ROLE_PROJECTOR] = {"projector", "projector", "box", "filled", NULL, NULL, BRACKETS("[", "]"), "#e4f2ff", INK,
                             "1"},
    [SDAG_ROLE_MOMENTUM] = {"momentum", "moving average", "box", "filled,dashed", NULL, NULL, BRACKETS("[[", "]]"),
                            "#d9e3f5", INK, "2"},
    [SDAG_ROLE_MEMORY] = {"memory", "memory", "cylinder", "filled", "0.2,0.08", NULL, BRACKETS("[(", ")]"), "#ececec",
                          INK, "1"},
    [SDAG_ROLE_LOSS] = {"loss", "objective", "hexagon", "filled", "0.05,0.05", NULL, BRACKETS("{{", "}}"), "#d4edda",
                        "#155724", "1.5"},
    [SDAG_ROLE_OPTIMIZER] = {"optimizer", "optimizer", "box", "rounded,filled", NULL, NULL, BRACKETS("([", "])"),
                             "#eeeeee", "#666666", "1"},
    [SDAG_ROLE_HEAD] = {"head", "head", "box", "filled", NULL, NULL, BRACKETS("[", "]"), "#d7f3f1", INK, "1"},
    [SDAG_ROLE_PROBE] = {"probe", "evaluation", "note", "filled", NULL, NULL, BRACKETS(">", "]"), "#ffffff", "#555555",
                         "1"},
    [SDAG_ROLE_SINK] = {"sink", "predictions", "polygon", "filled", "0,0", "0.3", BRACKETS("[/", "/]"), "#fff8e1",
                        "#555555", "1"},
    [SDAG_ROLE_MATH] = {"math", NULL, "ellipse", "filled", "0.05,0.03", NULL, BRACKETS("(", ")"), "#ffffff", INK, "1"},
    [SDAG_ROLE_LAYER] = {"layer", NULL, "box", "rounded,filled", "0.12,0.04", NULL, BRACKETS("(", ")"), "#f1f6fb", INK,
                         "1"},
    [SDAG_LOOK_PRETRAINED] = {"pretrained", "pre-trained", "box", "filled", NULL, NULL, BRACKETS("[", "]"), "#ff99ff",
                              INK, "2"},
    [SDAG_LOOK_FINETUNED] = {"finetuned", "fine-tuned", "box", "filled", NULL, NULL, BRACKETS("[", "]"), "#ccccff", INK,
                             "2"},
    [SDAG_LOOK_PHASE] = {"phase", NULL, "box", "filled", "0.3,0.2", NULL, BRACKETS("[", "]"), "#bde0fe", INK, "2"},
    [SDAG_LOOK_OP] = {"op", NULL, "box", "rounded,filled", "0.1,0.04", NULL, BRACKETS("(", ")"), "#ffffff", "#666666",
                      "1"},
    [SDAG_LOOK_INPUT] = {"input", NULL, "ellipse", "filled", "0.05,0.03", NULL, BRACKETS("([", "])"), "#fff3cd",
                         "#8a6d1f", "1"},
};

const sdag_theme_line sdag_theme_lines[SDAG_LINE_COUNT] = {
    [SDAG_LINE_WIRE] = {NULL, "#444444", "solid", "1", "normal", "1", "2", "-->"},
    [SDAG_LINE_VIEWS] = {"double line: several views", "#444444:invis:#444444", "solid", "1", "normal", "1", "2",
                         "-->"},
    [SDAG_LINE_WEIGHTS] = {"bold: weights handed on", "#b03a9b", "solid", "2.6", "normal", "0", "0", "==>"},
    [SDAG_LINE_AVERAGE] = {"dashed: averaged weights", "#4a6fa5", "dashed", "1.8", "normal", "0", "1", "-.->"},
    [SDAG_LINE_LOOK] = {"dotted: evaluation", "#777777", "dotted", "1.4", "empty", "1", "1", "-.->"},
    [SDAG_LINE_ORDER] = {NULL, "#444444", "invis", "1", "none", "0", "1", NULL},
};
