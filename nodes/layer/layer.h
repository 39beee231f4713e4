/* Layers that several node types are made of: core/node/layer.h, where plugins find them too. */
#ifndef SDAG_NODES_LAYER_LAYER_H
#define SDAG_NODES_LAYER_LAYER_H

#include "core/node/layer.h"

#endif
