#include "viz/theme.h"

#include <stdio.h>

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
    [SDAG_LOOK_PHASE] = {"phase", NULL, "box", "filled", "0.3,0.2", NULL, BRACKETS("[", "]"), "#ffffff", INK, "1"},
    [SDAG_LOOK_MODULE] = {"module", "module", "component", "filled", "0.2,0.08", NULL, BRACKETS("[[", "]]"), "#f1ecd9",
                          INK, "1.5"},
    [SDAG_LOOK_BLOCK] = {"block", NULL, "box", "filled", NULL, NULL, BRACKETS("[", "]"), "#ffffff", INK, "1"},
    [SDAG_LOOK_PORT] = {"port", NULL, "ellipse", "filled", "0.05,0.03", NULL, BRACKETS("([", "])"), "#ffffff",
                        "#666666", "1"},
    [SDAG_LOOK_FACT] = {"fact", NULL, "box", "rounded,filled", NULL, NULL, BRACKETS("(", ")"), "#ffffff", "#999999",
                        "1"},
    [SDAG_LOOK_TOPIC] = {"topic", NULL, "box", "rounded,filled", "0.25,0.12", NULL, BRACKETS("([", "])"), "#ffffff",
                         INK, "2"},
    [SDAG_LOOK_OP] = {"op", NULL, "box", "rounded,filled", "0.1,0.04", NULL, BRACKETS("(", ")"), "#ffffff", "#666666",
                      "1"},
    [SDAG_LOOK_INPUT] = {"input", NULL, "ellipse", "filled", "0.05,0.03", NULL, BRACKETS("([", "])"), "#fff3cd",
                         "#8a6d1f", "1"},
};

#define BUNDLE(c) c, c ":invis:" c

const sdag_theme_line sdag_theme_lines[SDAG_LINE_COUNT] = {
    [SDAG_LINE_WIRE] = {NULL, BUNDLE("#444444"), "solid", "1", "normal", "1", "2", "-->"},
    [SDAG_LINE_STOP] = {"dashed: no gradient flows back", BUNDLE("#7a4b00"), "dashed", "1.3", "normal", "1", "2",
                        "-.->"},
    [SDAG_LINE_MODEL] = {NULL, BUNDLE("#b03a9b"), "solid", "2.6", "normal", "0", "8", "==>"},
    [SDAG_LINE_WEIGHTS] = {"bold: weights handed on", BUNDLE("#b03a9b"), "solid", "2.6", "normal", "0", "1", "==>"},
    [SDAG_LINE_DOWN] = {NULL, BUNDLE("#b03a9b"), "solid", "2.6", "normal", "1", "1", "==>"},
    [SDAG_LINE_AVERAGE] = {"bold dashed: moving average of weights", BUNDLE("#4a6fa5"), "dashed", "2.2", "normal", "1",
                           "1", "-.->"}, /* labelled: see minlen */
    [SDAG_LINE_LOOK] = {"dotted: evaluation", BUNDLE("#777777"), "dotted", "1.4", "empty", "1", "1", "-.->"},
    [SDAG_LINE_ORDER] = {NULL, BUNDLE("#444444"), "invis", "1", "none", "0", "1", NULL},
    [SDAG_LINE_ROW] = {NULL, BUNDLE("#444444"), "invis", "1", "none", "1", "0", NULL},
    [SDAG_LINE_STACK] = {NULL, BUNDLE("#444444"), "invis", "1", "none", "1", "8", NULL},
};

const char *sdag_theme_heat(char buf[8], double share)
{
    static const int cold[3] = {0xff, 0xf8, 0xf0}, hot[3] = {0xf5, 0x9f, 0x3f};
    int c[3];
    double at = share > 0 ? (share < 1 ? share : 1) : 0; /* NaN: 0 */
    for (int i = 0; i < 3; i++) c[i] = cold[i] + (int)(at * (hot[i] - cold[i]) + (hot[i] < cold[i] ? -0.5 : 0.5));
    snprintf(buf, 8, "#%02x%02x%02x", (unsigned)c[0] & 0xff, (unsigned)c[1] & 0xff, (unsigned)c[2] & 0xff);
    return buf;
}

const char sdag_theme_dark[] = "<style>@media screen and (prefers-color-scheme: dark) "
                               "{ .graph.ssldag-picture { filter: invert(0.93) hue-rotate(180deg); } }</style>";
