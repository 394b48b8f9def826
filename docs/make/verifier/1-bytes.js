"use strict";
/* Everything below judges bytes; nothing is fetched. Sources: RFC 6962, C2SP signed-note, tlog-checkpoint,
   tlog-cosignature, tlog-policy, tlog-tiles; lightwell's docs/reference/{seal,transparency-log,states,bundle}.md. */

class Refusal extends Error {
  constructor(place, sentence) { super(`${place}: ${sentence}`); }
}
class CannotCheck extends Error {}
const refuse = (place, sentence) => { throw new Refusal(place, sentence); };
const bad = (sentence) => { throw new TypeError(sentence); };

// ---- bytes ----
const utf8 = (text) => new TextEncoder().encode(text);
const decode = (bytes) => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
const hex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
const isHex = (text) => typeof text === "string" && /^[0-9a-f]{64}$/.test(text);
const unhex = (text) => isHex(text) ? Uint8Array.from(text.match(/../g), (b) => parseInt(b, 16)) : bad("64 hex digits are missing");
const same = (a, b) => a.length === b.length && a.every((v, k) => v === b[k]);
const big = (bytes) => BigInt("0x0" + hex(bytes));
const little = (bytes) => big(Uint8Array.from(bytes).reverse());
function join(...parts) {
  const all = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) { all.set(p, at); at += p.length; }
  return all;
}
function number(value, bytes) { // big-endian
  const out = new Uint8Array(bytes);
  for (let k = bytes - 1, v = BigInt(value); k >= 0; k--, v >>= 8n) out[k] = Number(v & 255n);
  return out;
}
function unbase64(text) {
  let raw = "";
  try { raw = atob(text); } catch { bad("this is not base64"); }
  if (btoa(raw) !== text) bad("not the one spelling of base64");
  return Uint8Array.from(raw, (c) => c.charCodeAt(0));
}
function decimal(text) {
  if (!/^(0|[1-9][0-9]{0,15})$/.test(text) || !Number.isSafeInteger(+text)) bad("this is not a plain decimal number");
  return +text;
}

// ---- SHA-256 (FIPS 180-4), for the many short hashes of trees; files go through WebCrypto ----
const root32 = (p, power) => { // first 32 bits of the fraction of a root of a prime
  const scaled = BigInt(p) << 32n * BigInt(power);
  let x = BigInt(Math.floor(p ** (1 / power) * 2 ** 32));
  while (x ** BigInt(power) > scaled) x--;
  while ((x + 1n) ** BigInt(power) <= scaled) x++;
  return Number(x & 0xffffffffn) | 0;
};
const primes = [];
for (let n = 2; primes.length < 64; n++) if (primes.every((p) => n % p)) primes.push(n);
const K = Int32Array.from(primes, (p) => root32(p, 3));
const H0 = Int32Array.from(primes.slice(0, 8), (p) => root32(p, 2));
const W = new Int32Array(64);
function sha256(...parts) {
  const data = parts.length === 1 ? parts[0] : join(...parts);
  const padded = new Uint8Array((data.length + 72) & ~63);
  padded.set(data);
  padded[data.length] = 128;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor(data.length / 2 ** 29));
  view.setUint32(padded.length - 4, data.length << 3);
  const h = Int32Array.from(H0);
  for (let at = 0; at < padded.length; at += 64) {
    for (let t = 0; t < 16; t++) W[t] = view.getInt32(at + 4 * t);
    for (let t = 16; t < 64; t++) {
      const x = W[t - 15], y = W[t - 2];
      const s0 = (x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3;
      const s1 = (y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10;
      W[t] = W[t - 16] + s0 + W[t - 7] + s1 | 0;
    }
    let [a, b, c, d, e, f, g, i] = h;
    for (let t = 0; t < 64; t++) {
      const s1 = (e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7);
      const t1 = i + s1 + (e & f ^ ~e & g) + K[t] + W[t] | 0;
      const s0 = (a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10);
      const t2 = s0 + (a & b ^ a & c ^ b & c) | 0;
      i = g; g = f; f = e; e = d + t1 | 0; d = c; c = b; b = a; a = t1 + t2 | 0;
    }
    [a, b, c, d, e, f, g, i].forEach((v, k) => { h[k] += v; });
  }
  const out = new Uint8Array(32);
  h.forEach((v, k) => new DataView(out.buffer).setInt32(4 * k, v));
  return out;
}
const subtle = globalThis.crypto && globalThis.crypto.subtle;
const digest = async (bytes) => hex(subtle ? new Uint8Array(await subtle.digest("SHA-256", bytes)) : sha256(bytes));

// ---- canonical JSON (RFC 8785): read, write again, compare ----
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value && typeof value === "object") {
    return `{${Object.keys(value).sort().map((k) => `${JSON.stringify(k)}:${canonical(value[k])}`).join(",")}}`;
  }
  return JSON.stringify(value);
}
function readJson(bytes, plain) { // an entry of the log is plain: no words of a title or name
  const text = decode(bytes), value = JSON.parse(text, (_, v) => plain && typeof v === "string" && !/^[a-z0-9.:+-]{1,140}$/i.test(v) ? bad("it holds text") : v);
  if (canonical(value) !== text) bad("not in canonical form (RFC 8785)");
  return value;
}
