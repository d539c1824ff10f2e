// Correcting lines in their place, and lines that others correct meanwhile.
//
// After every change the part of the text that is shown is fetched again and laid over the page
// line by line: what did not change stays as it is, and so do lines that somebody is writing in.
import { say } from "./app.js";

const HEADERS = { "HX-Request": "true" };
const before = new WeakMap(); // form -> the line that it stands for
let refreshing = null;
let again = false;

const box = () => document.getElementById("lines");

document.addEventListener("click", (event) => {
  const opener = event.target.closest(".phrase-edit");
  if (opener && box()?.contains(opener) && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    open(opener);
  }
  const cancel = event.target.closest("form.phrase [data-cancel]");
  if (cancel && box()?.contains(cancel)) {
    event.preventDefault();
    close(cancel.closest("form"));
  }
});

document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.("#lines form.phrase");
  if (!form) return;
  if (event.key === "Escape") close(form);
  if (event.key !== "Enter" || !event.target.matches("textarea") || event.isComposing) return;
  event.preventDefault(); // a line has no line breaks
  if (!event.shiftKey) form.requestSubmit();
});

document.addEventListener("submit", (event) => {
  if (!event.target.matches("form.phrase")) return;
  if (!box()) { // a page of its own
    if (event.submitter?.value === "split") setPlace(event.target);
    return;
  }
  event.preventDefault();
  save(event.target, event.submitter);
});

document.addEventListener("sai:changed", ({ detail: { id, types } }) => {
  if (box()?.dataset.recording === id && types.has("transcript.changed")) refresh();
});

async function open(opener) {
  const line = opener.closest(".phrase");
  const answer = await ask(opener.href, { headers: HEADERS });
  if (!answer) return;
  if (!answer.ok) {
    refresh(); // the line is no more, or the right to correct it
    return;
  }
  const form = formIn(await answer.text());
  form.classList.add(...[...line.classList].filter((name) => /^s\d$/.test(name)));
  before.set(form, line);
  show(form, line);
}

function formIn(html) {
  const form = new DOMParser().parseFromString(html, "text/html").querySelector("form.phrase");
  form?.querySelector("noscript")?.remove(); // a parsed document knows no scripts
  return form;
}

function show(form, instead) {
  document.adoptNode(form);
  instead.replaceWith(form);
  const field = form.querySelector("textarea");
  field.focus();
  field.setSelectionRange(field.value.length, field.value.length);
  tellLines();
}

function close(form) {
  const line = before.get(form);
  if (line) form.replaceWith(line);
  else form.remove();
  line?.querySelector(".phrase-time").focus();
  tellLines();
  refresh();
}

async function save(form, submitter) {
  if (form.dataset.busy) return;
  form.dataset.busy = "on";
  if (submitter?.value === "split") setPlace(form);
  const body = new FormData(form, submitter);
  const url = submitter?.getAttribute("formaction") ?? form.getAttribute("action");
  const answer = await ask(url, { method: "POST", body, headers: HEADERS });
  delete form.dataset.busy;
  if (!answer) return;
  if (answer.status === 204) {
    say(box().dataset.saved);
    await refresh(form);
    document.getElementById(form.id)?.querySelector(".phrase-time")?.focus({ preventScroll: true });
    return;
  }
  const told = formIn(await answer.text());
  if (told) {
    before.set(told, before.get(form));
    told.classList.add(...[...form.classList].filter((name) => /^s\d$/.test(name)));
    show(told, form);
  } else await refresh(form);
}

/** The number of the word that the second half begins with, from where the cursor is. */
function setPlace(form) {
  const field = form.querySelector("textarea");
  const text = field.value.slice(0, field.selectionStart).trim();
  form.querySelector("input[name=at]").value = text ? text.split(/\s+/).length : 0;
}

async function ask(url, options) {
  try {
    return await fetch(url, { credentials: "same-origin", ...options });
  } catch {
    say(box().dataset.failed);
    tell(box().dataset.failed);
    return null;
  }
}

function tell(words) {
  const notice = document.createElement("div");
  notice.className = "notice is-danger";
  notice.textContent = words;
  document.getElementById("notices").replaceChildren(notice);
}

/** One at a time; what changed meanwhile is fetched once more behind it. */
async function refresh(done = null) {
  if (done) done.dataset.done = "on";
  if (refreshing) {
    again = true;
    await refreshing;
    return;
  }
  do {
    again = false;
    refreshing = fetchShown();
    await refreshing;
    refreshing = null;
  } while (again);
}

async function fetchShown() {
  const lines = box()?.querySelectorAll(".phrase") ?? [];
  if (!lines.length) return;
  const { panelUrl, version } = box().dataset;
  const query = new URLSearchParams({ since: lines[0].dataset.s, until: lines[lines.length - 1].dataset.s });
  if (new URLSearchParams(location.search).has("version")) query.set("version", version);
  const answer = await ask(`${panelUrl}?${query}`, { headers: HEADERS });
  if (!answer?.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const wanted = fresh.getElementById("lines");
  if (!wanted || !box()) return;
  box().dataset.version = wanted.dataset.version;
  lay(box(), wanted);
  replace("#panel-transcript .panel-head", fresh);
  replace("#panel-transcript .speakers", fresh);
  replace("#corrections", fresh);
  const timeline = fresh.getElementById("timeline-source");
  if (timeline) document.getElementById("panel-transcript").append(document.adoptNode(timeline));
  tellLines();
}

function replace(selector, fresh) {
  const old = document.querySelector(selector);
  const wanted = fresh.querySelector(selector);
  if (!old || !wanted || old.outerHTML === wanted.outerHTML || old.contains(document.activeElement)) return;
  old.replaceWith(document.adoptNode(wanted));
  htmx.process(document.querySelector(selector));
}

/** Lays the fresh lines over those that are shown. */
function lay(shown, fresh) {
  const old = new Map([...shown.children].filter((one) => one.id).map((one) => [one.id, one]));
  const next = [...fresh.children].map((one) => {
    const here = old.get(one.id);
    return here && (isOpen(here) || isSame(here, one)) ? here : document.adoptNode(one);
  });
  const kept = new Set(next);
  for (const one of [...shown.children]) if (!kept.has(one)) one.remove();
  let place = shown.firstElementChild;
  for (const one of next) {
    if (one === place) place = place.nextElementSibling;
    else {
      shown.insertBefore(one, place);
      if (one.matches(".more")) htmx.process(one);
    }
  }
}

const isOpen = (one) => one.matches("form") && !one.dataset.done;
const isSame = (one, other) => one.outerHTML.replaceAll(" is-now", "") === other.outerHTML;

function tellLines() {
  document.dispatchEvent(new CustomEvent("sai:lines"));
}
