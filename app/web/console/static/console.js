// A little comfort; everything works without it. Parts of a page marked data-live (each with an id) are fetched anew,
// a form is sent once, times are shown in the reader's own zone.
"use strict";

const EVERY = 5;  // seconds, where a part does not say otherwise (data-live="1")

function showTimes(root) {
  const words = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
  for (const each of root.querySelectorAll("time[datetime]")) {
    const at = new Date(each.dateTime);
    if (isNaN(at)) continue;
    each.textContent = words.format(at);
    each.title = at.toISOString();
  }
}

function isInUse(part) {
  return part.contains(document.activeElement) || part.querySelector("details[open]") !== null;
}

function keepToken(page) {
  // The token of this page stays good; a newer one in each form would make everything look changed.
  const known = document.querySelector("input[name=csrf_token]");
  if (!known) return;
  for (const each of page.querySelectorAll("input[name=csrf_token]")) each.setAttribute("value", known.value);
}

function renew(parts, page) {
  keepToken(page);
  for (const part of parts) {
    const fresh = page.getElementById(part.id);
    if (!fresh) continue;
    showTimes(fresh);
    if (fresh.innerHTML === part.innerHTML || isInUse(part)) continue;
    part.innerHTML = fresh.innerHTML;
    if (fresh.dataset.live === undefined) delete part.dataset.live;  // it has come to its end
  }
  const menu = page.getElementById("menu");
  const shown = document.getElementById("menu");
  if (menu && shown && !isInUse(shown) && menu.innerHTML !== shown.innerHTML) shown.innerHTML = menu.innerHTML;
}

async function look() {
  const parts = [...document.querySelectorAll("[data-live][id]")];
  if (!parts.length) return;
  if (document.visibilityState === "visible") {
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html", "X-By-Itself": "yes" } });
      if (answer.redirected) return location.reload();  // signed out, or the work has ended elsewhere
      if (answer.ok) renew(parts, new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      // The server is away for a moment: the next look will tell.
    }
  }
  setTimeout(look, pause());
}

function pause() {
  const parts = [...document.querySelectorAll("[data-live][id]")];
  return 1000 * Math.min(EVERY, ...parts.map((part) => Number(part.dataset.live) || EVERY));
}

function sendOnce(event) {
  const form = event.target;
  if (form.dataset.sent) return event.preventDefault();
  if (form.method !== "post") return;
  form.dataset.sent = "yes";
  for (const button of form.querySelectorAll("button:not([type=button])")) button.setAttribute("aria-disabled", "true");
}

function sendAgain() {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("[aria-disabled]")) button.removeAttribute("aria-disabled");
  }
}

document.addEventListener("submit", sendOnce);
window.addEventListener("pageshow", sendAgain);
showTimes(document);
setTimeout(look, pause());
