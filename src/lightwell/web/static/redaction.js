// A sweetener only: draw a box on the picture of a page, and decide by a single key where it is switched on.
// Without this file everything is still there: four fields for a box, buttons with access keys.
"use strict";
(function () {
  const names = ["left", "top", "right", "bottom"];
  for (const sheet of document.querySelectorAll("[data-draws]")) {
    const picture = sheet.querySelector("img");
    const fields = names.map((name) => document.getElementById("id_" + name));
    if (!picture || fields.includes(null)) continue;
    const space = "http://www.w3.org/2000/svg";
    const layer = document.createElementNS(space, "svg");
    const box = document.createElementNS(space, "rect");
    layer.setAttribute("class", "part-marks");
    layer.setAttribute("aria-hidden", "true");
    layer.setAttribute("viewBox", "0 0 " + picture.getAttribute("width") + " " + picture.getAttribute("height"));
    box.setAttribute("class", "mark-drawn");
    layer.append(box);
    sheet.append(layer);
    const show = () => {
      const [left, top, right, bottom] = fields.map((field) => (field.value === "" ? NaN : Number(field.value)));
      const whole = right > left && bottom > top;
      const edges = whole ? [left, top, right - left, bottom - top] : [0, 0, 0, 0];
      ["x", "y", "width", "height"].forEach((name, k) => box.setAttribute(name, String(edges[k])));
    };
    const place = (event) => {
      const area = picture.getBoundingClientRect();
      const across = Number(picture.getAttribute("width")) / area.width;
      const down = Number(picture.getAttribute("height")) / area.height;
      const clip = (value, most) => Math.round(Math.min(Math.max(value, 0), most));
      return [
        clip((event.clientX - area.left) * across, Number(picture.getAttribute("width"))),
        clip((event.clientY - area.top) * down, Number(picture.getAttribute("height"))),
      ];
    };
    let start = null;
    sheet.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || event.pointerType === "touch") return;
      event.preventDefault();
      sheet.setPointerCapture(event.pointerId);
      start = place(event);
    });
    sheet.addEventListener("pointermove", (event) => {
      if (!start) return;
      const [x, y] = place(event);
      const edges = [Math.min(start[0], x), Math.min(start[1], y), Math.max(start[0], x), Math.max(start[1], y)];
      fields.forEach((field, k) => { field.value = String(edges[k]); });
      show();
    });
    for (const name of ["pointerup", "pointercancel"]) sheet.addEventListener(name, () => { start = null; });
    fields.forEach((field) => field.addEventListener("input", show));
    show();
  }

  const queue = document.querySelector('[data-single-keys="on"]');
  if (!queue) return;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || event.isComposing) return;
    const typed = event.target.closest && event.target.closest("textarea, select, [contenteditable], input");
    if (typed && typed.type !== "checkbox") return;
    const control = queue.querySelector('[data-key="' + CSS.escape(event.key.toLowerCase()) + '"]');
    if (!control) return;
    event.preventDefault();
    control.click();
  });
})();
