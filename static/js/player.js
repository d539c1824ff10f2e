// One sound element per track, kept together by one clock.
//
// The clock follows the first track that is heard at the moment, and runs by itself where none is
// (a pause before the next track begins). Tracks that drift are pulled back.

const DRIFT_S = 0.15;
const STEP_S = 5;

class TrackSound {
  constructor(track) {
    this.offset = track.offset || 0;
    this.length = track.duration || Infinity;
    this.id = track.id;
    this.silenced = false;
    this.sound = new Audio();
    this.sound.preload = "metadata";
    this.sound.src = track.url;
    this.sound.preservesPitch = true;
  }

  covers(seconds) {
    return seconds >= this.offset && seconds < this.offset + this.length && !this.sound.ended;
  }

  get now() { return this.sound.currentTime + this.offset; }

  /** Stand at a second of the recording, and play or not. */
  place(seconds, playing, force) {
    const here = Math.max(seconds - this.offset, 0);
    const near = Math.abs(this.sound.currentTime - here) < DRIFT_S;
    if (force || !near) this.sound.currentTime = Math.min(here, this.length === Infinity ? here : this.length);
    if (playing && seconds >= this.offset && here < this.length) {
      if (this.sound.paused) return this.sound.play();
    } else if (!this.sound.paused) this.sound.pause();
    return undefined;
  }
}

export class Player extends EventTarget {
  constructor(section, tracks) {
    super();
    this.section = section;
    this.tracks = tracks.map((track) => new TrackSound(track));
    this.seekBar = section.querySelector(".player-seek");
    this.length = Number(this.seekBar.max) || Math.max(...this.tracks.map((one) => one.offset + one.length));
    this.position = 0;
    this.playing = false;
    this.rate = 1;
    this.solo = null;
    this.tickedAt = 0;
    this.stopAt = null;
    section.addEventListener("click", (event) => this.#clicked(event));
    section.querySelector("[data-speed]").addEventListener("change", (event) => this.setRate(Number(event.target.value)));
    this.seekBar.addEventListener("input", () => this.seek(Number(this.seekBar.value)));
    for (const track of this.tracks) track.sound.addEventListener("error", () => this.#failed());
    this.#show();
  }

  toggle() { if (this.playing) this.pause(); else this.play(); }

  play() {
    if (this.position >= this.length - 0.05) this.seek(0);
    this.playing = true;
    this.tickedAt = performance.now();
    this.#placeAll(true);
    this.#show();
    requestAnimationFrame(() => this.#tick());
  }

  pause() {
    this.playing = false;
    for (const track of this.tracks) track.sound.pause();
    this.#show();
  }

  seek(seconds) {
    this.position = Math.min(Math.max(seconds, 0), this.length);
    this.tickedAt = performance.now();
    this.#placeAll(true);
    this.#show();
    this.dispatchEvent(new CustomEvent("seek"));
    this.dispatchEvent(new CustomEvent("time"));
  }

  playFrom(seconds) {
    this.seek(seconds);
    if (!this.playing) this.play();
  }

  step(seconds) { this.seek(this.position + seconds); }

  setRate(rate) {
    this.rate = rate;
    for (const track of this.tracks) track.sound.playbackRate = rate;
    this.section.querySelector("[data-speed]").value = String(rate);
  }

  /** To the next speed of the list. */
  changeRate(by) {
    const speeds = [...this.section.querySelector("[data-speed]").options].map((one) => Number(one.value));
    const next = Math.min(Math.max(speeds.indexOf(this.rate) + by, 0), speeds.length - 1);
    this.setRate(speeds[next]);
  }

  #placeAll(force) {
    for (const track of this.tracks) {
      track.place(this.position, this.playing, force)?.catch?.((error) => {
        if (error.name === "NotAllowedError") this.pause();
      });
    }
  }

  #tick() {
    if (!this.playing) return;
    const at = performance.now();
    const leader = this.tracks.find((track) => track.covers(this.position) && !track.sound.paused);
    if (leader && leader.sound.readyState >= 2) this.position = leader.now;
    else if (!this.tracks.some((track) => track.covers(this.position))) {
      this.position += ((at - this.tickedAt) / 1000) * this.rate;
    }
    this.tickedAt = at;
    if (this.position >= this.length - 0.02) return this.#ended();
    for (const track of this.tracks) if (track !== leader) this.#follow(track);
    this.#showTime();
    this.dispatchEvent(new CustomEvent("time"));
    requestAnimationFrame(() => this.#tick());
  }

  #follow(track) {
    if (track.sound.seeking) return;
    if (track.covers(this.position) || !track.sound.paused) track.place(this.position, true, false)?.catch?.(() => {});
  }

  #ended() {
    this.position = this.length;
    this.pause();
  }

  #failed() {
    const place = this.section.querySelector(".player-error");
    place.textContent = place.dataset.text;
    place.hidden = false;
  }

  #clicked(event) {
    const button = event.target.closest("[data-do]");
    if (!button) return;
    const id = Number(button.closest("[data-track]")?.dataset.track);
    const actions = {
      toggle: () => this.toggle(),
      back: () => this.step(-STEP_S),
      forward: () => this.step(STEP_S),
      mute: () => this.#mute(id),
      solo: () => { this.solo = this.solo === id ? null : id; this.#showTracks(); },
      follow: () => this.dispatchEvent(new CustomEvent("follow")),
    };
    actions[button.dataset.do]?.();
  }

  #mute(id) {
    const track = this.tracks.find((one) => one.id === id);
    track.silenced = !track.silenced;
    this.#showTracks();
  }

  #showTracks() {
    for (const track of this.tracks) {
      track.sound.muted = this.solo === null ? track.silenced : this.solo !== track.id;
      const row = this.section.querySelector(`[data-track="${track.id}"]`);
      row?.classList.toggle("is-silent", track.sound.muted);
      row?.querySelector('[data-do="mute"]').setAttribute("aria-pressed", String(track.silenced));
      row?.querySelector('[data-do="solo"]').setAttribute("aria-pressed", String(this.solo === track.id));
    }
  }

  #show() {
    this.section.classList.toggle("is-playing", this.playing);
    const button = this.section.querySelector('[data-do="toggle"]');
    button.setAttribute("aria-label", this.playing ? button.dataset.pause : button.dataset.play);
    this.#showTime();
  }

  #showTime() {
    const text = clock(this.position);
    const now = this.section.querySelector("[data-now]");
    if (now.textContent !== text) {
      now.textContent = text;
      this.seekBar.setAttribute("aria-valuetext", text);
    }
    this.seekBar.value = String(this.position);
  }
}

export function clock(seconds) {
  const whole = Math.floor(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n) => String(n).padStart(2, "0");
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}
