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
