/* One row an operation. Expanded for declarations and for the table that the tests walk. */
/* clang-format off */
#define SDAG_OPS(X) \
    X(relu) X(gelu) X(tanh) X(sigmoid) X(exp) X(log) X(sqrt) X(abs) X(square) X(clamp) X(affine) X(stop_grad) X(to_f32) \
    X(dropout) X(add) X(sub) X(mul) X(div) X(less) X(equal) X(where) X(expand) X(sum_to) X(sum) X(mean) X(max) X(var) \
    X(logsumexp) X(matmul) X(conv2d) X(max_pool) X(avg_pool) X(batch_norm) X(norm_apply) X(running) X(count) \
    X(layer_norm) X(l2norm) X(softmax) X(log_softmax) X(softmax_xent) X(softmax_xent_soft) X(count_not) X(concat) \
    X(slice) X(pad) X(reshape) X(permute) X(gather) X(scatter_add) X(diagonal) X(mask_diag) X(sgd) X(sgd_plain) X(adamw) X(lars) \
    X(ema) X(clip_norm) X(clip_scale) X(decode)
/* clang-format on */
