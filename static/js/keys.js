// Shortcuts of one key. They can be switched off: some people dictate, and letters then do things.

const STORED = "sai-keys";
const STEP_S = 5;

export function listenForKeys(player, transcript) {
  const box = document.getElementById("keys-on");
  box.checked = localStorage.getItem(STORED) !== "off";
  box.addEventListener("change", () => localStorage.setItem(STORED, box.checked ? "on" : "off"));
  const actions = {
    " ": () => player.toggle(),
    k: () => player.toggle(),
    j: () => player.step(-STEP_S),
    l: () => player.step(STEP_S),
    ArrowLeft: () => transcript.stepWord(-1),
    ArrowRight: () => transcript.stepWord(1),
    "[": () => player.changeRate(-1),
    "]": () => player.changeRate(1),
    e: () => transcript.editLine(),
    f: () => transcript.toggleFollowing(),
    "?": () => document.getElementById("keys").showModal(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (lineMoved(event, transcript) || !box.checked || taken(event)) return;
    const action = actions[latin(event)];
    if (!action) return;
    event.preventDefault();
    action();
  });
}

function lineMoved(event, transcript) {
  const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!by || !event.target.matches?.(".phrase-time")) return false;
  event.preventDefault();
  transcript.stepLine(event.target, by);
  return true;
}

/** The key as on a Latin keyboard, whatever layout is on. */
function latin(event) {
  if (event.code.startsWith("Key")) return event.code.slice(3).toLowerCase();
  return { BracketLeft: "[", BracketRight: "]" }[event.code] ?? event.key;
}

/** The key belongs to what has the focus: writing, choosing, pressing a button by space. */
function taken(event) {
  const { target } = event;
  if (target.matches?.("input:not([type=range]), select, textarea")) return true;
  if (target.matches?.("[type=range]")) return event.key.startsWith("Arrow");
  return event.key === " " && Boolean(target.closest?.("button, a, summary, label"));
}
