// The text follows the sound: the word that is heard is marked, a word that is clicked is played.
//
// One listener for everything and a binary search per tick: ten thousand lines cost what ten do.

const AHEAD_S = 0.05;

export class Transcript {
  constructor(player) {
    this.player = player;
    this.following = true;
    this.phrase = null;
    this.word = null;
    this.asked = null;
    this.lines = [];
    this.#read();
    document.addEventListener("click", (event) => this.#clicked(event));
    for (const name of ["htmx:afterSettle", "sai:lines"]) document.addEventListener(name, () => this.#read());
    player.addEventListener("time", () => this.#follow());
    player.addEventListener("seek", () => this.#follow(true));
    player.addEventListener("follow", () => this.toggleFollowing());
    for (const name of ["wheel", "touchmove"]) {
      window.addEventListener(name, () => { this.scrolledAt = performance.now(); }, { passive: true });
    }
  }

  toggleFollowing() {
    this.following = !this.following;
    document.querySelector('[data-do="follow"]').setAttribute("aria-pressed", String(this.following));
    if (this.following) this.#show(this.phrase, true);
  }

  /** One word on or back from where the sound is. */
  stepWord(by) {
    const words = this.phrase ? [...this.phrase.querySelectorAll(".w")] : [];
    const next = words[words.indexOf(this.word) + by];
    if (next) return this.player.seek(Number(next.dataset.s));
    const line = this.lines[this.lines.indexOf(this.phrase) + by];
    const edge = line && [...line.querySelectorAll(".w")].at(by < 0 ? -1 : 0);
    if (edge ?? line) this.player.seek(Number((edge ?? line).dataset.s));
    return undefined;
  }

  /** The focus on the line before or after the one that has it. */
  stepLine(from, by) {
    const line = this.lines[this.lines.indexOf(from.closest(".phrase")) + by];
    line?.querySelector(".phrase-time, textarea").focus();
  }

  /** Correct the line that has the focus, or the one that is heard. */
  editLine() {
    const line = document.activeElement?.closest?.(".phrase") ?? this.phrase;
    line?.querySelector(".phrase-edit")?.click();
  }

  #read() {
    this.box = document.getElementById("lines");
    this.lines = this.box ? [...this.box.querySelectorAll(".phrase")] : [];
    this.#drawTimeline();
    this.#follow();
  }

  #drawTimeline() {
    const source = document.getElementById("timeline-source");
    const place = this.player.section.querySelector(".timeline");
    if (!source?.children.length) return;
    source.removeAttribute("id");
    source.removeAttribute("hidden");
    place.replaceChildren(source);
    this.player.section.classList.add("has-timeline");
  }

  #clicked(event) {
    const target = event.target.closest(".w, .phrase-time, .evidence");
    if (!target) return;
    const at = Number(target.dataset.at ?? target.dataset.s);
    if (!Number.isFinite(at)) return;
    event.preventDefault();
    this.scrolledAt = 0;
    this.player.playFrom(at);
    if (target.matches(".evidence")) this.#point(target.dataset.phrase);
  }

  /** Show the line that an item of the summary rests on, wherever in the text it stands. */
  #point(id) {
    const line = document.getElementById(`phrase-${id}`);
    if (line) this.#show(line, true);
  }

  #follow(sought = false) {
    const now = this.player.position + AHEAD_S;
    const phrase = this.#phraseAt(now);
    if (phrase !== this.phrase) this.#change("phrase", phrase);
    const word = phrase && last(phrase.querySelectorAll(".w"), (one) => Number(one.dataset.s) <= now);
    if (word !== this.word) this.#change("word", word ?? null);
    if (phrase && this.changed) this.#show(phrase, sought);
    this.changed = false;
    if (this.#outside(now)) this.#fetchAround(now);
  }

  #change(name, element) {
    this[name]?.classList.remove("is-now");
    element?.classList.add("is-now");
    this[name] = element;
    this.changed ||= name === "phrase";
  }

  #phraseAt(now) {
    let low = 0;
    let high = this.lines.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (Number(this.lines[middle].dataset.s) <= now) low = middle + 1;
      else high = middle;
    }
    return this.lines[low - 1] ?? null;
  }

  #show(phrase, force) {
    if (!phrase || (!force && (!this.following || !this.player.playing))) return;
    if (!force && performance.now() - (this.scrolledAt ?? -9e9) < 4000) return;
    const box = phrase.getBoundingClientRect();
    const top = this.player.section.getBoundingClientRect().bottom + 16;
    if (box.top >= top && box.bottom <= window.innerHeight - 80) return;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    phrase.scrollIntoView({ block: "center", behavior: calm ? "auto" : "smooth" });
  }

  /** The sound is where the page has no lines yet: further on, or before the first of them. */
  #outside(now) {
    if (!this.box || !this.lines.length) return false;
    const first = Number(this.lines[0].dataset.s);
    const end = Number(this.lines.at(-1).dataset.e);
    return (now < first - 1 && this.box.querySelector(".more-before")) || (now > end + 1 && this.box.querySelector(".more-after"));
  }

  #fetchAround(now) {
    if (this.asked) return;
    const { linesUrl, version } = this.box.dataset;
    const url = `${linesUrl}?version=${version}&at=${now.toFixed(2)}`;
    this.asked = htmx.ajax("GET", url, { target: this.box, swap: "innerHTML" }).finally(() => {
      setTimeout(() => { this.asked = null; this.#show(this.phrase, this.following); }, 300);
    });
  }
}

/** The last of the elements for which `test` holds; they are in order. */
function last(elements, test) {
  let found = null;
  for (const one of elements) {
    if (!test(one)) break;
    found = one;
  }
  return found;
}
