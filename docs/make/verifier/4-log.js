// ---- the folder and its list ----
class Folder {
  constructor(files) { this.files = files; this.hashes = new Map(); }
  has(path) { return this.files.has(path); }
  file(path) { return this.files.get(path) || refuse(path, "this file is missing"); }
  async read(path) { return new Uint8Array(await this.file(path).arrayBuffer()); }
  async hash(path) {
    if (!this.hashes.has(path)) this.hashes.set(path, await digest(await this.read(path)));
    return this.hashes.get(path);
  }
}
const LIST = "SHA256SUMS";
async function checkList(folder, tell) {
  const data = await folder.read(LIST);
  let text = "";
  try { text = decode(data); } catch { refuse(LIST, "the list is not UTF-8"); }
  const lines = text.split("\n"), last = lines.at(-2) || "";
  if (lines.pop() !== "") refuse(LIST, "the list ends with a newline");
  lines.pop();
  if (last !== `${await digest(data.slice(0, data.length - utf8(last).length - 1))}  ${LIST}`) refuse(LIST, "the list has been changed");
  const listed = new Map();
  lines.forEach((line, k) => {
    const m = /^([0-9a-f]{64})  ([^/\\\0]+(?:\/[^/\\\0]+)*)$/.exec(line);
    if (!m || /(^|\/)\.\.?(\/|$)/.test(m[2]) || listed.has(m[2])) refuse(LIST, `line ${k + 1} does not name one file of the bundle`);
    listed.set(m[2], m[1]);
  });
  for (const path of listed.keys()) if (!folder.has(path)) refuse(path, "this file is in the list, but not in the bundle");
  for (const path of folder.files.keys()) if (path !== LIST && !listed.has(path)) refuse(path, "this file is in the bundle, but not in the list");
  let done = 0;
  for (const [path, sum] of listed) {
    tell(`Reading ${path}`, ++done / listed.size);
    if (await folder.hash(path) !== sum) refuse(path, "this file has been changed");
    if (done % 50 === 0) await pause();
  }
  return listed.size;
}
const pause = () => new Promise((go) => { setTimeout(go); });

// ---- the log ----
const TOLERANCE = 86400;
const dayOf = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 10);
const toSeconds = (at) => {
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(at) ? Date.parse(at) : NaN;
  return new Date(ms).toISOString().replace(".000", "") === at ? ms / 1000 : bad(`${at} is not a time`);
};
const isDay = (text) => typeof text === "string" && /^\d{4}-\d\d-\d\d$/.test(text) && toSeconds(`${text}T00:00:00Z`) >= -1e12;
async function readLog(folder, own) {
  const published = readPolicy(await folder.read("policy")), policy = own || published;
  const data = await folder.read("log/checkpoint"), head = await judgeNewest(data, policy);
  if (!same(data, await folder.read(`log/checkpoints/${head.size}`))) refuse("log/checkpoint", "it is not the largest of log/checkpoints");
  const { entries, leaves, paths } = await readEntries(folder, head);
  entries.forEach((e, k) => { if (e.length > 8192) refuse(`log entry ${k}`, "an entry has at most 8,192 bytes"); });
  const sizes = new Map(), roots = new Map(), edge = new Edge();
  for (const path of folder.files.keys()) {
    const m = /^log\/checkpoints\/(.*)$/.exec(path);
    if (m) { try { sizes.set(decimal(m[1]), path); } catch { refuse(path, "a checkpoint's name is its size"); } paths.push(path); }
  }
  roots.set(0, EMPTY);
  leaves.forEach((leaf, k) => { edge.add(leaf); if (sizes.has(k + 1)) roots.set(k + 1, edge.root()); });
  // The quorum's time for each entry, by the signatures checked here, and as if the unchecked ones were good.
  const good = [], all = [];
  let unchecked = head.unchecked;
  for (const [size, path] of [...sizes].sort((a, b) => a[0] - b[0])) {
    const found = size === head.size ? head : await judgeNote(await folder.read(path), policy, path);
    if (found.size !== size || found.origin !== head.origin) refuse(path, "not the checkpoint its name says");
    if (size > head.size || !same(roots.get(size), found.root)) refuse(path, "a fork: another history than the newest");
    if (size < head.size) unchecked += found.unchecked;
    while (found.met && good.length < size) good.push(found.quorum);
    while ((found.met || found.maybe) && all.length < size) all.push(found.earliest);
  }
  const base = own ? await judgeNewest(data, published) : head, free = published.quorum === "none";
  if (own && !free && policy.quorum !== "none" && Math.abs(base.quorum - head.quorum) > TOLERANCE) refuse("log/checkpoint", "by your policy it is of another day");
  if (!free && dayOf(base.quorum) !== dayOf(base.earliest)) throw new CannotCheck("the day of the bundle hangs on a signature that this browser cannot check");
  const values = entries.map((entry, k) => {
    try {
      const value = readJson(entry, true);
      return typeof value.type === "string" ? value : bad("an entry has a type");
    } catch (error) { return refuse(`log entry ${k}`, error.message); }
  });
  const day = free ? values.reduce((max, v) => v.at && v.at > max ? v.at : max, "").slice(0, 10) : dayOf(base.quorum);
  return { policy, head, entries, leaves, values, good, all, day, paths, unchecked };
}
async function judgeNewest(data, policy) {
  const head = await judgeNote(data, policy, "log/checkpoint");
  if (head.met) return head;
  const names = [...head.times.keys()].join(", ") || "none";
  if (head.maybe || noEd25519) throw new CannotCheck(`this browser cannot check the kind of signature that the signed record needs (checked: ${names}). Use the program: lightwell verify`);
  return refuse("log/checkpoint", `too few record-keepers confirm it for the quorum ${policy.quorum}: ${names}`);
}
