"use strict";

// What the charts of all pages have in common: they follow the colours of the page, and paper is white.
function followPage(update, resize) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", update);
  const printing = (on) => () => {
    document.documentElement.classList.toggle("printing", on);
    resize();
    update();
  };
  addEventListener("beforeprint", printing(true));
  addEventListener("afterprint", printing(false));
}

// An average over neighbours on both sides, so that the curve does not lag; with each point of distance their weights fall
// by the factor `keep`. Gaps stay gaps.
function smoothed(values, keep) {
  const sums = values.map(() => 0);
  const weights = values.map(() => 0);
  const sweep = (from, step) => {
    let sum = 0;
    let weight = 0;
    for (let i = from; i >= 0 && i < values.length; i += step) {
      sums[i] += sum;
      weights[i] += weight;
      sum = keep * (sum + (values[i] ?? 0));
      weight = keep * (weight + (values[i] === null ? 0 : 1));
    }
  };
  sweep(0, 1);
  sweep(values.length - 1, -1);
  return values.map((value, i) => (value === null ? null : (sums[i] + value) / (weights[i] + 1)));
}
