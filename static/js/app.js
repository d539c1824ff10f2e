// On every page: the theme switch, menus that close, dialogs, and copying.

const YEAR = 365 * 24 * 3600;

function switchTheme(event) {
  const button = event.submitter;
  if (!button?.value) return;
  event.preventDefault();
  document.documentElement.dataset.theme = button.value;
  document.cookie = `theme=${button.value}; path=/; max-age=${YEAR}; samesite=lax`;
  for (const one of event.target.querySelectorAll("button")) {
    one.setAttribute("aria-pressed", String(one === button));
  }
}

document.addEventListener("submit", (event) => {
  if (event.target.matches("[data-theme-switch]")) switchTheme(event);
});

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu !== except) menu.open = false;
  }
}

document.addEventListener("click", (event) => {
  closeMenus(event.target.closest("details.menu"));
  const opener = event.target.closest("[data-dialog]");
  if (opener) document.getElementById(opener.dataset.dialog)?.showModal();
  if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
  const copier = event.target.closest("[data-copy]");
  if (copier) copy(copier);
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = event.target.closest?.("details.menu[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

async function copy(button) {
  const field = document.getElementById(button.dataset.copy);
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    document.execCommand("copy");
  }
  say(button.dataset.copied);
}

/** Read out to a screen reader, without moving anything. */
export function say(text) {
  const place = document.getElementById("said");
  place.textContent = "";
  requestAnimationFrame(() => { place.textContent = text ?? ""; });
}

// A part that was swapped in may ask for the focus: otherwise it would be lost with the old part.
document.addEventListener("htmx:afterSettle", (event) => {
  const wanting = event.detail.elt?.querySelector?.("[data-focus]") ?? document.querySelector("[data-focus]");
  if (wanting) {
    wanting.focus();
    wanting.select?.();
    wanting.removeAttribute("data-focus");
  }
});
