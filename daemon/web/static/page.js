// Improves the page where scripts run: news without a reload, further jobs as one scrolls, actions in place.
// Everything here also works without it, by links and forms.
"use strict";

const cards = document.getElementById("cards");
const story = document.querySelector("[data-job]");
const live = document.getElementById("live");
const notices = document.getElementById("notices");
const pulse = document.querySelector("[data-pulse]");
const MOST_AT_ONCE = 60;

async function fragment(address) {
  const answer = await fetch(address, { credentials: "same-origin" });
  if (answer.status === 401) location.reload();
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

// Replaces only the parts that differ, so that pictures don't flicker and what somebody is doing is left alone.
function renew(old, fresh) {
  for (const name of fresh.getAttributeNames()) {
    const value = fresh.getAttribute(name);
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const name of old.getAttributeNames()) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const part of fresh.querySelectorAll("[data-part]")) {
    const before = old.querySelector(`[data-part="${part.dataset.part}"]`);
    if (!before || before.origin === part.innerHTML || (!before.origin && before.innerHTML === part.innerHTML)) continue;
    if ([...before.querySelectorAll("video, audio")].some((each) => !each.paused)) continue;
    if (before.querySelector("form :checked, form input:focus, details[open] form")) continue;
    const focused = before.contains(document.activeElement) ? pathOf(document.activeElement, before) : null;
    before.origin = part.innerHTML;
    before.replaceChildren(...document.importNode(part, true).childNodes);
    if (focused) before.querySelector(focused)?.focus();
  }
}

function pathOf(element, root) {
  for (const name of ["href", "action", "name"]) {
    const value = element.getAttribute(name);
    if (value) return `${element.localName}[${name}="${CSS.escape(value)}"]`;
  }
  const form = element.closest("form");
  return form && root.contains(form) ? `form[action="${CSS.escape(form.getAttribute("action"))}"] ${element.localName}` : element.localName;
}

let toSay = [];
let sayLater = 0;
function say(text) {
  toSay.push(text);
  sayLater ||= setTimeout(() => {
    live.textContent = toSay.length > 3 ? `${toSay.length} jobs changed` : toSay.join("; ");
    toSay = [];
    sayLater = 0;
  }, 1500);
}

function address(path, more) {
  const query = new URLSearchParams();
  if (cards.dataset.folder) query.set("folder", cards.dataset.folder);
  if (cards.dataset.state) query.set("state", cards.dataset.state);
  for (const [name, value] of Object.entries(more || {})) query.set(name, value);
  return `${path}?${query}`;
}

const sizes = "IntersectionObserver" in window ? new IntersectionObserver(further, { rootMargin: "1500px" }) : null;

async function further(entries) {
  const seen = entries.find((entry) => entry.isIntersecting);
  if (!seen) return;
  const link = seen.target;
  sizes.unobserve(link);
  try {
    const query = new URL(link.href).searchParams;
    const found = await fragment(address("/cards", { before: query.get("before") }));
    const place = link.closest(".further");
    for (const card of found.querySelectorAll(".card")) if (document.getElementById(card.id)) card.remove();
    place.replaceWith(...[...found.body.children].map((each) => document.adoptNode(each)));
    watchMore();
  } catch {
    link.textContent = "Older jobs (try again)";
  }
}

function watchMore() {
  for (const link of document.querySelectorAll("[data-more]")) sizes?.observe(link);
}

async function renewSummary() {
  const found = await fragment(address("/summary"));
  const summary = document.getElementById("summary");
  const fresh = document.createElement("section");
  fresh.append(...found.body.childNodes);
  for (const part of [...fresh.querySelectorAll("[data-part]")]) {
    if (part.dataset.part === "headline") document.title = `${part.firstChild.textContent.trim()} · hotfolder`;
  }
  fresh.id = "summary";
  fresh.className = "summary";
  renew(summary, fresh);
}

async function renewCards(ids) {
  for (let start = 0; start < ids.length; start += MOST_AT_ONCE) {
    const some = ids.slice(start, start + MOST_AT_ONCE);
    const found = await fragment(address("/cards", { ids: some.join(",") }));
    const fresh = new Map([...found.querySelectorAll(".card")].map((card) => [Number(card.dataset.id), card]));
    for (const id of some.sort((a, b) => a - b)) place(id, fresh.get(id));
  }
}

function place(id, fresh) {
  const old = document.getElementById(`job-${id}`);
  if (!fresh) {
    if (old && !old.contains(document.activeElement)) old.remove();
    return;
  }
  if (old) {
    if (old.dataset.label !== fresh.dataset.label) say(`${fresh.dataset.name}: ${fresh.dataset.label}`);
    renew(old, fresh);
    return;
  }
  const all = cards.getElementsByClassName("card");
  const last = all.length ? Number(all[all.length - 1].dataset.id) : 0;
  if (cards.dataset.older !== undefined || (id < last && document.querySelector("[data-more]"))) return;
  const card = document.importNode(fresh, true);
  card.classList.add("new");
  const next = [...all].find((each) => Number(each.dataset.id) < id);
  if (next) next.before(card);
  else [...cards.querySelectorAll(".batch")].pop().append(card);
  document.querySelector(".nothing")?.remove();
  say(`${fresh.dataset.name}: ${fresh.dataset.label}`);
}

async function renewStory() {
  const found = await fragment(location.pathname);
  const fresh = found.querySelector("[data-job]");
  if (!fresh) return;
  if (fresh.dataset.label !== story.dataset.label) say(`${fresh.dataset.name}: ${fresh.dataset.label}`);
  renew(story, fresh);
  document.title = found.title;
}

// One request at a time; what changes meanwhile is asked for together, in the next one.
const wanted = { ids: new Set(), all: false, summary: false };
let busy = false;
async function look() {
  if (busy) return;
  busy = true;
  try {
    while (wanted.ids.size || wanted.all || wanted.summary) {
      const ids = wanted.all ? shownIds() : [...wanted.ids];
      const newest = wanted.all;
      wanted.ids.clear();
      wanted.all = wanted.summary = false;
      if (story) {
        await renewStory();
      } else {
        await renewSummary();
        if (newest) await renewNewest();
        await renewCards(ids);
      }
      // Where a pile goes through, now and then is enough: the daemon has other work.
      await new Promise((go) => setTimeout(go, newest ? 2000 : 300));
    }
  } catch {
    pulse?.classList.add("away");
  } finally {
    busy = false;
  }
}

async function renewNewest() {
  if (cards.dataset.older !== undefined) return;
  const found = await fragment(address("/cards"));
  const fresh = [...found.querySelectorAll(".card")].reverse();
  for (const card of fresh) place(Number(card.dataset.id), card);
}

function shownIds() {
  const inView = [...cards?.querySelectorAll(".card") ?? []].filter((card) => {
    const box = card.getBoundingClientRect();
    return box.bottom > -200 && box.top < innerHeight + 200;
  });
  return inView.map((card) => Number(card.dataset.id));
}

let source = null;
function listen() {
  if (source || !("EventSource" in window)) return;
  source = new EventSource("/events");
  source.addEventListener("hello", () => {
    if (pulse) {
      pulse.hidden = false;
      pulse.classList.remove("away");
      pulse.textContent = "live";
    }
    document.querySelector("[data-refresh]")?.setAttribute("hidden", "");
    wanted.all = true;
    look();
  });
  source.addEventListener("change", (event) => {
    const told = JSON.parse(event.data);
    if (told.many) wanted.all = true;
    for (const id of told.ids || []) if (!story || id === Number(story.dataset.job)) wanted.ids.add(id);
    wanted.summary = !story;
    look();
  });
  source.addEventListener("error", () => {
    document.querySelector("[data-refresh]")?.removeAttribute("hidden");
    if (source?.readyState === EventSource.CLOSED) setTimeout(again, 5000);
    if (!pulse) return;
    pulse.classList.add("away");
    pulse.textContent = "waiting for the daemon";
  });
}

function again() {
  hush();
  if (!document.hidden) listen();
}

// A page that nobody sees holds no connection: browsers have six for a host, and the daemon has other work.
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) return listen();
  hush();
});
addEventListener("pagehide", hush); // else one that is kept for going back would hold its connection
addEventListener("pageshow", (event) => event.persisted && listen());

function hush() {
  source?.close();
  source = null;
}

setInterval(() => {
  if (document.hidden) return;
  const now = Date.now();
  for (const each of document.querySelectorAll(".progress[data-since]")) {
    each.began ??= now - 1000 * Number(each.dataset.elapsed);
    const elapsed = (now - each.began) / 1000;
    const usual = Number(each.dataset.usual);
    each.querySelector(".elapsed").textContent = elapsed < 100 ? `${Math.round(elapsed)} s` : `${Math.round(elapsed / 60)} min`;
    if (usual) each.querySelector("progress").value = Math.min(95, (100 * elapsed) / usual);
  }
}, 1000);

// What waits may wait for something else by now, which is no news by itself.
setInterval(() => {
  if (document.hidden || !source) return;
  for (const card of document.querySelectorAll(".card[data-moving]")) {
    if (wanted.ids.size < MOST_AT_ONCE) wanted.ids.add(Number(card.dataset.id));
  }
  wanted.summary = !story;
  look();
}, 15000);

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  event.preventDefault();
  const button = event.submitter;
  if (button) button.disabled = true;
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      headers: { Accept: "application/json" },
      credentials: "same-origin",
    });
    if (!answer.headers.get("content-type")?.startsWith("application/json")) throw new Error(String(answer.status));
    tell(await answer.json());
    form.reset();
    form.closest("details")?.removeAttribute("open");
    const id = form.action.match(/\/jobs\/(\d+)\//)?.[1];
    if (id) wanted.ids.add(Number(id));
    wanted.summary = true;
    if (form.closest(".controls")) location.reload();
    look();
  } catch {
    form.submit();
  } finally {
    if (button) button.disabled = false;
  }
});

function tell(said) {
  const box = document.createElement("div");
  box.className = `notice ${said.refused ? "refused" : "fine"}`;
  for (const line of said.lines) {
    const text = document.createElement("p");
    text.textContent = line.replaceAll("`", "");
    box.append(text);
  }
  notices.replaceChildren(box);
  live.textContent = said.lines.join("; ");
}

document.addEventListener("error", (event) => {
  if (event.target.localName === "img") event.target.classList.add("broken");
}, true);

watchMore();
listen();
