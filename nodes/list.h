/* One row a node type: sdag_node_<row> is its descriptor. Expanded for declarations and for the table from which
 * everything else (parsing, inspect, schema, the reference pages, the per-node test) is read. */
#ifndef SDAG_NODES_LIST_H
#define SDAG_NODES_LIST_H

/* clang-format off */
#define SDAG_NODES(X) \
    X(source_digits) \
    X(source_idx) \
    X(source_images) \
    X(source_random) \
    X(source_normal) \
    X(source_text) \
    X(augment) \
    X(pretext_colorize) \
    X(pretext_rotation) \
    X(pretext_mask) \
    X(pretext_noise) \
    X(pretext_next_token) \
    X(pretext_mask_tokens) \
    X(encoder_mlp) \
    X(encoder_cnn) \
    X(encoder_resnet) \
    X(encoder_transformer) \
    X(encoder_vit) \
    X(decoder_conv) \
    X(decoder_transformer) \
    X(projector_mlp) \
    X(head_classifier) \
    X(head_tokens) \
    X(head_pixels) \
    X(momentum) \
    X(math_lab_to_rgb) \
    X(math_blend) \
    X(math_annealed_mean) \
    X(memory_queue) \
    X(loss_nt_xent) \
    X(loss_cross_entropy) \
    X(math_sample_gaussian) \
    X(loss_info_nce) \
    X(loss_cosine) \
    X(loss_barlow_twins) \
    X(loss_vicreg) \
    X(loss_mse) \
    X(loss_l1) \
    X(loss_bce) \
    X(loss_kl) \
    X(loss_sum) \
    X(math_stop_gradient) \
    X(optimizer_sgd) \
    X(optimizer_adamw) \
    X(optimizer_lars) \
    X(probe_knn) \
    X(probe_linear) \
    X(probe_accuracy) \
    X(probe_test) \
    X(probe_mean) \
    X(probe_loss) \
    X(probe_perplexity) \
    X(probe_collapse) \
    X(probe_error) \
    X(probe_reconstruction) \
    X(sink_csv) \
    X(sink_curve) \
    X(sink_text) \
    X(sink_images) \
    X(sink_npy) \
    X(layer_conv2d) \
    X(layer_linear) \
    X(layer_embedding) \
    X(layer_attention) \
    X(layer_tokens) \
    X(layer_position) \
    X(layer_batch_norm) \
    X(layer_layer_norm) \
    X(layer_relu) \
    X(layer_activation) \
    X(layer_dropout) \
    X(layer_add) \
    X(layer_multiply) \
    X(layer_concat) \
    X(layer_shortcut) \
    X(layer_max_pool) \
    X(layer_global_pool) \
    X(layer_flatten)
/* clang-format on */

#endif
