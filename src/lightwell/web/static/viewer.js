// A sweetener only: select words in the text and a button offers the quote; copy with one press.
// Without this file everything is still there: line numbers and the box "Quote a passage".
"use strict";
(function () {
  const lines = document.querySelector(".lines");
  const quote = document.getElementById("quote-text");
  if (quote && navigator.clipboard) {
    const copy = document.createElement("button");
    copy.type = "button";
    copy.textContent = "Copy the quote";
    copy.addEventListener("click", async () => {
      await navigator.clipboard.writeText(quote.textContent);
      copy.textContent = "Copied";
    });
    quote.after(copy);
  }
  // A link such as #w12-18 from elsewhere becomes the address that needs no script.
  const range = /^#w(\d+)-(\d+)$/.exec(location.hash);
  if (range) location.replace(location.pathname + "?words=" + range[1] + "-" + range[2] + "#w" + range[1]);
  if (!lines) return;
  let button = null;
  const numberAt = (node) => {
    const element = node && (node.nodeType === 1 ? node : node.parentElement);
    const word = element && element.closest("[id^=w]");
    return word && lines.contains(word) ? Number(word.id.slice(1)) : null;
  };
  document.addEventListener("selectionchange", () => {
    if (button) { button.remove(); button = null; }
    const selection = document.getSelection();
    if (!selection || selection.isCollapsed) return;
    const ends = [numberAt(selection.anchorNode), numberAt(selection.focusNode)];
    if (ends.includes(null)) return;
    const [first, last] = ends.sort((a, b) => a - b);
    const box = selection.getRangeAt(0).getBoundingClientRect();
    button = document.createElement("a");
    button.className = "button quote-float";
    button.href = location.pathname + "?words=" + first + "-" + last + "#quote";
    button.textContent = "Quote these words";
    button.style.left = Math.max(8, box.left + scrollX) + "px";
    button.style.top = box.bottom + scrollY + 6 + "px";
    document.body.append(button);
  });
})();
