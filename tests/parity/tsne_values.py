"""What scikit-learn's t-SNE reaches on the first 500 digits: the number in tests/unit/core/cpu/test_plane.c.

usage: tsne_values.py            (scikit-learn 1.2.1)
"""
from sklearn.datasets import load_digits
from sklearn.manifold import TSNE

x = load_digits().data[:500].astype("f4") / 16
map = TSNE(2, perplexity=30, init="pca", method="exact", learning_rate="auto", n_iter=500, random_state=0)
map.fit_transform(x)
print("%.5f" % map.kl_divergence_)
