// A sweetener only: compares words that a reader pastes with the file that was downloaded before, in the browser.
// Nothing of them is sent: the page's policy forbids fetch and its like, and the words tell a reader to turn the
// network off all the same. Without this file the checking program does it. docs/reference/fingerprints.md
"use strict";
(function () {
  const place = document.getElementById("compare");
  if (!place || !window.crypto?.subtle || !window.DecompressionStream) return;
  const MAGIC = "lightwell.fingerprints.v1\n", SHINGLE = 5, WINDOW = 4, TOP = 8;
  const LEAST_MATCHES = 3, LEAST_SHARE = 0.1, LEAST_IN_ORDER = 0.6, LEAST_WITHIN = 0.8, FAR_LONGER = 1.5, LEAST_PASSAGE = 25;
  const UNSPACED = "\\u0e00-\\u0eff\\u1000-\\u109f\\u1780-\\u17ff\\u3040-\\u30ff\\u3400-\\u4dbf\\u4e00-\\u9fff";
  const WORD = new RegExp(`[${UNSPACED}]|(?:(?![${UNSPACED}])[\\p{L}\\p{N}])+`, "gu");
  const bytes = new TextEncoder(), text = new TextDecoder();

  const normaliseWords = (words) =>
    words.replace(/['’‘ʼ`´]/g, "").normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().match(WORD) || [];
  const digest = async (data) => new DataView(await crypto.subtle.digest("SHA-256", data));
  async function makeFingerprints(words) {
    const hashes = [];
    for (let k = 0; k + SHINGLE <= words.length; k++)
      hashes.push((await digest(bytes.encode(words.slice(k, k + SHINGLE).join(" ")))).getBigUint64(0));
    const least = (few) => few.reduce((one, other) => (other < one ? other : one));
    if (hashes.length < WINDOW) return new Set(hashes.length ? [least(hashes)] : []);
    return new Set(hashes.slice(WINDOW - 1).map((_, k) => least(hashes.slice(k, k + WINDOW))));
  }
  async function inflate(data) {
    const stream = new Blob([data]).stream().pipeThrough(new DecompressionStream("deflate"));
    return JSON.parse(await new Response(stream).text());
  }

  async function openSet(file) {
    const data = await file.arrayBuffer(), view = new DataView(data);
    const begin = MAGIC.length + 4;
    if (data.byteLength < begin + 32 || text.decode(data.slice(0, MAGIC.length)) !== MAGIC)
      throw new Error("The file that you chose is not the file for comparing from this page.");
    const end = data.byteLength - 32, found = await digest(new Uint8Array(data, 0, end));
    for (let k = 0; k < 32; k++)
      if (found.getUint8(k) !== view.getUint8(end + k)) throw new Error("The file is damaged. Please download it again.");
    const length = view.getUint32(MAGIC.length);
    const head = JSON.parse(text.decode(data.slice(begin, begin + length)));
    if (head.scheme.shingle_words !== SHINGLE || head.scheme.window !== WINDOW || head.scheme.hash !== "sha256-64")
      throw new Error("The file was made in another way than this page looks for. Load the page again.");
    const files = begin + length + 12 * head.documents, records = files + 44 * head.files;
    const hashes = records + 28 * head.pages, owners = hashes + 8 * head.fingerprints;
    const texts = owners + 4 * head.fingerprints;
    const read = (offset, size) => inflate(data.slice(texts + offset, texts + offset + size));
    return {
      head,
      list(hash) {
        let low = 0, high = head.fingerprints;
        while (low < high) {
          const middle = (low + high) >>> 1;
          if (view.getBigUint64(hashes + 8 * middle) < hash) low = middle + 1; else high = middle;
        }
        const listed = [];
        for (; low < head.fingerprints && view.getBigUint64(hashes + 8 * low) === hash; low++)
          listed.push(view.getUint32(owners + 4 * low));
        return listed;
      },
      page(k) {
        const at = records + 28 * k;
        return {
          document: view.getUint32(at), number: view.getUint32(at + 4), fingerprints: view.getUint32(at + 8),
          words: () => read(Number(view.getBigUint64(at + 16)), view.getUint32(at + 24)),
        };
      },
      document: (k) => read(Number(view.getBigUint64(begin + length + 12 * k)), view.getUint32(begin + length + 12 * k + 8)),
    };
  }

  // Words that stand in both in the same order, lone ones not counted, and the longest stretch of them.
  function compare(ours, theirs) {
    const wide = theirs.length + 1, table = new Uint16Array((ours.length + 1) * wide);
    for (let i = ours.length - 1; i >= 0; i--)
      for (let j = theirs.length - 1; j >= 0; j--)
        table[i * wide + j] = ours[i] === theirs[j]
          ? table[(i + 1) * wide + j + 1] + 1
          : Math.max(table[(i + 1) * wide + j], table[i * wide + j + 1]);
    let inOrder = 0, longest = 0, run = 0;
    const close = () => { if (run > 1) inOrder += run; longest = Math.max(longest, run); run = 0; };
    for (let i = 0, j = 0; i < ours.length && j < theirs.length;) {
      if (ours[i] === theirs[j]) { run++; i++; j++; continue; }
      close();
      if (table[(i + 1) * wide + j] >= table[i * wide + j + 1]) i++; else j++;
    }
    close();
    return { inOrder, longest };
  }

  async function look(file, pasted) {
    const set = await openSet(file), words = normaliseWords(pasted).slice(0, 3000);
    const own = await makeFingerprints(words), counts = new Map();
    if (!own.size) return ["There are too few words in a row to look for them. Paste at least a sentence or two."];
    for (const hash of own) for (const k of set.list(hash)) counts.set(k, (counts.get(k) || 0) + 1);
    const ranked = [];
    for (const [k, matches] of counts) {
      const least = Math.min(own.size, set.page(k).fingerprints);
      if (matches >= Math.min(LEAST_MATCHES, least) && matches / least >= LEAST_SHARE) ranked.push([matches / least, k]);
    }
    ranked.sort((one, other) => other[0] - one[0] || one[1] - other[1]);
    const copies = [], passages = [];
    for (const [, k] of ranked.slice(0, TOP)) {
      const page = set.page(k), said = await set.document(page.document), shown = await page.words();
      const theirs = normaliseWords(shown.runs.join(" ")), { inOrder, longest } = compare(words, theirs);
      const name = `page ${page.number} of ${said.title ? `“${said.title}”` : "a document"} (document ${said.number} of ${said.study}), version ${said.version}, published ${said.opened}`;
      const hidden = shown.grounds.length ? `; ${shown.grounds.length} hidden parts: ${shown.grounds.join(", ")}` : "";
      const asked = words.length > FAR_LONGER * theirs.length ? LEAST_WITHIN : LEAST_IN_ORDER;
      if (inOrder / Math.min(words.length, theirs.length) >= asked)
        copies.push([inOrder, `Found: ${name}. ${inOrder} of your ${words.length} words stand there in the same order${hidden}.`]);
      else if (longest >= LEAST_PASSAGE)
        passages.push(`A passage of ${longest} words stands also on ${name}; the rest of the page is another.`);
    }
    if (copies.length) return copies.sort((one, other) => other[0] - one[0]).map(([, line]) => line);
    return ["Not found: no published page has enough of these words in a row.", ...passages];
  }

  const add = (kind, words, more, where = place) => {
    const made = Object.assign(document.createElement(kind), more);
    if (words) made.textContent = words;
    where.append(made);
    return made;
  };
  const addField = (kind, words, more) => {
    const row = add("p");
    add("label", words, { htmlFor: more.id }, row);
    add("br", "", {}, row);
    return add(kind, "", more, row);
  };
  add("h2", "In this browser");
  add("p", "This page is made so that nothing you paste leaves it. You need not believe that: turn your network off before you paste, and close the page before you turn it on again. Pictures need the checking program below.", { className: "measure" });
  const chosen = addField("input", "1. The file that you downloaded above", { id: "compare-set", type: "file", accept: ".fingerprints" });
  // Some browsers send what is typed to a spelling service of theirs.
  const pasted = addField("textarea", "2. Words of the page that you hold, at least two sentences", { id: "compare-words", rows: 8, cols: 60, spellcheck: false, autocomplete: "off" });
  const button = add("button", "Compare here", { type: "button", className: "button" });
  const answer = add("div", "", { id: "compare-answer" });
  answer.setAttribute("role", "status");
  button.addEventListener("click", async () => {
    const show = (lines) => answer.replaceChildren(...lines.map((line) => Object.assign(document.createElement("p"), { textContent: line })));
    if (!chosen.files.length) return show(["Choose the file that you downloaded first."]);
    show(["Comparing…"]);
    try { show(await look(chosen.files[0], pasted.value)); }
    catch (error) { show([error.message || "This could not be checked."]); }
  });
})();
