// ---- what the log says ----
const MEMBERS = {
  rules: "version due_soon_days grace_days tolerance_seconds", study: "study in_advance record after beacon",
  item: "study item kind pages read due commitment", inventory: "study inventory items root",
  opening: "study item pages opening", withholding: "study item ground decided_by review",
  extension: "study item due ground", "already-public": "study item record",
  suspension: "study item page ground decided_by", restoration: "study item page decided_by",
  erasure: "study item ground decided_by", "key-lost": "study item", dispute: "study item",
  publication: "study publication record", count: "date studies items", ...ASKED,
  audit: "study sampled agreed missing originals size decided_by",
};
const DISCLOSED = "lightwell.disclosure.v1", TOMBSTONE = "lightwell.tombstone.v1";
const isCount = (n, least = 0) => Number.isSafeInteger(n) && n >= least;
function need(value, names) {
  const found = value && typeof value === "object" ? Object.keys(value).sort().join(" ") : "";
  if (found !== names.split(" ").sort().join(" ")) bad(`its members are not exactly ${names}`);
}
const isBeacon = (b) => (need(b, "source round value"), isCount(b.round, 1) && /^\["(drand-default|drand-quicknet|nist-2|sample)","[0-9a-f]{64,128}"\]$/.test(canonical([b.source, b.value])));
function readStory(log) {
  const story = { studies: new Map(), items: new Map(), openings: [], publications: [], versions: new Map(), removed: new Set(), asked: new Map(), owners: new Map() };
  const inventories = new Map(), published = new Map();
  let run = [];
  log.values.forEach((v, k) => {
    try {
      const type = v.type, id = `${v.study}#${v.item}`, item = story.items.get(id);
      if (type !== "item" && type !== "inventory" && run.length) bad("an item is in no inventory");
      if (type === DISCLOSED) {
        need(v, "type id kind version date digest supersedes about withheld opened");
        const known = story.versions.get(v.id) || [];
        if (v.version !== known.length + 1 || v.supersedes !== (known.at(-1)?.digest ?? null)) bad(`the versions of ${v.id} do not follow on one another`);
        return void story.versions.set(v.id, [...known, v]);
      }
      if (type === TOMBSTONE) {
        need(v, "type about kind version ground date decided_by");
        need(v.about, "id digest");
        if (!(v.decided_by.length > 1)) bad("two people decide a removal");
        if (!(story.versions.get(v.about.id) || []).some((d) => d.digest === v.about.digest && d.version === v.version && d.kind === v.kind)) bad("it removes nothing that was logged");
        return void story.removed.add(v.about.digest);
      }
      if (!Object.hasOwn(MEMBERS, type)) bad(`the type ${type} is unknown`);
      const counted = type === "opening" && Object.hasOwn(v, "redacted");
      need(v, `type v at ${MEMBERS[type]}${counted ? " redacted" : ""}`);
      if (counted && !(isCount(v.redacted, 1) && isCount(v.pages, v.redacted))) bad("its redacted is no whole number from 1 up to its pages");
      if (v.v !== 1) bad("entries have version 1");
      for (const [name, x] of Object.entries(v)) {
        if (/^(study|kind|ground)$/.test(name) && typeof x !== "string" || /^pages?$/.test(name) && x !== null && !isCount(x) || /^(due|review|date)$/.test(name) && !isDay(x)) bad(`its ${name} is malformed`);
      }
      const at = toSeconds(v.at), date = [log.good[k], log.all[k]].map((q) => q === null || at <= q && q <= at + TOLERANCE ? v.at.slice(0, 10) : dayOf(q));
      if (date[0] !== date[1]) throw new CannotCheck(`the day of log entry ${k} hangs on a signature that this browser cannot check`);
      if (type === "audit" && !([v.sampled, v.agreed, v.missing].every((n) => isCount(n)) && v.agreed + v.missing <= v.sampled && isCount(v.size, 1) && v.size <= k && /^(own-copies|archive)$/.test(v.originals))) bad("this audit is malformed");
      if (type === "rules" && canonical([v.version, v.due_soon_days, v.grace_days, v.tolerance_seconds]) !== "[1,30,30,86400]") bad("only rules 1 are known");
      if (type === "study") {
        if (story.studies.has(v.study) || !/^\[(true|false),(null|"sha256:[0-9a-f]{64}")\]$/.test(canonical([v.in_advance, v.after])) || (v.beacon !== null && !isBeacon(v.beacon))) bad("this study is registered twice or malformed");
        story.studies.set(v.study, v.record);
      } else if (v.study !== undefined && !story.studies.has(v.study)) bad("its study was not registered before");
      const count = [...story.items.values()].filter((i) => i.study === v.study).length;
      if (type === "count" && (v.studies !== story.studies.size || v.items !== story.items.size)) bad("the count is not that of the entries before it");
      if (Object.hasOwn(ASKED, type)) takeQuestion(story, v, k, date[0]);
      if (type === "item") {
        if (v.item !== count + 1 || !isHex(v.commitment) || !(v.pages === null || isCount(v.pages, 1)) || typeof v.read !== "boolean") bad("this item is malformed or out of order");
        story.items.set(id, { ...v, place: k, day: date[0], accounted: null, open: false, shown: null, redacted: 0, extensions: 0, marks: new Set(), stopped: new Set(), backs: [] });
        run.push(k);
      } else if (type === "inventory") {
        inventories.set(v.study, (inventories.get(v.study) || 0) + 1);
        if (v.inventory !== inventories.get(v.study) || v.items !== run.length || run.some((n) => log.values[n].study !== v.study)) bad("it does not count the items before it");
        if (v.root !== hex(treeRoot(run.map((n) => log.leaves[n])))) bad("its root is not that of the items before it");
        run = [];
      } else if (type === "publication") {
        published.set(v.study, (published.get(v.study) || 0) + 1);
        if (v.publication !== published.get(v.study)) bad("publications count from 1");
        story.publications.push({ ...v, place: k, sealed: count });
      } else if (Object.hasOwn(v, "item")) {
        if (!item) bad("its item was not sealed before");
        if (type === "opening") story.openings.push({ ...v, place: k, id });
        if (type === "withholding" || type === "erasure") item.backs.push(k);
        const stops = v.page ?? "all";
        if (type === "suspension") item.stopped.add(stops);
        if (type === "restoration" && !(item.stopped.delete(stops) && Array.isArray(v.decided_by) && v.decided_by.length === 2)) bad("two restore what is suspended");
        if (date[0] <= log.day) applyEvent(item, v, date[0]);
      }
    } catch (error) {
      if (error instanceof CannotCheck) throw error;
      refuse(`log entry ${k}`, error.message);
    }
  });
  if (run.length) refuse(`log entry ${log.values.length}`, "an item is in no inventory");
  return story;
}
function applyEvent(item, v, date) { // docs/reference/states.md
  if (v.type === "erasure" ? date <= item.due : /^(opening|withholding|already-public)$/.test(v.type)) item.accounted ??= date;
  if (v.type === "opening") { item.open = true; item.shown = v.pages; item.redacted = v.redacted || 0; item.review = ""; item.marks.delete("withholding"); }
  else if (v.type === "withholding") { item.open = false; item.shown = null; item.redacted = 0; item.review = v.review; item.marks.add(v.type); }
  else if (v.type === "extension") { if (date <= item.due) item.due = v.due; item.extensions++; }
  else if (v.type === "suspension") item.marks.add(`page ${v.page}`);
  else if (v.type === "restoration") item.marks.delete(`page ${v.page}`);
  else item.marks.add(v.type);
}
const days = (from, to) => (Date.parse(to) - Date.parse(from)) / 864e5;
function judgeItem(item, day) {
  const late = Math.max(0, days(item.due, item.accounted || day)), has = (mark) => item.marks.has(mark), left = days(day, item.due);
  const stopped = has("erasure") ? "erased-by-law" : has("key-lost") ? "key-lost"
    : [...item.marks].some((m) => m.startsWith("page ")) ? "suspended" : "no";
  const state = late && !item.accounted ? "overdue" : stopped !== "no" ? stopped
    : item.open && !item.read ? "held-not-read"
    : item.open && item.pages !== null && (item.shown || 0) - item.redacted < item.pages ? "partly-opened"
    : item.open ? (late ? "opened-late" : "opened")
    : has("already-public") ? "already-public" : has("withholding") ? "withheld"
    : left >= 0 && left <= 30 ? "due-soon" : "sealed";
  return { state, stopped, late };
}
const byName = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
function listRows(story, day) { // items sealed by the day, in order, with their states
  return [...story.items.values()].filter((i) => i.day <= day).sort((a, b) => byName(a.study, b.study) || a.item - b.item)
    .map((item) => ({ item, ...judgeItem(item, day) }));
}
function writeTable(rows) {
  const head = "study,item,state,stopped,disputed,due,extensions,pages,pages_open,pages_redacted,strict_days_late,generous_days_late,review\n";
  return head + rows.map(({ item, state, stopped, late }) => [item.study, item.item, state, stopped, item.marks.has("dispute") ? "yes" : "no", item.due,
    item.extensions, item.pages ?? "unknown", item.open ? item.shown ?? "unknown" : 0, item.redacted, late, Math.max(0, late - 30), item.review || ""].join(",") + "\n").join("");
}
const GROUPS = { opened: "open", "opened-late": "open", "partly-opened": "partly_open", withheld: "held_back", "already-public": "already_public",
  "held-not-read": "held_not_read", suspended: "suspended", "erased-by-law": "erased", "key-lost": "key_lost", sealed: "not_yet_due", "due-soon": "not_yet_due", overdue: "overdue" };
function makeCertificate(study, rows, log) {
  const zero = Object.fromEntries(Object.values(GROUPS).map((g) => [g, 0])), items = { sealed: 0, ...zero }, pages = { sealed: 0, redacted: 0, ...zero };
  let unknown = 0;
  delete pages.partly_open;
  for (const { item, state } of rows) {
    items.sealed++;
    items[GROUPS[state]]++;
    if (item.pages === null) { unknown++; continue; }
    pages.sealed += item.pages;
    const part = state === "partly-opened", shown = part ? item.shown || 0 : item.pages;
    pages[part ? "open" : GROUPS[state]] += part ? shown - item.redacted : shown;
    if (part) pages.redacted += item.redacted;
    pages.held_back += item.pages - shown;
  }
  const full = rows.length > 0 && rows.every(({ state }) => GROUPS[state] === "open");
  return { type: "lightwell.certificate.v1", study, as_of: log.day, origin: log.head.origin, size: log.head.size, root: hex(log.head.root),
    items, pages, items_of_unknown_length: unknown, percent_open: pages.sealed ? Math.floor(100 * pages.open / pages.sealed) : 0, in_full: full };
}
