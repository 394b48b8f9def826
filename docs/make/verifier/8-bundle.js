// ---- a whole bundle ----
async function readRecord(folder, name, explained, used, about) {
  const sum = /^sha256:([0-9a-f]{64})$/.exec(name)?.[1] ?? refuse(`records/${name}`, "this is not a digest"), path = `records/${sum}.json`;
  if (!folder.has(path)) return explained ? [null, path] : refuse(path, `the log names ${about}; its record is not here`);
  if (await folder.hash(path) !== sum) refuse(path, "this record is not the one that was logged");
  used.add(path);
  try { return [readJson(await folder.read(path)), path]; } catch (error) { return refuse(path, error.message); }
}
async function checkRecords(folder, story, used) {
  for (const [study, record] of story.studies) if (story.versions.get(study)?.[0].digest !== record) refuse(`study ${study}`, "its record is not the first version that was logged");
  for (const versions of story.versions.values()) {
    let old = null;
    for (const entry of versions) {
      const [r, path] = await readRecord(folder, entry.digest, story.removed.has(entry.digest), used, entry.id);
      if (r) try {
        need(r, "id kind version schema publisher provider services language date supersedes about body withheld opened attachments");
        const made = { type: DISCLOSED, id: r.id, kind: r.kind, version: r.version, date: r.date, digest: entry.digest, supersedes: r.supersedes, about: r.about,
          withheld: r.withheld.map(({ ground, expires, commitment }) => ({ ground, expires, commitment })), opened: r.opened.map((o) => o.commitment) };
        if (canonical(made) !== canonical(entry)) bad("the record is not what the log says of it");
        if (old && (old.kind !== r.kind || old.publisher.id !== r.publisher.id || old.provider.id !== r.provider.id || r.date < old.date || r.schema < old.schema)) bad("it does not follow from the version before");
        if (old && r.opened.length) {
          const bare = { body: structuredClone(r.body) }, held = new Map(old.withheld.map((h) => [h.pointer, h]));
          for (const o of r.opened) {
            if (held.get(o.pointer)?.commitment !== o.commitment) bad(`${o.pointer} was not held back before`);
            held.delete(o.pointer);
            const steps = o.pointer.split("/").slice(1).map((s) => s.replace(/~1/g, "/").replace(/~0/g, "~")), last = steps.pop();
            const holder = steps.reduce((value, step) => value[step], bare);
            if (hex(sha256(utf8("lightwell.field.v1\n"), unhex(o.salt), json([o.pointer, holder[last]]))) !== o.commitment) bad(`what stands at ${o.pointer} is not what was held back there`);
            holder[last] = null;
          }
          if (canonical([bare.body, [...held.values()]]) !== canonical([old.body, r.withheld])) bad("it shows what was held back and changes more");
        }
        for (const a of r.attachments) {
          const file = `files/${a.digest.slice(7)}`;
          if (folder.file(file).size !== a.bytes || await folder.hash(file) !== a.digest.slice(7)) refuse(file, "this is not the attachment that its record names");
          used.add(file);
        }
      } catch (error) { if (error instanceof Refusal) throw error; refuse(path, error.message); }
      if (r && r.version === 1) story.owners.set(r.id, r.publisher.role === "provider" && r.publisher.id === r.provider.id ? r.provider.id : "");
      old = r;
    }
  }
}
async function checkBundle(folder, own, tell) {
  const files = await checkList(folder, tell);
  tell("Reading the log");
  await pause();
  const log = await readLog(folder, own), story = readStory(log), rows = listRows(story, log.day);
  const used = new Set([...log.paths, LIST, "policy", "gaps.csv", "README.txt", "ro-crate-metadata.json", "log/checkpoint", "verify.html"]);
  await checkRecords(folder, story, used);
  if (decode(await folder.read("gaps.csv")) !== writeTable(rows)) refuse("gaps.csv", "this table is not the one that the log leads to");
  const studies = new Map();
  for (const row of rows) studies.set(row.item.study, [...(studies.get(row.item.study) || []), row]);
  for (const [study, of] of studies) {
    const path = `certificates/${study}.json`;
    if (decode(await folder.read(path)) !== canonical(makeCertificate(study, of, log))) refuse(path, "this certificate is not the one that the log leads to");
    used.add(path);
  }
  const modes = new Map(), tally = new Tally(), newest = new Map(), gone = (id, place) => story.items.get(id).backs.at(-1) > place || story.items.get(id).stopped.size > 0;
  let done = 0;
  for (const entry of story.openings) {
    tell(`Checking document ${entry.item} of ${entry.study}`, ++done / story.openings.length);
    const [doc, path] = await readRecord(folder, entry.opening, gone(entry.id, entry.place), used, entry.id);
    if (!doc) continue;
    modes.set(entry.opening, doc.mode);
    const one = new Tally();
    one.tell = (page) => tell(`Checking document ${entry.item} of ${entry.study}, page ${page}`);
    await checkOpening(doc, entry, story.items.get(entry.id), folder, path, used, one);
    tally.count("replaced", newest.has(entry.id) && 1); // every opening is checked, the newest of a document counts
    newest.set(entry.id, one);
    await pause();
  }
  for (const one of newest.values()) for (const [name, n] of one) tally.count(name, n);
  for (const p of story.publications) {
    const numbers = Array.from({ length: p.sealed }, (_, k) => k + 1);
    const [r, path] = await readRecord(folder, p.record, numbers.some((n) => gone(`${p.study}#${n}`, p.place)), used, p.study);
    if (r) try {
      need(r, `type study number summary items${r.sample === undefined ? "" : " sample"}`);
      if (r.type !== "lightwell.publication.v1" || r.study !== p.study || r.number !== p.publication || canonical(r.items.map((i) => i.item)) !== canonical(numbers)) bad("it does not say what the log says");
      if (r.summary.split(/\s+/).filter(Boolean).length > 80) bad("the summary has more than 80 words");
      for (const row of r.items) {
        need(row, "item title kind date file_name media_type pages outcome opening");
        const item = story.items.get(`${p.study}#${row.item}`), last = story.openings.findLast((o) => o.id === `${p.study}#${row.item}` && o.place < p.place);
        const backs = item.backs.filter((k) => k < p.place), newest = last && !(backs.at(-1) > last.place) ? last.opening : null;
        const open = /^(whole|pages|redacted)$/.test(row.outcome);
        if (row.kind !== item.kind || row.pages !== item.pages || !(open || row.outcome === "withheld" && backs.length || row.outcome === "pending")) bad(`item ${row.item} is not described as the log has it`);
        if (row.opening !== newest || open !== (newest !== null) || open && (modes.get(row.opening) || row.outcome) !== row.outcome) bad(`item ${row.item} does not name its newest opening`);
      }
      if (r.sample !== undefined) checkSample(r, p.place);
    } catch (error) { refuse(path, error.message); }
  }
  for (const path of folder.files.keys()) if (!used.has(path)) refuse(path, "nothing in the log speaks of this file");
  for (const path of ["README.txt", "ro-crate-metadata.json"]) folder.file(path);
  return { files, log, rows, own, tally, questions: judgeQuestions(story, log.day, story.owners) };
}
function checkSample(r, place) {
  need(r.sample, "checkpoints items");
  const rising = (list) => list.length > 0 && list.every((n, k) => isCount(n, k ? list[k - 1] + 1 : 1));
  const { checkpoints, items } = r.sample;
  let read = 0;
  for (const each of items) {
    need(each, "item drawn read missed");
    const row = r.items.find((row) => row.item === each.item && row.opening !== null);
    if (!(isCount(each.missed, 0) && isCount(each.read, each.missed) && isCount(each.drawn, Math.max(each.read, 1)) && row && each.drawn <= row.pages)) bad(`the sample counts pages of item ${each.item} that cannot be`);
    read += each.read;
  }
  if (!rising(checkpoints) || !rising(items.map((each) => each.item)) || checkpoints.at(-1) > place || !read) bad("the sample was not drawn by an earlier signed state, or nobody read it");
}
async function checkProof(text, policy) {
  if (!policy) throw new CannotCheck("the proof of a page brings no list of record-keepers; choose your own above first");
  let p, leaf, png;
  try {
    p = JSON.parse(decode(text));
    need(p, "type entry index path checkpoint header file_hash page png");
    need(p.header, "pages renderer salt");
    need(p.entry, `type v at ${MEMBERS.item}`);
    if (p.type !== "lightwell.page-proof.v1" || p.entry.type !== "item" || p.header.pages !== p.entry.pages || (p.png === null) !== (p.page.picture === null)) bad("this is not the proof of a page");
    leaf = leafHash(json(p.entry));
    png = p.png === null ? null : unbase64(p.png);
  } catch (error) { refuse("proof", error.message); }
  const head = await judgeNewest(utf8(p.checkpoint), policy);
  let root;
  try { root = climb(leaf, p.index, head.size, p.path.map(unhex)); } catch (error) { refuse("path", error.message); }
  if (!same(root, head.root)) refuse("path", "the document is not in the log of the signed record");
  await checkPage(p.page, p.header, unhex(p.file_hash), p.entry, png, "proof");
  return { proof: p, log: { head, unchecked: head.unchecked, policy }, own: true };
}
