// ---- what was asked about papers: docs/reference/challenges.md ----
const ASKED = {
  challenge: "challenge provider commitment", "challenge-handover": "challenge due",
  "challenge-answer": "challenge answer place proof decided_by", "challenge-disproof": "challenge salt sha256 size opening",
};
const IN = "in-inventory", NOT_IN = "not-in-inventory", LATER = 30 * 864e5;
const plus30 = (day) => new Date(Date.parse(day) + LATER).toISOString().slice(0, 10);
const three = (list) => Array.isArray(list) && list.length === 3 ? list.map(unhex) : bad("a route has three values");
const given = (q, answer) => q.answers.find((a) => a.answer === answer);
function follow(story, [head, salt, pages], measure) { // to the first item with this commitment
  const file = sha256(Uint8Array.of(0), utf8("lightwell.file.v1\n"), salt, measure);
  const sum = hex(sha256(utf8("lightwell.item.v1\n"), head, file, pages));
  return [...story.items.values()].find((item) => item.commitment === sum) || null;
}
function takeQuestion(story, v, place, date) {
  const q = story.asked.get(v.challenge), entry = { ...v, named: v.place, place, date };
  if (typeof v.challenge !== "string") bad("the id of a challenge is a text");
  if (v.type === "challenge") {
    if (q || typeof v.provider !== "string" || !isHex(v.commitment)) bad("this challenge is logged twice or malformed");
    return void story.asked.set(v.challenge, { ...entry, handover: null, answers: [], shown: [] });
  }
  if (!q) bad("its challenge was not logged before");
  if (v.type === "challenge-handover") {
    if (q.handover || v.due !== plus30(v.at.slice(0, 10))) bad("a challenge is handed over once, and due 30 days later");
    q.handover = entry;
  } else if (v.type === "challenge-answer") {
    if (!q.handover || ![IN, NOT_IN].includes(v.answer)) bad("an answer follows the handover and is one of two");
    if (q.answers.length && (q.answers.length > 1 || q.answers[0].answer !== NOT_IN || v.answer !== IN)) bad("a second answer only takes back a denial");
    if (!Array.isArray(v.decided_by) || v.decided_by.length !== 2) bad("two people answer");
    if (v.answer === NOT_IN ? v.place !== null || v.proof !== null : !three(v.proof)) bad("a denial has neither place nor proof");
    if (v.place !== null && (need(v.place, "study item"), typeof v.place.study !== "string" || !isCount(v.place.item, 1) || !story.items.has(`${v.place.study}#${v.place.item}`))) bad("it names a document that was not sealed before");
    q.answers.push(entry);
  } else {
    if (!q.answers.length || !isCount(v.size)) bad("a disproof follows an answer and names a file with its size");
    const salt = unhex(v.salt), measure = join(unhex(v.sha256), number(v.size, 8)), denial = given(q, NOT_IN), admission = given(q, IN);
    if (hex(sha256(utf8("lightwell.challenge.v1\n"), salt, measure)) !== q.commitment) bad("it is about another file than the challenge");
    let led = null;
    if (v.opening === null) {
      if (denial || !admission) bad("there is no proof that could be empty");
      const route = three(admission.proof).map((part, k) => {
        const pad = sha256(utf8("lightwell.challenge-pad.v1\n"), salt, Uint8Array.of(k));
        return part.map((byte, n) => byte ^ pad[n]);
      });
      if (follow(story, route, measure)?.place < admission.place) bad("the proof leads to a sealed document");
    } else {
      led = follow(story, three(v.opening), measure);
      if (!denial || !led) bad("it shows no document that was denied");
    }
    if (q.shown.some((s) => s.led === led)) bad("the same was shown before");
    q.shown.push({ ...entry, led });
  }
}
function judgeQuestions(story, day, owners) { // owners: study to the company whose own it is, "" for nobody
  return [...story.asked.values()].filter((q) => q.date <= day).map((q) => {
    const at = (entry) => (entry && entry.date <= day ? entry.date : "");
    const handed = at(q.handover), denial = given(q, NOT_IN), denied = at(denial), admitted = at(given(q, IN));
    const due = handed && plus30(handed), answered = [denied, admitted].filter(Boolean).sort()[0] || "";
    const late = due ? Math.max(0, days(due, answered || day)) : 0;
    const shown = q.shown.filter((s) => at(s) && (!s.led || (owners.get(s.led.study) ?? q.provider) === q.provider));
    const best = shown.sort((a, b) => (a.led?.place ?? -1) - (b.led?.place ?? -1))[0], after = best?.led && denial && best.led.place > denial.place;
    const state = best && !after ? "disproved" : admitted ? IN : best ? "sealed-after-denial" : denied ? NOT_IN : !handed ? "waits-for-holder" : late ? "overdue" : "open";
    const place = best?.led || (admitted ? given(q, IN).named : null);
    return { id: q.challenge, company: q.provider, state, due, late, denied, place };
  });
}
