// Status without reloading: one WebSocket says that something changed, HTMX fetches what did.
//
// A lost message costs nothing: whatever is still moving is fetched again every few seconds too,
// and everything once after each new connection. Without a socket the page still moves, slower.

import { say } from "./app.js";

const POLL_MS = 5000;
const GATHER_MS = 200;
const RETRY_MS = [500, 1000, 2000, 5000, 10000, 20000];
const NO_RETRY = new Set([4401, 4403]);

let last = null;
let tries = 0;
let gatherTimer = 0;
const changed = new Map(); // recording id -> set of event types

function connect() {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const socket = new WebSocket(`${scheme}://${location.host}/ws/v1/events`);
  socket.addEventListener("open", () => {
    const ask = { op: "subscribe", topics: ["me"] };
    if (last !== null) ask.since = last;
    socket.send(JSON.stringify(ask));
  });
  socket.addEventListener("message", (message) => receive(JSON.parse(message.data)));
  socket.addEventListener("close", (event) => {
    document.documentElement.dataset.live = "off";
    if (NO_RETRY.has(event.code)) return;
    setTimeout(connect, RETRY_MS[Math.min(tries++, RETRY_MS.length - 1)]);
  });
}

function receive(message) {
  if (message.type === "snapshot") {
    tries = 0;
    last = message.seq;
    document.documentElement.dataset.live = "on";
    fetchMoving();
    return;
  }
  if (typeof message.seq !== "number") return;
  last = message.seq;
  const id = message.data?.recording ?? (message.object?.type === "recording" ? message.object.id : null);
  if (id) remember(id, message.type);
}

function remember(id, type) {
  if (!changed.has(id)) changed.set(id, new Set());
  changed.get(id).add(type);
  gatherTimer ||= setTimeout(fetchChanged, GATHER_MS);
}

function fetchChanged() {
  gatherTimer = 0;
  const rows = new URLSearchParams();
  for (const [id, types] of changed) {
    fetchParts(id, types);
    document.dispatchEvent(new CustomEvent("sai:changed", { detail: { id, types } }));
    chooseRow(rows, id, types);
  }
  changed.clear();
  fetchRows(rows);
}

function chooseRow(rows, id, types) {
  const row = document.getElementById(`row-${id}`);
  if (row && types.has("recording.deleted")) row.remove();
  else if (row) rows.append("id", id);
  else if (types.has("recording.created") && document.querySelector("#rows[data-takes-new]")) {
    document.getElementById("empty")?.remove();
    rows.append("new", id);
  }
}

function fetchRows(rows) {
  const results = document.getElementById("results");
  if (!results || ![...rows].length) return;
  htmx.ajax("GET", `${results.dataset.rowsUrl}?${rows}`, { source: results, swap: "none" });
}

/** Parts of one recording's page name the events that they wait for. */
function fetchParts(id, types) {
  for (const part of document.querySelectorAll(`[data-live][data-recording="${CSS.escape(id)}"]`)) {
    const waited = part.dataset.live.split(" ");
    if ([...types].some((type) => waited.includes(type)) && !busy(part)) htmx.trigger(part, "live");
  }
}

/** Somebody is writing in it: it is not replaced under his hands. */
function busy(part) {
  if (part.querySelector("form.phrase")) return true;
  return part.contains(document.activeElement) && document.activeElement.matches("input, textarea, select");
}

function fetchMoving() {
  const rows = new URLSearchParams();
  for (const one of document.querySelectorAll("[data-moving]")) {
    if (one.matches("[data-live]")) htmx.trigger(one, "live");
    else rows.append("id", one.dataset.recording);
  }
  fetchRows(rows);
}

/** A screen reader hears the new status; it would not notice that a part was replaced. */
let told = statusWords();

function statusWords() {
  return document.querySelector("#status [data-status]")?.textContent.trim() ?? "";
}

document.addEventListener("htmx:afterSettle", () => {
  const words = statusWords();
  if (words !== told) say(words);
  told = words;
});

setInterval(() => { if (!document.hidden) fetchMoving(); }, POLL_MS);
document.addEventListener("visibilitychange", () => { if (!document.hidden) fetchMoving(); });
if (!document.body.hasAttribute("data-no-socket")) connect();
