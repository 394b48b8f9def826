"use strict";
// Unpacks the program and lets the page's own rule decide whether it may run: nothing is evaluated from text.
(async () => {
  const packed = Uint8Array.from(atob(document.getElementById("packed").textContent), (c) => c.charCodeAt(0));
  const script = document.createElement("script");
  script.textContent = await new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"))).text();
  document.body.append(script);
})();
