/* What losses share: values compared element by element, and views compared in pairs. */
#ifndef SDAG_NODES_LOSS_COMMON_H
#define SDAG_NODES_LOSS_COMMON_H

#include "core/node/node.h"

/* ---- what a network makes against what it should be: ports x, y and mask (optional), output loss */
extern const sdag_port sdag_compare_ins[], sdag_compare_outs[];
#define SDAG_COMPARE_SUM_HELP "add up the values of a sample instead of taking their mean"

/* Ports x and y in one shape: the same, or the one that is flat, f32[B,D], takes that of the other. */
void sdag_compare_values(sdag_build *b, const sdag_node *self, sdag_val *x, sdag_val *y);

/* d f32[B,...], of the shape of x and y -> output loss f32[], with m the mask, broadcast over axes of size 1 (or 1):
 *   sum m d / sum m  over all elements (0 where m is 0 everywhere);  sum: mean_i sum_j m_ij d_ij */
void sdag_compare_out(sdag_build *b, const sdag_node *self, sdag_val d, bool sum);

/* ---- views */
/* Port `port` carries so many views, all of one shape; otherwise the build fails: "NAME: WHO compares two views, ...".
 */
void sdag_loss_two_views(sdag_build *b, const sdag_node *self, const char *port, const char *who);

extern const char *const sdag_pairs_choices[]; /* crossed, same */
enum { SDAG_PAIRS_CROSSED, SDAG_PAIRS_SAME };
#define SDAG_PAIRS_HELP "crossed: a view with the other view of the other side; same: with the view of its own name"

/* How many pairs two bundle ports make, all of f32[B,D]: plain values make one. Fails the build where they do not
 * match; at most SDAG_IN_MAX. */
int sdag_loss_pairs(sdag_build *b, const sdag_node *self, const char *one, const char *other, int pairs);
/* The view of the other side that view i of n meets. */
int sdag_loss_partner(int i, int n, int pairs);

#endif
