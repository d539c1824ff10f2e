// What an accessibility checker looks at first. Returns a list of complaints.
() => {
  const said = [];
  const shown = (one) => one.checkVisibility({ opacityProperty: false, visibilityProperty: true });
  const where = (one) => `<${one.tagName.toLowerCase()} ${one.id ? "#" + one.id : one.className}> ${(one.textContent ?? "").trim().slice(0, 40)}`;
  const text = (id) => document.getElementById(id)?.textContent.trim() ?? "";

  const named = (one) =>
    one.getAttribute("aria-label") ||
    (one.getAttribute("aria-labelledby") ?? "").split(" ").map(text).join("") ||
    [...(one.labels ?? [])].map((label) => label.textContent.trim()).join("") ||
    one.textContent.trim() || one.title;

  for (const one of document.querySelectorAll("button, a[href], summary, [role=button]")) {
    if (shown(one) && !named(one)) said.push(`no name: ${where(one)}`);
  }
  for (const one of document.querySelectorAll("input:not([type=hidden]), select, textarea, progress, dialog")) {
    const labels = [...(one.labels ?? [])].map((label) => label.textContent.trim()).join("");
    const label = one.getAttribute("aria-label") || text(one.getAttribute("aria-labelledby") ?? "");
    if (!labels && !label) said.push(`no label: ${where(one)} ${one.name ?? ""}`);
  }
  for (const one of document.querySelectorAll("[aria-labelledby], [aria-describedby], [for]")) {
    for (const name of ["aria-labelledby", "aria-describedby", "for"]) {
      for (const id of (one.getAttribute(name) ?? "").split(" ").filter(Boolean)) {
        if (!document.getElementById(id)) said.push(`${name} points nowhere: ${where(one)}`);
      }
    }
  }

  const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
  for (const id of new Set(ids.filter((one, place) => ids.indexOf(one) !== place))) said.push(`two of #${id}`);

  const headings = [...document.querySelectorAll("h1, h2, h3, h4")].filter(shown).map((one) => Number(one.tagName[1]));
  if (headings.filter((level) => level === 1).length !== 1) said.push(`${headings.filter((l) => l === 1).length} first headings`);
  headings.forEach((level, place) => { if (place && level > headings[place - 1] + 1) said.push(`heading ${level} after ${headings[place - 1]}`); });
  for (const one of ["main", "header", "html[lang]"]) {
    if (document.querySelectorAll(one).length < 1) said.push(`no ${one}`);
  }
  if (document.documentElement.scrollWidth > innerWidth + 1) said.push(`wider than the window: ${document.documentElement.scrollWidth} > ${innerWidth}`);

  // Contrast of every text with what is painted behind it.
  const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].map((part, place) => (place === 3 ? part / 255 : part));
  };
  const over = (top, below) => [0, 1, 2].map((n) => top[n] * top[3] + below[n] * (1 - top[3])).concat(1);
  const behind = (one) => {
    const layers = [];
    for (let at = one; at; at = at.parentElement) layers.push(rgba(getComputedStyle(at).backgroundColor));
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
  };
  const light = ([r, g, b]) => [r, g, b]
    .map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
  const ratio = (a, b) => {
    const [low, high] = [light(a), light(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const seen = new Set();
  while (walker.nextNode()) {
    const one = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || seen.has(one) || !shown(one) || one.closest(".unseen, template, script, option, [disabled]")) continue;
    seen.add(one);
    const style = getComputedStyle(one);
    const ground = behind(one);
    const found = ratio(over(rgba(style.color), ground), ground);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
    if (found < (large ? 3 : 4.5)) said.push(`contrast ${found.toFixed(2)}: ${where(one)}`);
  }
  return said;
}
