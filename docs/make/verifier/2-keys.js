// ---- Ed25519, strictly: the curve only for keys, the equation by WebCrypto ----
const P = 2n ** 255n - 19n, L = 2n ** 252n + 27742317777372353535851937790883648493n;
const mod = (x) => (x % P + P) % P;
function power(base, exponent) {
  let out = 1n;
  for (let b = mod(base); exponent; exponent >>= 1n, b = b * b % P) if (exponent & 1n) out = out * b % P;
  return out;
}
const inverse = (x) => power(x, P - 2n);
const D = mod(-121665n * inverse(121666n));
const SMALL = new Set([0n, 1n, P - 1n, ...["26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"].map((h) => little(unhex(h)))]);
const half = (bytes) => little(bytes.slice(0, 32)) & (1n << 255n) - 1n;
function addPoints([X, Y, Z, T], [x, y, z, t]) { // RFC 8032 section 5.1.4
  const a = mod((Y - X) * (y - x)), b = mod((Y + X) * (y + x)), c = 2n * T * t * D % P, d = 2n * Z * z % P;
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}
function checkKey(key) {
  if (key.length !== 32) bad("an Ed25519 key has 32 bytes");
  const sign = little(key) >> 255n, y = half(key), square = mod((y * y - 1n) * inverse(D * y * y + 1n));
  let x = power(square, (P + 3n) / 8n);
  if (x * x % P !== square) x = x * power(2n, (P - 1n) / 4n) % P;
  if (y >= P || x * x % P !== square || (!x && sign)) bad("the Ed25519 key is not a point in its one spelling");
  if ((x & 1n) !== sign) x = P - x;
  let sum = [0n, 1n, 1n, 0n];
  for (let p = [x, y, 1n, x * y % P], n = L; n; n >>= 1n, p = addPoints(p, p)) if (n & 1n) sum = addPoints(sum, p);
  if (sum[0] || sum[1] !== sum[2] || (!x && y === 1n)) bad("the Ed25519 key is not in the group of prime order");
}
let noEd25519 = false;
async function checkEd25519(key, signature, message) { // true, false, or null: this browser cannot
  if (signature.length !== 64) return false;
  const y = half(signature);
  if (little(signature.slice(32)) >= L || y >= P || SMALL.has(y)) return false;
  try {
    const imported = await subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
    return await subtle.verify({ name: "Ed25519" }, imported, signature, message);
  } catch {
    noEd25519 = true;
    return null;
  }
}

// ---- keys, notes, checkpoints, policies ----
const isName = (text) => text !== "" && !/[\s+\p{Cc}\p{Cs}]/u.test(text);
function readKey(text) {
  const [name, id, ...rest] = text.split("+"), data = unbase64(rest.join("+"));
  if (!isName(name) || !data.length) bad("this is not a public key line");
  const key = { name, type: data[0], bytes: data.slice(1), id };
  if (key.type === 1 || key.type === 4) checkKey(key.bytes);
  else if (key.type !== 6 || key.bytes.length !== 1312 || !key.bytes.slice(32).some((b) => b)) bad("this key cannot be used");
  if (hex(sha256(utf8(name + "\n"), data).slice(0, 4)) !== id) bad(`the key of ${name} does not fit its id`);
  return key;
}
function readPolicy(bytes) {
  const text = Array.from(bytes, (b) => String.fromCharCode(b)).join("");
  const policy = { logs: [], witnesses: new Map(), groups: [], quorum: null };
  const names = new Set(), grouped = new Set(), lines = text.split("\n");
  if (lines.pop() !== "" || lines.length > 1000) refuse("policy", "it has at most 1000 whole lines");
  const define = (name) => {
    if (names.has(name) || /^(log|witness|group|quorum|any|all|none)$/.test(name)) bad(`the name ${name} is reserved or defined twice`);
    names.add(name);
  };
  const take = (line, types, others) => {
    const key = readKey(decode(Uint8Array.from(line, (c) => c.charCodeAt(0))));
    if (!types.includes(key.type) || others.some((o) => same(o.bytes, key.bytes))) bad("this key cannot stand here");
    return key;
  };
  lines.forEach((line, k) => {
    try {
      if (/[\0-\x08\x0a-\x1f\x7f]/.test(line)) bad("a policy holds no control characters");
      const w = line.split(/[ \t]+/).filter(Boolean);
      if (!w.length || w[0].startsWith("#")) return;
      if (w[0] === "log" && (w.length === 2 || w.length === 3)) policy.logs.push(take(w[1], [1, 6], policy.logs));
      else if (w[0] === "witness" && (w.length === 3 || w.length === 4)) {
        define(w[1]);
        policy.witnesses.set(w[1], take(w[2], [4, 6], [...policy.witnesses.values()]));
      } else if (w[0] === "group" && w.length > 3) {
        const members = w.slice(3);
        for (const m of members) {
          if (!names.has(m) || grouped.has(m)) bad(`${m} is not defined before, or in two groups`);
          grouped.add(m);
        }
        define(w[1]);
        const least = { any: 1, all: members.length }[w[2]] || decimal(w[2]);
        if (least < 1 || least > members.length) bad("no such threshold");
        policy.groups.push([w[1], least, members]);
      } else if (w[0] === "quorum" && w.length === 2 && policy.quorum === null) {
        if (w[1] !== "none" && !names.has(w[1])) bad(`${w[1]} is not defined before`);
        policy.quorum = w[1];
      } else bad("this line is not one of a policy");
    } catch (error) { refuse(`policy, line ${k + 1}`, error.message); }
  });
  if (policy.quorum === null || !policy.logs.length) refuse("policy", "it must name a log and a quorum");
  return policy;
}
function meets(policy, names) {
  const met = new Set(names);
  for (const [name, least, members] of policy.groups) if (members.filter((m) => met.has(m)).length >= least) met.add(name);
  return policy.quorum === "none" || met.has(policy.quorum);
}
function quorumTime(policy, times) { // the smallest time by which the quorum was met; null without a quorum
  if (policy.quorum === "none") return null;
  for (const t of [...times.values()].sort((a, b) => a - b)) {
    if (meets(policy, [...times].filter(([, stated]) => stated <= t).map(([name]) => name))) return t;
  }
  return null;
}
async function judgeNote(bytes, policy, place) {
  let text = "";
  try { text = decode(bytes); } catch { refuse(place, "a signed note is UTF-8"); }
  if (bytes.length > 1e6 || /[\0-\x09\x0b-\x1f]/.test(text)) refuse(place, "this is not a signed note");
  const cut = text.lastIndexOf("\n\n"), lines = text.slice(cut + 2).split("\n"), body = text.slice(0, cut + 1);
  if (cut < 0 || lines.pop() !== "" || !lines.length || lines.length > 100) refuse(place, "this is not a signed note");
  const [origin, size, root, ...rest] = body.split("\n"), head = { origin, times: new Map(), unsure: new Map(), unchecked: 0 };
  try {
    if (!origin || rest.length !== 1 || rest[0]) bad("a checkpoint is three lines");
    head.size = decimal(size);
    head.root = unbase64(root);
    if (head.root.length !== 32) bad("a root has 32 bytes");
  } catch (error) { refuse(place, error.message); }
  let log = false, unsureLog = false;
  const keys = [...policy.logs.map((key) => [null, key]), ...policy.witnesses];
  for (const line of lines) {
    const words = line.split(" ");
    let material = [];
    try { material = unbase64(words[2] || ""); } catch { /* too short below */ }
    if (words.length !== 3 || words[0] !== "\u2014" || !isName(words[1]) || material.length < 5) refuse(place, "this is not a signed note");
    const known = keys.filter(([, key]) => key.name === words[1] && key.id === hex(material.slice(0, 4)));
    if (new Set(known.map(([, key]) => hex(key.bytes))).size > 1) refuse("policy", `two keys of ${words[1]} share one id`);
    for (const [witness, key] of known) {
      const signature = material.slice(4), time = key.type === 1 ? 0n : big(signature.slice(0, 8));
      let good = time < 2n ** 63n;
      if (good && key.type === 1) good = await checkEd25519(key.bytes, signature, utf8(body));
      else if (good && key.type === 4) good = await checkEd25519(key.bytes, signature.slice(8), utf8(`cosignature/v1\ntime ${time}\n${body}`));
      else if (good) good = signature.length === 2428 && null;
      if (good === false) refuse(place, `the signature of ${words[1]} is wrong`);
      if (good === null) head.unchecked++;
      if (witness === null) { if (key.name === origin) { log ||= good === true; unsureLog ||= good === null; } continue; }
      if (time === 0n) refuse(place, "a witness states no time");
      const into = good ? head.times : head.unsure;
      if (!into.has(witness)) into.set(witness, Number(time));
    }
  }
  if (!log && !unsureLog) refuse(place, "no log of the policy has signed this checkpoint");
  head.met = log && meets(policy, head.times.keys());
  head.maybe = !head.met && meets(policy, [...head.times.keys(), ...head.unsure.keys()]);
  head.quorum = quorumTime(policy, head.times);
  head.earliest = quorumTime(policy, new Map([...head.unsure, ...head.times]));
  return head;
}
