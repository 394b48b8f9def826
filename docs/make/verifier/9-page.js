// ---- the page: texts only ever go in as text ----
const byId = (id) => document.getElementById(id);
const WORDS = { sealed: "locked in, not due yet", "due-soon": "locked in, due soon", overdue: "late", opened: "published", "opened-late": "published late",
  "partly-opened": "published in part", withheld: "held back, with a legal reason", "held-not-read": "published as a file that is not read here",
  "already-public": "already public elsewhere", suspended: "out of view for now", "erased-by-law": "erased by law", "key-lost": "its key is lost" };
function add(parent, tag, text = "", attributes = {}) {
  const made = document.createElement(tag);
  made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  parent.append(made);
  return made;
}
function tell(text, share) {
  byId("doing").textContent = text;
  byId("bar").hidden = !text;
  if (share !== undefined) byId("bar").value = share;
}
function show(kind, title, sentence) {
  tell("");
  const box = byId("verdict");
  box.className = kind;
  box.hidden = false;
  box.firstElementChild.textContent = title;
  box.lastElementChild.textContent = sentence;
  box.focus();
}
function explain(result) {
  const { log } = result, steps = byId("steps"), summary = byId("summary");
  byId("more").hidden = false;
  const names = [...log.head.times].map(([name, time]) => `${name} (${new Date(time * 1000).toISOString()})`).join(", ") || "none asked for";
  const list = [`Log ${log.head.origin}: ${log.head.size} entries, root ${hex(log.head.root)}; tree of RFC 6962.`,
    `Policy: ${result.own ? "your own file" : "the publisher's own; better choose yours above"}. Cosignatures checked: ${names}.`];
  if (log.unchecked) list.push(`${log.unchecked} signatures are of a kind that this browser cannot check (ML-DSA-44, or Ed25519 in an older browser). They were not counted; the quorum is met without them. lightwell verify checks them.`);
  if (result.rows) list.push(`${result.files} files hashed with SHA-256 against SHA256SUMS; gap table, certificates, inventory roots, records, openings and commitments recomputed as of ${log.day}.`,
    "Pictures of pages open whole were not drawn here; their patches are bound by the seal.");
  for (const text of list) add(steps, "li", text);
  if (log.head.origin.startsWith("sample.")) add(summary, "p", "This is a labelled sample with an invented clock. Record-keepers on one computer show the mechanism, not independence.");
  add(summary, "p", "Not shown by any such check: that the content is true, that nothing exists that was never locked in, or when the work began.");
  if (!result.rows) {
    add(summary, "h2", `Page ${result.proof.page.page}`);
    for (const line of result.proof.page.lines) add(summary, "p", line ? line.map((w) => w[0]).join(" ") : "[hidden part]");
    return;
  }
  const counts = new Map();
  for (const { state } of result.rows) counts.set(WORDS[state], (counts.get(WORDS[state]) || 0) + 1);
  add(summary, "p", `${result.rows.length} documents locked in = ${[...counts].map(([word, n]) => `${n} ${word}`).join(" + ")}.`);
  const of = (name) => result.tally.get(name) || 0;
  if (of("items")) {
    const grounds = [...result.tally.keys()].filter((name) => name.startsWith("ground ")).sort().map((name) => `${of(name)} ${name.slice(7)}`).join(", ") || "none";
    const share = Math.floor(100 * (of("checked lines") + of("checked patches")) / Math.max(of("lines") + of("patches"), 1));
    add(summary, "p", `Published with hidden parts: ${of("items")} documents, ${of("pages")} pages, ${of("redacted")} of them with hidden parts, by legal reason: ${grounds}. Of these pages ${of("checked lines")} of ${of("lines")} lines and ${of("checked patches")} of ${of("patches")} pieces of the pictures match what was locked in (${share} %); what is shaded was not checked.`);
  }
  if (of("replaced")) add(summary, "p", `Earlier publications of the same documents, checked and not counted: ${of("replaced")}.`);
  if (result.questions.length) {
    add(summary, "p", "Questions to companies, whether a paper that somebody holds is on their list:");
    const asked = add(summary, "ul");
    for (const { id, company, state, late, denied, place } of result.questions) add(asked, "li", `${id} to ${company}: ${state}${late ? `, ${late} days late` : ""}${denied ? `, denied on ${denied}` : ""}${place ? `, document ${place.item} of ${place.study}` : ""}`);
  }
  const wide = add(summary, "div", "", { class: "wide", tabindex: "0", role: "region", "aria-label": "Every document" });
  const table = add(wide, "table"), head = add(add(table, "thead"), "tr"), body = add(table, "tbody");
  for (const name of "Study|Document|What became of it|Promised for|Pages|Pages published|Of these with hidden parts|Days since the promised date".split("|")) add(head, "th", name, { scope: "col" });
  for (const { item, state, stopped, late } of result.rows) {
    const said = WORDS[state] + (state === "overdue" && WORDS[stopped] ? `, ${WORDS[stopped]}` : "");
    const row = add(body, "tr");
    for (const cell of [item.study, item.item, said, item.due, item.pages ?? "unknown", item.open ? item.shown ?? "unknown" : 0, item.redacted, late]) add(row, "td", cell);
  }
}
let again = null, turn = 0;
async function run(job) {
  const mine = ++turn;
  again = job;
  byId("verdict").hidden = byId("more").hidden = true;
  byId("steps").textContent = byId("summary").textContent = "";
  noEd25519 = false;
  tell("Reading", 0);
  const say = (text, share) => { if (mine === turn) tell(text, share); else throw new CannotCheck("another check was begun"); };
  try {
    const chosen = byId("policy").files[0];
    let own = null;
    try { own = chosen ? readPolicy(new Uint8Array(await chosen.arrayBuffer())) : null; } catch (error) {
      throw new CannotCheck(`your own list cannot be used: ${error.message}`);
    }
    const result = await job(own, say);
    if (mine !== turn) return;
    show("verified", "Verified", result.rows
      ? `What is in this folder matches what was locked in before publication (${result.log.head.origin}, as of ${result.log.day}).`
      : `Page ${result.proof.page.page} of document ${result.proof.entry.item} of ${result.proof.entry.study} matches what was locked in before publication.`);
    explain(result);
  } catch (error) {
    if (mine !== turn) return;
    if (error instanceof Refusal) show("refused", "Refused", error.message);
    else show("unsure", "Could not check", error instanceof CannotCheck ? error.message : `Unforeseen: ${error.message}`);
  }
}
function checkFolder(files) {
  if (!files.size) return show("unsure", "Could not check", "There are no files in it.");
  return run((own, say) => checkBundle(new Folder(files), own, say));
}
const checkFile = (file) => run(async (own) => checkProof(new Uint8Array(await file.arrayBuffer()), own));
const onChange = (name, act) => byId(name).addEventListener("change", act);
onChange("folder", (event) => {
  checkFolder(new Map(Array.from(event.target.files, (f) => [f.webkitRelativePath.split("/").slice(1).join("/"), f])));
});
onChange("page", (event) => { if (event.target.files[0]) checkFile(event.target.files[0]); });
onChange("policy", () => { if (again) run(again); });
const drop = byId("drop");
for (const name of ["dragover", "dragleave", "drop"]) document.addEventListener(name, (event) => {
  event.preventDefault();
  drop.classList.toggle("over", name === "dragover");
});
document.addEventListener("drop", async (event) => {
  const entries = Array.from(event.dataTransfer.items, (i) => i.webkitGetAsEntry()).filter(Boolean), files = new Map();
  const file = (entry) => new Promise((good, wrong) => { entry.file(good, wrong); });
  async function walk(entry, prefix) {
    if (entry.isFile) return void files.set(prefix + entry.name, await file(entry));
    const reader = entry.createReader();
    for (let some; (some = await new Promise((good, wrong) => { reader.readEntries(good, wrong); })).length;) {
      for (const each of some) await walk(each, entry === entries[0] ? "" : `${prefix}${entry.name}/`);
    }
  }
  if (entries.length !== 1) return show("unsure", "Could not check", "Drop one folder or one proof.");
  if (entries[0].isFile) return checkFile(await file(entries[0]));
  await walk(entries[0], "");
  return checkFolder(files);
});
byId("drop").disabled = false;
tell("");
