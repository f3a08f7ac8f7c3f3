"use strict";
// Keeps a page up to date: the server says when something has changed, and the page is fetched again and put in place, part by part, so that the
// focus, the scrolling and what is open or being typed stay. Without scripts a page is what it was when it was loaded.
(() => {
  const body = document.body, status = document.getElementById("live");
  const say = (text, lost = false) => {
    if (status.textContent !== text) status.textContent = text;
    status.classList.toggle("lost", lost);
  };

  // Ids and commands are copied by a button beside them, where the browser lets a page do that.
  if (navigator.clipboard) document.documentElement.classList.add("scripts");
  document.addEventListener("click", async (e) => {
    const button = e.target.closest("button.copy");
    if (!button) return;
    await navigator.clipboard.writeText(button.dataset.copy);
    button.classList.add("done");
    say("copied");
    setTimeout(() => { button.classList.remove("done"); if (status.textContent === "copied") say(""); }, 2000);
  });

  // A time tells what it is on the reader's own clock.
  document.addEventListener("mouseover", (e) => {
    const time = e.target.closest("time[datetime]");
    if (time) time.title = new Date(time.dateTime).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "long" });
  });

  if (!("live" in body.dataset) || !window.EventSource) return;
  let busy = false, again = false, last = 0, silent = null; // silent: since when nobody answers

  // same says whether two nodes stand for the same thing, so that the old one can take over what the new one says.
  const same = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && (a.nodeType !== 1 || a.id === b.id);

  const morph = (old, next) => {
    if (old.nodeType !== 1) {
      if (old.nodeValue !== next.nodeValue) old.nodeValue = next.nodeValue;
      return;
    }
    if (old === document.activeElement && old.matches("input, select, textarea")) return;
    for (const { name } of [...old.attributes]) {
      if (!next.hasAttribute(name) && !(name === "open" && old.nodeName === "DETAILS")) old.removeAttribute(name);
    }
    for (const { name, value } of [...next.attributes]) {
      if (old.getAttribute(name) !== value && !(name === "open" && old.nodeName === "DETAILS")) old.setAttribute(name, value);
    }
    let a = old.firstChild;
    for (let b = next.firstChild; b; ) {
      const after = b.nextSibling;
      if (b.nodeType === 1 && b.id) {
        const moved = [...old.children].find((c) => c.id === b.id);
        if (moved && moved !== a) old.insertBefore(moved, a), a = moved;
      }
      if (a && same(a, b)) {
        morph(a, b);
        a = a.nextSibling;
      } else {
        old.insertBefore(document.importNode(b, true), a);
      }
      b = after;
    }
    while (a) {
      const after = a.nextSibling;
      a.remove();
      a = after;
    }
  };

  const refresh = async () => {
    if (busy) { again = true; return; }
    busy = true;
    try {
      const r = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "manual" });
      if (r.type === "opaqueredirect") { location.reload(); return; }
      if (!r.ok) throw new Error(String(r.status));
      const page = new DOMParser().parseFromString(await r.text(), "text/html");
      const main = page.querySelector("main");
      morph(document.querySelector("main"), main);
      morph(document.querySelector("footer"), page.querySelector("footer"));
      morph(document.getElementById("state"), page.getElementById("state"));
      const icon = document.querySelector("link[rel=icon]"), next = page.querySelector("link[rel=icon]").getAttribute("href");
      if (icon.getAttribute("href") !== next) icon.setAttribute("href", next);
      document.title = page.title;
      body.dataset.tag = page.body.dataset.tag;
      last = Date.now();
      say("live");
    } catch {
      if (!silent) say("the page could not be brought up to date; it is tried again", true);
    } finally {
      busy = false;
      if (again) { again = false; refresh(); }
    }
  };

  const connect = () => {
    const stream = new EventSource("/api/v1/events");
    stream.addEventListener("state", (e) => {
      silent = null;
      say("live");
      if (JSON.parse(e.data).tag !== body.dataset.tag) refresh();
    });
    stream.onerror = () => {
      silent ??= new Date().toISOString().slice(11, 19);
      say(`emrguard does not answer since ${silent} UTC; this page shows what was known before`, true);
      if (stream.readyState === EventSource.CLOSED) setTimeout(connect, 3000); // a browser gives up after an answer that is no stream
    };
  };
  connect();
  setInterval(() => { if (document.visibilityState === "visible" && Date.now() - last > 15000) refresh(); }, 5000); // ages go on
})();
