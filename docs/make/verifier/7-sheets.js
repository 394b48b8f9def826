// ---- the published PDF (docs/reference/published-pdf.md): read once, a page in memory, compared with what is written again ----
const FIXED = "7f2a01db4c08c08fe05c4f7ce086747a4885e5ec38e1d9ab6656f2712df08796"; // objects 4 to 7, 1156 bytes
const latin = (bytes) => new TextDecoder("latin1").decode(bytes);
const utf16 = (digits) => new TextDecoder("utf-16be", { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(digits.match(/../g) || [], (b) => parseInt(b, 16)));
const spell = (text) => Array.from({ length: text.length }, (_, k) => text.charCodeAt(k).toString(16).padStart(4, "0")).join("").toUpperCase();
// printf rounds what lies exactly between to the even digit, toFixed upwards; only odd eighths lie so
const twoDecimals = (x) => (x * 8 % 4 === 1 ? x - 0.001 : x).toFixed(2);
class PdfReader {
  constructor(file) { Object.assign(this, { file, from: 0, at: 0, data: new Uint8Array(), offsets: [] }); }
  async peek(count) {
    if (this.at + count > this.data.length) {
      this.from += this.at;
      this.data = new Uint8Array(await this.file.slice(this.from, this.from + Math.max(count, 1 << 18)).arrayBuffer());
      this.at = 0;
    }
    return this.data.subarray(this.at, this.at + count);
  }
  async take(count) {
    const found = await this.peek(count);
    this.at += count;
    return found;
  }
  async expect(text) {
    const wanted = utf8(text);
    if (!same(await this.take(wanted.length), wanted)) bad("this is not what follows from the words and pictures of the PDF");
  }
  async begin() {
    this.offsets.push(this.from + this.at);
    await this.expect(`${this.offsets.length} 0 obj\n`);
  }
  async match(pattern) { // the next line, without its end
    for (let count = 4096; ; count *= 8) {
      const data = await this.peek(count), end = data.indexOf(10);
      if (end >= 0) return pattern.exec(latin((await this.take(end + 1)).subarray(0, end))) || bad("a part of the PDF is not of the one form allowed");
      if (data.length < count) bad("the PDF is cut short");
    }
  }
  async *unpack(length, most) {
    const packed = await this.take(length);
    const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
    for (let found = 0; ;) {
      let next = null;
      try { next = await reader.read(); } catch { bad("a stream of the PDF cannot be unpacked, or goes on behind its end"); }
      if (next.done) break;
      if ((found += next.value.length) > most) bad("a stream of the PDF holds more than belongs there");
      yield next.value;
    }
    await this.expect("\nendstream\nendobj\n");
  }
  async takeStream(most) {
    const length = +(await this.match(/^<<\/Filter\/FlateDecode\/Length (0|[1-9]\d{0,9})>>$/))[1], pieces = [];
    await this.expect("stream\n");
    for await (const piece of this.unpack(length, most)) pieces.push(piece);
    return join(...pieces);
  }
}
async function readFront(r, pages) {
  const first = Array.from({ length: pages }, (_, k) => 10 + 5 * k);
  if (pages > 1e5) bad("a published PDF has at most 100,000 pages");
  if (hex(await r.take(15)) !== "255044462d312e370a25e2e3cfd30a") bad("this is not a published PDF");
  await r.begin();
  utf16((await r.match(/^<<\/Title <FEFF((?:[0-9A-F]{4})*)>>>$/))[1]);
  await r.expect("endobj\n");
  await r.begin();
  const language = (await r.match(/^<<\/Lang \(([A-Za-z0-9-]{2,64})\)\/Type\/Catalog\/Pages 3 0 R\/MarkInfo <<\/Marked true>>\/StructTreeRoot 8 0 R\/ViewerPreferences <<\/DisplayDocTitle true>>>>$/))[1];
  if (!/^[a-z]{2,8}(-[a-z0-9]{1,8})*$/i.test(language)) bad("the language of the PDF is none");
  await r.expect("endobj\n");
  await r.begin();
  await r.expect(`<</Count ${pages} /Type/Pages/Kids[${first.map((n) => `${n} 0 R`).join(" ")}]>>\nendobj\n`);
  const start = r.from + r.at, fixed = await r.take(1156);
  if (await digest(fixed) !== FIXED) bad("the font of the PDF is not the one without shapes");
  for (let n = 4; n < 8; n++) r.offsets.push(start + latin(fixed).indexOf(`${n} 0 obj\n`));
  await r.begin();
  await r.expect(`<</Type/StructTreeRoot/K <</Type/StructElem/S/Document/P 8 0 R/K[${first.map((n) => `${n + 3} 0 R`).join(" ")}]>>/ParentTree <</Nums[${first.map((n, k) => `${k} ${n + 4} 0 R`).join(" ")}]>>>>\nendobj\n`);
  await r.begin();
  const glyphs = await r.takeStream(131072);
  if (glyphs.length !== 131072 || glyphs.some((byte, k) => byte !== k % 2)) bad("the letters of the PDF are not all the one glyph without a shape");
}
function readWords(text, width, height) {
  const blocks = [], front = `${(72 / 110).toFixed(6)} 0 0 ${(72 / 110).toFixed(6)} 0 0 cm\n/Artifact BMC\nq ${width} 0 0 ${height} 0 0 cm /I Do Q\nEMC\nBT\n3 Tr\n`;
  const block = /\/P <<\/MCID (\d{1,6})\/Kind\/(sealed|reset|label)\/Boxes\[([0-9 ]*)\]>> BDC\n/y, word = /[^\n]{1,80} Tm <((?:[0-9A-F]{4})*)> Tj\n/y;
  let at = front.length, fine = text.startsWith(front);
  for (let found; fine && (block.lastIndex = at, found = block.exec(text));) {
    const sides = found[3] ? found[3].split(" ").map(Number) : [], words = [];
    at = block.lastIndex;
    fine = sides.length % 4 === 0 && sides.join(" ") === found[3] && found[1] === `${blocks.length}`;
    for (let k = 0; fine && k < sides.length; k += 4) {
      const [left, top, right, bottom] = sides.slice(k, k + 4), size = Math.max(bottom - top, 1);
      if (!(left <= right && right <= width && top <= bottom && bottom <= height)) bad("a word lies beside the picture");
      word.lastIndex = at;
      const shown = word.exec(text) || bad("a line has fewer words than places for them"), said = utf16(shown[1]);
      const stretch = 100 * Math.max(right - left, 1) / (Math.max(said.length - 1, 1) * size / 2);
      if (shown[0] !== `/F ${size} Tf ${twoDecimals(stretch)} Tz 1 0 0 1 ${left} ${height - bottom} Tm <${spell(said)}> Tj\n` || !said.endsWith(" ")) bad("a word is not written in the one way allowed");
      words.push([said.slice(0, -1), left, top, right, bottom]);
      at = word.lastIndex;
    }
    fine &&= text.startsWith("EMC\n", at);
    at += 4;
    blocks.push({ kind: found[2], words });
  }
  if (!fine || text.slice(at) !== "ET\n") bad("the page says something beside its words");
  return blocks;
}
async function readSheet(r, k, open) { // open(width, height, blocks) gives what takes each row and its number
  const first = 10 + 5 * k;
  await r.begin();
  const described = (await r.match(/^.*$/))[0];
  await r.expect("endobj\n");
  await r.begin();
  const words = latin(await r.takeStream(1 << 26));
  await r.begin();
  const found = await r.match(/^<<\/Type\/XObject\/Subtype\/Image\/Width ([1-9]\d{0,4})\/Height ([1-9]\d{0,4})\/BitsPerComponent ([1248])\/ColorSpace(?:\/DeviceRGB|\[\/Indexed\/DeviceRGB (\d{1,3}) <((?:[0-9A-F]{6})+)>\])\/Filter\/FlateDecode\/Length (0|[1-9]\d{0,9})>>$/);
  const width = +found[1], height = +found[2], bits = +found[3], palette = (found[5] || "").match(/.{6}/g);
  if (width * height > 2e8) bad("a picture of the PDF is too large");
  if (described !== `<</Type/Page/Parent 3 0 R/MediaBox[0 0 ${(width * 72 / 110).toFixed(3)} ${(height * 72 / 110).toFixed(3)}]/Contents ${first + 1} 0 R/StructParents ${k}/Tabs/S/Resources <</Font <</F 4 0 R>>/XObject <</I ${first + 2} 0 R>>>>>>`) bad("the page is not described as its picture needs");
  if (palette ? bits !== [1, 2, 4, 8].find((b) => palette.length <= 1 << b) || found[4] !== `${palette.length - 1}` || !palette.every((c, n) => /^(?:(.)\1){3}$/.test(c) && !(n && c <= palette[n - 1])) : bits !== 4) bad("the colours of the picture are not written in the one way allowed");
  const blocks = readWords(words, width, height), take = open(width, height, blocks);
  const colours = palette && palette.map((c) => parseInt(c, 16)), values = palette ? width : 3 * width, packed = new Uint8Array(Math.ceil(values * bits / 8)), row = new Uint8Array(3 * width);
  const convert = (y) => {
    for (let n = 0; n < packed.length * 8 / bits; n++) {
      const value = packed[n * bits >> 3] >> 8 - bits - (n * bits & 7) & (1 << bits) - 1;
      if (n >= values ? value : colours && value >= colours.length) bad("a row of the picture holds a colour that is none, or bits behind its end");
      if (n >= values) continue;
      if (colours) { row[3 * n] = colours[value] >> 16; row[3 * n + 1] = colours[value] >> 8; row[3 * n + 2] = colours[value]; } else row[n] = value * 17;
    }
    take(row, y);
  };
  await r.expect("stream\n");
  let y = 0, have = 0;
  for await (const piece of r.unpack(+found[6], packed.length * height)) {
    for (let at = 0; at < piece.length;) {
      const part = piece.subarray(at, at + packed.length - have);
      packed.set(part, have);
      at += part.length;
      if ((have += part.length) === packed.length) { convert(y++); have = 0; }
    }
  }
  if (y !== height || have) bad("the picture does not have as many rows as it says");
  await r.begin();
  await r.expect(`<</Type/StructElem/S/P/P 8 0 R/Pg ${first} 0 R/K[${blocks.map((_, n) => n).join(" ")}]>>\nendobj\n`);
  await r.begin();
  await r.expect(`[${blocks.map(() => `${first + 3} 0 R`).join(" ")}]\nendobj\n`);
}
async function readEnd(r) {
  const table = r.from + r.at, size = r.offsets.length + 1;
  await r.expect(`xref\n0 ${size}\n0000000000 65535 f \n`);
  for (const offset of r.offsets) await r.expect(`${String(offset).padStart(10, "0")} 00000 n \n`);
  await r.expect(`trailer\n<</Size ${size}/Root 2 0 R/Info 1 0 R>>\nstartxref\n${table}\n%%EOF\n`);
  if ((await r.take(1)).length) bad("there is something behind the end of the PDF");
}
// ---- what a sheet must show (docs/reference/bundle.md, "Opening with hidden regions") ----
const said = (words) => words.map((w) => w[0]).join(" ");
function holdHeld(ground, blocks) {
  if (blocks.length !== 1 || blocks[0].kind !== "label" || blocks[0].words.length !== 1 || said(blocks[0].words) !== `[held-back:${ground}]`) bad("this page is held back, and its sheet says something else");
  return (row) => { if (row.includes(255)) bad("this page is held back, and its sheet is not shaded"); };
}
function openSheet(page, width, height, blocks, patches, lines) { // fills patches and lines
  const { head, regions } = page, hidden = new Set(page.hidden_patches), shut = new Set(page.hidden_lines), runs = [], shades = [];
  if (width !== head.width || height !== head.height) bad("the picture is not as large as the page that was locked in");
  const of = (kind) => blocks.filter((b) => b.kind === kind).map((b) => b.words), sealed = of("sealed");
  if (sealed.length !== head.lines - shut.size) bad("other lines are shown as locked in than are open");
  for (let k = 0; k < head.lines; k++) lines.push(shut.has(k) ? null : sealed.shift());
  if (canonical(of("label").map(said)) !== canonical(regions.map((g) => `[hidden:${g.ground}]`))) bad("its labels are not those of the hidden parts, in order");
  const edges = [0, 1, 2, 3, 4].map((c) => Math.floor(width * c / 4)), bandOf = new Int16Array(height).fill(-1);
  let after = -1;
  head.bands.forEach(([top, bottom], band) => {
    bandOf.fill(band, top, bottom);
    for (let c = 0, left = 0; c < 4; c++) {
      if (!hidden.has(4 * band + c)) left = edges[c + 1];
      else shades.push([left, top, edges[c + 1], bottom]);
      patches.push(join(number(edges[c + 1] - edges[c], 4), number(bottom - top, 4), new Uint8Array(3 * (edges[c + 1] - edges[c]) * (bottom - top))));
    }
    if (![0, 1, 2, 3].every((c) => hidden.has(4 * band + c))) return;
    if (after === band) runs.at(-1)[3] = bottom;
    else runs.push([0, top, width, bottom]);
    after = band + 1;
  });
  for (const { kind, words } of blocks) if (kind !== "sealed") for (const [text, l, t, r, b] of words) {
    if (!(kind === "label" && (l === r || t === b)) && ![...runs, ...shades].some((s) => s[0] <= l && s[1] <= t && r <= s[2] && b <= s[3])) bad(`"${text.slice(0, 40)}" was not locked in, and does not lie on the shade`);
  }
  return (row, y) => {
    const band = bandOf[y];
    let wrong = false;
    if (runs.some((run) => run[1] <= y && y < run[3])) wrong = row.includes(255);
    else if (band < 0) wrong = row.some((byte) => byte !== 255);
    else for (let c = 0; c < 4; c++) {
      const from = 3 * edges[c], to = 3 * edges[c + 1], patch = patches[4 * band + c];
      if (hidden.has(4 * band + c)) { wrong ||= row.subarray(from, to).includes(255); continue; }
      for (let k = from, at = 8 + (y - head.bands[band][0]) * (to - from); k < to; k++) patch[at++] = row[k] & 240;
    }
    if (wrong) bad(`row ${y + 1} of its picture is neither locked in nor shaded as it must be`);
  };
}
async function checkRedacted(doc, item, fileLeaf, folder, place, used, tally) {
  for (const page of doc.pages) try {
    need(page, "page head hidden_lines hidden_patches regions proof");
    need(page.proof, "head_salt lines patches path marks");
    checkHead(page.head, page.page);
    [page.proof.head_salt, doc.header.salt, ...page.proof.path, ...[...page.proof.lines, ...page.proof.patches].map((n) => (need(n, "seed" in n ? "seed" : "hash"), n.seed ?? n.hash))].forEach(unhex);
    checkPlaces(page.hidden_lines, page.head.lines);
    checkPlaces(page.hidden_patches, page.head.bands.length * 4);
    for (const g of page.regions) need(g, "ground decided_by review");
    page.regions.forEach(checkDecision);
    if (!/^[0-9a-f]*$/.test(page.proof.marks) || page.proof.marks.length !== 8 * page.head.lines) bad("the marks do not fit the lines");
    if (!page.regions.length !== !(page.hidden_lines.length + page.hidden_patches.length)) bad("it hides something without a region, or has a region where nothing is hidden");
  } catch (error) { refuse(place, `page ${page.page}: ${error.message}`); }
  if (!isHex(doc.document)) refuse(place, "64 hex digits are missing");
  const path = `documents/${doc.document}.pdf`, r = new PdfReader(folder.file(path));
  const shown = new Map(doc.pages.map((p) => [p.page, p])), held = new Map(doc.holdings.map((h) => [h.page, h.ground]));
  let here = path;
  used.add(path);
  try {
    await readFront(r, item.pages);
    for (let k = 1; k <= item.pages; k++) {
      const page = shown.get(k), patches = [], lines = [];
      tally.tell(k);
      here = `${path}, page ${k}`;
      await readSheet(r, k - 1, (width, height, blocks) => page ? openSheet(page, width, height, blocks, patches, lines) : holdHeld(held.get(k), blocks));
      if (page) {
        holdParts(page, lines, patches, doc.header, fileLeaf, item, here);
        tally.count("pages", 1);
        tally.count("redacted", page.regions.length && 1);
        tally.count("lines", page.head.lines);
        tally.count("checked lines", page.head.lines - page.hidden_lines.length);
        tally.count("patches", patches.length);
        tally.count("checked patches", patches.length - page.hidden_patches.length);
        for (const g of page.regions) tally.count(`ground ${g.ground}`, 1);
      }
      await pause();
    }
    here = path;
    await readEnd(r);
  } catch (error) {
    if (error instanceof Refusal || error instanceof CannotCheck) throw error;
    refuse(here, error.message);
  }
  if (await folder.hash(path) !== doc.document) refuse(path, "these are not the bytes that its opening names");
  tally.count("items", 1);
}
class Tally extends Map {
  count(name, more) { this.set(name, (this.get(name) || 0) + more); }
}
