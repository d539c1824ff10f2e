// Uploads: each file, or one set of tracks, goes to the REST API by itself, with its own progress,
// its own cancel and its own error. Two at a time; the page may be used meanwhile.

const AT_ONCE = 2;
const form = document.getElementById("upload");
const list = document.getElementById("upload-list");
const words = document.getElementById("upload-words").dataset;
const template = document.getElementById("upload-row");
const waiting = [];
let running = 0;

/** One row: what is sent, and the buttons that belong to it. */
function addUpload(files, fields) {
  const row = template.content.firstElementChild.cloneNode(true);
  const upload = { files, fields, row, request: null };
  const name = files.length === 1 ? files[0].name : `${words.many} ${files.length}`;
  row.querySelector(".upload-name").textContent = name;
  row.querySelector("[data-cancel]").addEventListener("click", () => cancel(upload));
  row.querySelector("[data-retry]").addEventListener("click", () => enqueue(upload));
  list.prepend(row);
  enqueue(upload);
}

function enqueue(upload) {
  const problem = checked(upload.files);
  if (problem) return fail(upload, problem, false);
  show(upload, words.waiting, { cancel: true });
  waiting.push(upload);
  startNext();
}

function checked(files) {
  const size = files.reduce((sum, file) => sum + file.size, 0);
  if (files.some((file) => file.size === 0)) return words.empty;
  return size > Number(form.dataset.limit) ? words.tooLarge : "";
}

function startNext() {
  while (running < AT_ONCE && waiting.length) {
    running += 1;
    send(waiting.shift());
  }
}

function send(upload) {
  const body = new FormData();
  for (const [name, value] of Object.entries(upload.fields)) if (value) body.append(name, value);
  for (const file of upload.files) {
    if (upload.files.length > 1) body.append("track_name", file.name.replace(/\.[^.]+$/, ""));
    body.append("file", file);
  }
  const request = new XMLHttpRequest();
  upload.request = request;
  request.open("POST", form.dataset.api);
  request.setRequestHeader("X-CSRFToken", form.elements.csrfmiddlewaretoken.value);
  request.setRequestHeader("Accept-Language", document.documentElement.lang);
  request.responseType = "json";
  request.upload.addEventListener("progress", (event) => sent(upload, event));
  request.addEventListener("load", () => answered(upload, request));
  request.addEventListener("error", () => fail(upload, words.offline, true));
  request.addEventListener("abort", () => show(upload, words.cancelled, { retry: true }));
  request.addEventListener("loadend", () => { running -= 1; upload.request = null; startNext(); });
  show(upload, words.sending, { cancel: true, progress: 0 });
  request.send(body);
}

function sent(upload, event) {
  const share = event.lengthComputable ? (100 * event.loaded) / event.total : 0;
  const all = event.lengthComputable && event.loaded === event.total;
  show(upload, all ? words.storing : `${words.sending} ${Math.floor(share)} %`, { cancel: true, progress: share });
}

function answered(upload, request) {
  const answer = request.response ?? {};
  if (request.status === 200 || request.status === 201) {
    const open = upload.row.querySelector("[data-open]");
    open.href = `${form.dataset.recordingUrl}${encodeURIComponent(answer.id)}/`;
    show(upload, request.status === 200 ? words.known : words.done, { open: true, tone: "ok" });
    return;
  }
  if (request.status === 401) return fail(upload, words.session, true);
  const next = answer.details?.next_action ?? "";
  fail(upload, `${answer.message ?? words.refused} ${next}`.trim(), ![413, 415].includes(request.status));
}

function cancel(upload) {
  if (upload.request) return upload.request.abort();
  waiting.splice(waiting.indexOf(upload), 1);
  show(upload, words.cancelled, { retry: true });
}

function fail(upload, text, again) {
  show(upload, text, { retry: again, tone: "danger" });
}

function show(upload, text, { progress, cancel: stop, retry, open, tone = "" } = {}) {
  const { row } = upload;
  row.dataset.tone = tone;
  const state = row.querySelector(".upload-state");
  if (state.textContent !== text) state.textContent = text;
  const bar = row.querySelector("progress");
  bar.hidden = progress === undefined;
  bar.value = progress ?? 0;
  row.querySelector("[data-cancel]").hidden = !stop;
  row.querySelector("[data-retry]").hidden = !retry;
  row.querySelector("[data-open]").hidden = !open;
}

function take(files) {
  const chosen = [...files];
  if (!chosen.length) return;
  const { together, title, language } = form.elements;
  const fields = { title: title.value.trim(), language: language.value };
  const sets = together.checked ? [chosen] : chosen.map((file) => [file]);
  if (sets.length > 1) fields.title = "";
  for (const set of sets) addUpload(set, fields);
  title.value = "";
}

form.addEventListener("change", (event) => {
  if (event.target.type !== "file") return;
  take(event.target.files);
  event.target.value = "";
});
form.addEventListener("submit", (event) => event.preventDefault());

const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
let depth = 0;
document.addEventListener("dragenter", (event) => {
  if (!carriesFiles(event)) return;
  depth += 1;
  form.classList.add("is-target");
});
document.addEventListener("dragleave", (event) => {
  if (carriesFiles(event) && --depth <= 0) form.classList.remove("is-target");
});
document.addEventListener("dragover", (event) => { if (carriesFiles(event)) event.preventDefault(); });
document.addEventListener("drop", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  depth = 0;
  form.classList.remove("is-target");
  take(event.dataTransfer.files);
});

window.addEventListener("beforeunload", (event) => { if (running) event.preventDefault(); });
