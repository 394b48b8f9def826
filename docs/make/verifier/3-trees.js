// ---- trees and tiles ----
const leafHash = (data) => sha256(Uint8Array.of(0), data);
const pairHash = (a, b) => sha256(Uint8Array.of(1), a, b);
const EMPTY = sha256(new Uint8Array());
function split(count) { let p = 1; while (p * 2 < count) p *= 2; return p; }
class Edge { // complete subtrees, joined as they arise
  constructor() { this.stack = []; }
  add(leaf) {
    let height = 0, value = leaf;
    for (let last; (last = this.stack.at(-1)) && last[0] === height; height++) value = pairHash(this.stack.pop()[1], value);
    this.stack.push([height, value]);
  }
  root() { return this.stack.length ? this.stack.map(([, v]) => v).reduceRight((right, left) => pairHash(left, right)) : EMPTY; }
}
function treeRoot(hashes) { const edge = new Edge(); hashes.forEach((h) => edge.add(h)); return edge.root(); }
function tileName(level, index, width) {
  let name = String(index % 1000).padStart(3, "0");
  for (let n = Math.floor(index / 1000); n; n = Math.floor(n / 1000)) name = `x${String(n % 1000).padStart(3, "0")}/${name}`;
  return `log/tile/${level}/${name}${width < 256 ? `.p/${width}` : ""}`;
}
function cutBundle(data, width, place) {
  const entries = [];
  for (let at = 0; at < data.length;) {
    const start = at + 2;
    at = start + (data[at] << 8 | data[at + 1]);
    if (start > data.length || at > data.length) refuse(place, "the last entry is cut short");
    entries.push(data.slice(start, at));
  }
  if (entries.length !== width) refuse(place, `there are ${entries.length} entries where ${width} belong`);
  return entries;
}
async function readEntries(folder, head) { // every tile and bundle against the root
  const entries = [], stored = [], paths = [];
  const files = [];
  for (let level = "entries", count = head.size; count; level === "entries" ? level = 0 : (level++, count = Math.floor(count / 256))) {
    for (let index = 0; index * 256 < count; index++) files.push([level, index, Math.min(256, count - index * 256)]);
  }
  for (const [level, index, width] of files) {
    const path = tileName(level, index, width), data = await folder.read(path);
    paths.push(path);
    if (level === "entries") entries.push(...cutBundle(data, width, path));
    else if (data.length !== 32 * width) refuse(path, `a tile of ${width} hashes has ${32 * width} bytes`);
    else for (let k = 0; k < width; k++) (stored[level] ||= []).push(data.slice(32 * k, 32 * k + 32));
  }
  const leaves = entries.map(leafHash);
  const rowsOf = (row) => {
    const rows = [row];
    for (; row.length >= 256; rows.push(row)) {
      const above = [];
      for (let k = 0; k + 256 <= row.length; k += 256) above.push(treeRoot(row.slice(k, k + 256)));
      row = above;
    }
    return rows;
  };
  const compare = (rows, sentence) => rows.forEach((row, level) => row.forEach((h, k) => {
    if (!same(h, stored[level][k])) refuse(tileName(level, Math.floor(k / 256), Math.min(256, row.length - k + k % 256)), sentence);
  }));
  if (same(treeRoot(leaves), head.root)) compare(rowsOf(leaves), "this tile does not follow from the entries");
  else {
    const below = stored[0] || [];
    if (same(treeRoot(below), head.root)) leaves.forEach((h, k) => {
      if (!same(h, below[k])) refuse(tileName("entries", Math.floor(k / 256), Math.min(256, head.size - k + k % 256)), "an entry is not the one that was logged");
    });
    compare(rowsOf(below), "this tile does not follow from those below it");
    refuse("log/checkpoint", "neither tiles nor entries lead to its root");
  }
  return { entries, leaves, paths };
}
