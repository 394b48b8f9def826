// A sweetener only: makes the numbers of the form from a file, in the browser. Nothing of the file is sent: the
// page's policy forbids fetch and its like, and the form holds what the file cannot be told from. Without this
// script the checking program does the same. docs/reference/bundle.md, section Challenges
"use strict";
(function () {
  const place = document.getElementById("with-script"), form = document.getElementById("ask-form");
  if (!place || !form || !window.crypto?.subtle) return;
  const ROUND = 4096, text = new TextEncoder();
  const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const join = (...parts) => parts.reduce((all, part) => new Uint8Array([...all, ...part]), new Uint8Array());
  const digest = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const say = (words) => { document.getElementById("paper-said").textContent = words; };
  const number = (value, bytes) => Uint8Array.from({ length: bytes }, (_, k) => Number((BigInt(value) >> BigInt(8 * (bytes - 1 - k))) & 255n));

  function countZeros(bytes) {
    let bits = 0;
    for (const byte of bytes) {
      if (byte) return bits + Math.clz32(byte) - 24;
      bits += 8;
    }
    return bits;
  }
  async function findWork(company, question, bits) {
    const begun = join(text.encode(`lightwell.challenge-work.v1\n${company}\n`), question);
    for (let nonce = 0; ; nonce += ROUND) {
      const many = Array.from({ length: ROUND }, (_, k) => digest(join(begun, number(nonce + k, 8))));
      const found = (await Promise.all(many)).findIndex((each) => countZeros(each) >= bits);
      if (found >= 0) return nonce + found;
      say(`Working: ${Math.min(99, Math.round((100 * nonce) / 2 ** bits))} % of what it takes on average.`);
    }
  }
  async function make(file) {
    const company = form.elements.company.value, salt = crypto.getRandomValues(new Uint8Array(32));
    if (!company) return say("Choose the company first, then the file again.");
    say("Reading the file in your browser.");
    const sha256 = await digest(await file.arrayBuffer());
    const question = await digest(join(text.encode("lightwell.challenge.v1\n"), salt, sha256, number(file.size, 8)));
    const nonce = await findWork(company, question, Number(form.dataset.bits));
    form.elements.commitment.value = hex(question);
    form.elements.nonce.value = nonce;
    const receipt = { type: "lightwell.challenge-receipt.v1", provider: company, salt: hex(salt), sha256: hex(sha256),
      size: file.size, nonce, challenge: null, site: null, log: null };
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([JSON.stringify(receipt, null, 1)], { type: "application/json" }));
    link.download = `${file.name}.receipt.json`;
    link.textContent = "Save the receipt first";
    say("The numbers are in the form below. ");
    document.getElementById("paper-said").append(link, ". Without it nobody can read the answer, not even you.");
  }
  document.getElementById("paper").addEventListener("change", (event) => {
    if (event.target.files[0]) make(event.target.files[0]).catch((error) => say(`This did not work: ${error.message}`));
  });
  form.elements.company.addEventListener("change", () => {
    form.elements.commitment.value = form.elements.nonce.value = "";
    say("");
    document.getElementById("paper").value = "";
  });
  place.hidden = false;
})();
