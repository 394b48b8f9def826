// ---- the seal (docs/reference/seal.md) ----
const derive = (secret, label) => sha256(utf8(`lightwell.derive.v1\n${label}\n`), secret);
const GGM = [0, 1].map((bit) => join(utf8("lightwell.ggm.v1\n"), Uint8Array.of(bit)));
function saltsOf(seed, count) {
  if (count < 2) return count ? [seed] : [];
  const cut = split(count);
  return [...saltsOf(sha256(GGM[0], seed), cut), ...saltsOf(sha256(GGM[1], seed), count - cut)];
}
const part = (tag, salt, content) => sha256(Uint8Array.of(0), utf8(`lightwell.${tag}.v1\n`), salt, content);
const json = (value) => utf8(canonical(value));
function checkHead(head, page) {
  need(head, "bands columns dpi height lines page width");
  let edge = 0, fine = head.columns === 4 && head.dpi === 110 && head.page === page && isCount(head.lines) && isCount(head.width, 1) && isCount(head.height, 1) && head.bands.length <= 50;
  for (const [top, bottom, ...rest] of head.bands) {
    fine &&= !rest.length && isCount(top, edge) && isCount(bottom, top + 1) && bottom <= head.height;
    edge = bottom;
  }
  if (!fine) bad("the head of the page is not one of this version");
}
function lineBytes(line) {
  for (const w of line) if (w.length !== 5 || typeof w[0] !== "string" || !w.slice(1).every(Number.isSafeInteger)) bad("a line is a list of words with their places");
  return json(line);
}
const pageRoot = (head, lines, patches) => sha256(utf8("lightwell.page.v1\n"), head, lines, patches);
function sealOf(item, header, salt, fileLeaf, pagesRoot) {
  const bytes = json({ item: item.item, pages: header.pages, renderer: header.renderer, study: item.study });
  return hex(sha256(utf8("lightwell.item.v1\n"), part("header", salt, bytes), fileLeaf, pagesRoot));
}
function partialRoot(nodes, count, hidden, leaf) {
  const rest = [...nodes];
  const walk = (start, stop) => {
    let inside = 0;
    for (let k = start; k < stop; k++) inside += hidden.has(k);
    if (inside && inside < stop - start) {
      const middle = start + split(stop - start);
      return pairHash(walk(start, middle), walk(middle, stop));
    }
    const node = rest.shift() || bad("the proof has too few nodes");
    need(node, inside ? "hash" : "seed");
    if (inside) return unhex(node.hash);
    return treeRoot(saltsOf(unhex(node.seed), stop - start).map((salt, k) => leaf(start + k, salt)));
  };
  const root = count ? walk(0, count) : EMPTY;
  return rest.length ? bad("the proof has nodes left over") : root;
}
function climb(root, index, size, path) {
  if (!isCount(index) || index >= size) bad("there is no such place in the tree");
  if (size === 1) return path.length ? bad("the path is too long") : root;
  const top = path.at(-1) || bad("the path is too short"), rest = path.slice(0, -1), cut = split(size);
  return index < cut ? pairHash(climb(root, index, cut, rest), top) : pairHash(top, climb(root, index - cut, size - cut, rest));
}
async function readPicture(data, head, hidden) { // the sealed bytes of each open patch, all else white
  const view = new DataView(data.buffer, data.byteOffset), found = [];
  if (hex(data.slice(0, 8)) !== "89504e470d0a1a0a") bad("the picture is not a PNG");
  for (let at = 8; at < data.length;) {
    const length = at + 12 <= data.length ? view.getUint32(at) : Infinity;
    if (at + 12 + length > data.length) bad("the picture is cut short");
    const body = data.subarray(at + 4, at + 8 + length);
    let crc = ~0;
    for (const byte of body) {
      crc ^= byte;
      for (let k = 0; k < 8; k++) crc = crc >>> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    if (~crc >>> 0 !== view.getUint32(at + 8 + length)) bad("a chunk of the picture is damaged");
    found.push([decode(body.slice(0, 4)), body.subarray(4)]);
    at += 12 + length;
  }
  const ihdr = hex(join(number(head.width, 4), number(head.height, 4), Uint8Array.of(8, 2, 0, 0, 0)));
  if (found.map(([name]) => name).join() !== "IHDR,IDAT,IEND" || hex(found[0][1]) !== ihdr || found[2][1].length) bad("the picture is not written in the one way allowed");
  const stride = head.width * 3 + 1, raw = new Uint8Array(stride * head.height);
  const reader = new Blob([found[1][1]]).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
  let at = 0;
  try {
    for (let next; !(next = await reader.read()).done; at += next.value.length) raw.set(next.value, at);
  } catch { bad("the picture cannot be unpacked to the size of its page"); }
  if (at !== raw.length) bad("the picture does not have the size of its page");
  const patches = [];
  head.bands.forEach(([top, bottom], band) => {
    for (let c = 0; c < 4; c++) {
      const left = Math.floor(head.width * c / 4) * 3, right = Math.floor(head.width * (c + 1) / 4) * 3;
      const pixels = new Uint8Array((right - left) * (bottom - top));
      for (let y = top, to = 0; !hidden.has(4 * band + c) && y < bottom; y++) {
        for (let x = left; x < right; x++) {
          const k = y * stride + 1 + x, byte = raw[k];
          if (byte >> 4 !== (byte & 15)) bad("a colour that no sealed picture has");
          pixels[to++] = byte & 240;
          raw[k] = 255; // what is left over must be white
        }
      }
      patches.push(join(number((right - left) / 3, 4), number(bottom - top, 4), pixels));
    }
  });
  for (let k = 0; k < raw.length; k++) if (raw[k] !== (k % stride ? 255 : 0)) bad("nothing vouches for part of the picture");
  return patches;
}
function firstWrong(leaves, marks) {
  const k = leaves.findIndex((leaf, n) => leaf && hex(leaf.slice(0, 4)) !== marks.slice(8 * n, 8 * n + 8));
  return marks && k >= 0 ? `, line ${k + 1}` : "";
}
function checkPlaces(list, count) {
  if (canonical(list) !== canonical([...new Set(list)].sort((a, b) => a - b)) || !list.every((k) => isCount(k) && k < count)) bad("the hidden parts are not places on the page, in order");
}
function checkDecision(value) {
  if (![value.ground, value.decided_by].every((id) => typeof id === "string" && /^[A-Za-z0-9.:+-]{1,140}$/.test(id)) || !isDay(value.review)) bad("a ground, a role or a day of review is none");
}
// patches: measures and pixels of each visible one; lines: null where hidden
function holdParts(page, lines, patches, header, fileLeaf, item, here) {
  const leaves = [], { head, proof } = page, count = head.bands.length * 4;
  let sealed = "";
  try {
    const hiddenLines = new Set(lines.keys().filter((k) => lines[k] === null));
    const lineRoot = partialRoot(proof.lines, lines.length, hiddenLines, (k, salt) => leaves[k] = part("line", salt, lineBytes(lines[k])));
    const patchRoot = partialRoot(proof.patches, count, new Set(page.hidden_patches), (k, salt) => part("patch", salt, patches[k]));
    const root = pageRoot(part("head", unhex(proof.head_salt), json(head)), lineRoot, patchRoot);
    sealed = sealOf(item, header, unhex(header.salt), fileLeaf, climb(root, page.page - 1, header.pages, proof.path.map(unhex)));
  } catch (error) { refuse(here, error.message); }
  if (sealed !== item.commitment) refuse(here + firstWrong(leaves, proof.marks), "this page does not match what was locked in");
}
async function checkPage(page, header, fileLeaf, item, png, place) {
  const here = `${place}, page ${page.page}`;
  let patches = [];
  try {
    need(page, "page head lines hidden_patches picture proof");
    need(page.proof, "head_salt lines patches path marks");
    const { head, lines, proof } = page, hidden = new Set(page.hidden_patches);
    checkHead(head, page.page);
    const count = head.bands.length * 4;
    if (lines.length !== head.lines || proof.marks.length !== 8 * lines.length) bad("the page does not hold the lines its head counts");
    checkPlaces(page.hidden_patches, count);
    if (!png && hidden.size !== count) bad("part of a picture is open that is not here");
    if (png && await digest(png) !== page.picture) bad("the picture is not the one that is named");
    patches = png ? await readPicture(png, head, hidden) : [];
  } catch (error) { refuse(here, error.message); }
  holdParts(page, page.lines, patches, header, fileLeaf, item, here);
}
async function checkOpening(doc, entry, item, folder, place, used, tally) {
  const take = async (path, sum) => {
    if (await folder.hash(path) !== sum) refuse(path, "this file is not the one that was locked in");
    used.add(path);
    return folder.read(path);
  };
  const guard = (work, where = place) => { try { return work(); } catch (error) { return error instanceof Refusal ? bad(error) : refuse(where, error.message); } };
  const pages = item.pages;
  guard(() => {
    if (doc.type !== "lightwell.opening.v1" || doc.study !== item.study || doc.item !== item.item || doc.header.pages !== pages || typeof doc.header.renderer !== "string") bad("this is not an opening of its item");
    need(doc, doc.mode === "whole" ? "type mode study item key header file page_roots words" : `type mode study item header file_hash pages holdings${doc.mode === "redacted" ? " document" : ""}`);
    need(doc.header, doc.mode === "whole" ? "pages renderer" : "pages renderer salt");
    if (entry.pages !== (doc.mode === "whole" ? pages : doc.pages.length)) bad("the log counts other pages than are open");
    if ((entry.redacted || 0) !== (doc.mode === "redacted" ? doc.pages.filter((p) => p.regions.length).length : 0)) bad("the log counts other pages with hidden parts");
  });
  if (doc.mode === "whole") {
    const roots = guard(() => {
      need(doc.file, "sha256 size media_type");
      if (!isCount(doc.file.size) || doc.page_roots.length !== (pages || 0) || (doc.words === null) !== (pages === null)) bad("its pages, words or size do not fit");
      const key = unhex(doc.key), found = doc.page_roots.map(unhex);
      const fileLeaf = part("file", derive(key, "file"), join(unhex(doc.file.sha256), number(doc.file.size, 8)));
      return sealOf(item, doc.header, derive(key, "header"), fileLeaf, treeRoot(found)) === item.commitment ? found : bad("the document does not match what was locked in");
    });
    const path = `files/${doc.file.sha256}`;
    if (folder.file(path).size !== doc.file.size) refuse(path, "this file is not the one that was locked in");
    if (await folder.hash(path) !== doc.file.sha256) refuse(path, "this file is not the one that was locked in");
    used.add(path);
    if (pages === null) return;
    const words = `words/${doc.words}.jsonl`, lines = decode(await take(words, doc.words)).split("\n");
    if (lines.pop() !== "" || lines.length !== pages) refuse(words, `there are words of ${lines.length} pages; ${pages} were locked in`);
    const seeds = saltsOf(derive(unhex(doc.key), "pages"), pages);
    for (let k = 0; k < pages; k++) {
      const here = `${words}, page ${k + 1}`;
      guard(() => {
        const page = readJson(utf8(lines[k]));
        need(page, "head lines marks patches_root");
        checkHead(page.head, k + 1);
        if (page.lines.length !== page.head.lines) bad("the page does not hold the lines its head counts");
        const leaves = saltsOf(derive(seeds[k], "lines"), page.lines.length).map((salt, n) => part("line", salt, lineBytes(page.lines[n])));
        const root = pageRoot(part("head", derive(seeds[k], "head"), json(page.head)), treeRoot(leaves), unhex(page.patches_root));
        if (!same(root, roots[k])) bad(`these words${firstWrong(leaves, page.marks)} do not match what was locked in`);
      }, here);
      if (k % 20 === 19) await pause();
    }
    return;
  }
  const fileLeaf = guard(() => {
    if (doc.mode !== "pages" && doc.mode !== "redacted") bad("its mode is unknown");
    doc.holdings.forEach((h) => (need(h, "page ground decided_by review"), checkDecision(h)));
    const shown = doc.pages.map((p) => p.page), held = doc.holdings.map((h) => h.page), up = (list) => [...list].sort((a, b) => a - b);
    if (canonical([up(shown), up(held), up([...shown, ...held])]) !== canonical([shown, held, Array.from({ length: pages }, (_, k) => k + 1)])) bad("not every page is shown or held back, in order");
    return unhex(doc.file_hash);
  });
  if (doc.mode === "redacted") return checkRedacted(doc, item, fileLeaf, folder, place, used, tally);
  for (const page of doc.pages) {
    const png = page.picture === null ? null : await take(`pictures/${page.picture}.png`, page.picture);
    await checkPage(page, doc.header, fileLeaf, item, png, place);
    await pause();
  }
}
