// What the pages gain by a script: times in the reader's zone, keys, copying, marking, and news as they happen.
"use strict";

function localTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    const two = (number) => String(number).padStart(2, "0");
    const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
    time.textContent = time.classList.contains("day") ? day : `${day} ${two(at.getHours())}:${two(at.getMinutes())}`;
  }
}

function copying(root) {
  if (!navigator.clipboard) return;
  for (const button of root.querySelectorAll("button.copy")) {
    if (!button.hidden) continue;  // prepared before
    button.hidden = false;
    button.addEventListener("click", async () => {
      const from = button.dataset.copyFrom;
      await navigator.clipboard.writeText(from ? document.getElementById(from).textContent : button.dataset.copy);
      const said = button.textContent;
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = said; }, 1500);
    });
  }
}

function marking(root) {
  const all = root.querySelector("#all");
  if (!all) return;
  const boxes = [...root.querySelectorAll("input[name=names]")];
  const say = () => {
    const number = boxes.filter((box) => box.checked).length;
    root.querySelector("#marked").textContent = number ? `${number} marked` : "Mark names to triage them";
  };
  if (all.dataset.ready) return;
  all.dataset.ready = "yes";
  all.addEventListener("change", () => { for (const box of boxes) box.checked = all.checked; say(); });
  for (const box of boxes) box.addEventListener("change", say);
}

function prepare(root) {
  localTimes(root);
  copying(root);
  marking(root);
}

function rows() {
  return [...document.querySelectorAll(".rows tbody tr")];
}

function move(step) {
  const all = rows();
  if (!all.length) return;
  const at = all.findIndex((row) => row.classList.contains("here"));
  const next = all[Math.min(all.length - 1, Math.max(0, at < 0 ? 0 : at + step))];
  for (const row of all) row.classList.remove("here");
  next.classList.add("here");
  next.scrollIntoView({ block: "nearest" });
  next.querySelector("a")?.focus({ preventScroll: true });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input:not([type=checkbox]), textarea, select")) return;
  const here = document.querySelector("tr.here");
  const keys = {
    j: () => move(1),
    k: () => move(-1),
    x: () => here?.querySelector("input[type=checkbox]")?.click(),
    "/": () => document.getElementById("search")?.focus(),
    "?": () => document.getElementById("keys")?.showModal(),
  };
  if (keys[event.key]) {
    event.preventDefault();
    keys[event.key]();
  }
});

function news() {
  const place = document.getElementById("news");
  if (!place || !window.EventSource) return;
  let stream = null;
  let number = 0;
  const open = () => {
    stream = new EventSource("/api/v1/events/stream");
    stream.onmessage = heard;
    for (const kind of ["mail_became_able", "mail_found_able", "mail_became_unable", "exchanges_changed", "lookalike_found",
      "registered", "lapsed", "expiring", "own_mail_at_risk", "watch_stale", "watch_recovered", "channel_failing"]) {
      stream.addEventListener(kind, heard);
    }
  };
  const heard = () => {
    number += 1;
    const link = document.createElement("a");
    link.href = location.pathname;
    link.textContent = `${number} new: show ${number === 1 ? "it" : "them"}`;
    place.replaceChildren(link);
    document.title = `(${number} new) Now - watcher`;
  };
  open();
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { stream.close(); } else if (stream.readyState === EventSource.CLOSED) { open(); }
  });
}

const login = document.getElementById("login");
if (login && location.hash.startsWith("#link=")) {
  login.elements.link.value = location.hash.slice(6);
  login.elements.token.required = false;
  history.replaceState(null, "", location.pathname + location.search);
  login.submit();
}
prepare(document);
news();
for (const hint of document.querySelectorAll(".keys")) hint.hidden = false;
for (const name of ["htmx:after:swap", "htmx:after:settle", "htmx:afterSwap"]) {
  document.addEventListener(name, () => prepare(document.getElementById("list") || document));
}
