#!/usr/bin/env python3
"""Writes fixtures/factors.safetensors: codes, classes, and what scikit-learn makes of them.

By hand, once, where numpy, scikit-learn and safetensors are installed:

    python3 tests/parity/make_factor_fixtures.py

factors_test.cpp compares the boosted trees and the support vector machines of the measures of disentanglement with the file.
"""

import pathlib

import numpy as np
import sklearn
from safetensors.numpy import save_file
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.svm import LinearSVC

random = np.random.default_rng(20180601)
tensors = {}


def codes_and_classes(count, classes):
    """Five dimensions, of which two and a product say something about the class."""
    codes = random.normal(size=(count, 5)).astype(np.float32)
    score = codes[:, 0] + 0.6 * codes[:, 3] * codes[:, 1] + 0.5 * random.normal(size=count)
    bounds = np.quantile(score, np.linspace(0, 1, classes + 1)[1:-1])
    return codes, np.searchsorted(bounds, score)


for classes in (2, 3):
    codes, labels = codes_and_classes(1000, classes)
    fit, test = slice(0, 700), slice(700, None)
    name = f"{classes}/"
    tensors[name + "codes"], tensors[name + "labels"] = codes[fit], labels[fit].astype(np.int64)
    tensors[name + "test_codes"], tensors[name + "test_labels"] = codes[test], labels[test].astype(np.int64)

    found = []
    # scikit-learn breaks ties at random: a reference must not depend on them.
    for state in range(5):
        trees = GradientBoostingClassifier(random_state=state, n_estimators=20, max_depth=2).fit(codes[fit], labels[fit])
        found.append((trees.feature_importances_, trees.predict(codes[test])))
    for importances, predicted in found[1:]:
        print(classes, np.abs(importances - found[0][0]).max(), (predicted != found[0][1]).sum())
    tensors[name + "importances"] = found[0][0]
    tensors[name + "predicted"] = found[0][1].astype(np.int64)

    accuracies = []
    for dimension in range(5):
        machine = LinearSVC(C=0.01, class_weight="balanced", dual=False, tol=1e-12, max_iter=100000)
        machine.fit(codes[fit, dimension : dimension + 1], labels[fit])
        accuracies.append(machine.score(codes[test, dimension : dimension + 1], labels[test]))
    tensors[name + "accuracies"] = np.array(accuracies)

path = pathlib.Path(__file__).parent / "fixtures" / "factors.safetensors"
save_file(tensors, path, metadata={"scikit-learn": sklearn.__version__})
