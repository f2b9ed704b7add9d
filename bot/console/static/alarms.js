// Owns what makes a screen ring: the title, a tone and a notification on every page; none of them has a word of a case.
"use strict";

addEventListener("DOMContentLoaded", () => {
  const alarms = document.querySelector("[data-alarms]");
  if (!alarms) return;
  const EVERY = 5000; // milliseconds between two questions, on pages that do not follow the queue themselves
  const title = document.title;
  const tabs = new BroadcastChannel("muster");
  const read = (name) => new Set(JSON.parse(sessionStorage.getItem(name) ?? "[]"));
  let rung = read("rung"); // in this tab or another, so that one tab rings, and once
  let audio = null;
  let isLoud = sessionStorage.getItem("sound") === "on"; // on until it is turned off in this tab

  const tone = () => {
    if (!isLoud || audio?.state !== "running") return;
    [0, 0.25].forEach((at, number) => {
      const sound = audio.createOscillator();
      const loudness = audio.createGain();
      sound.frequency.value = number ? 660 : 880; // hertz
      loudness.gain.value = 0.2;
      sound.connect(loudness).connect(audio.destination);
      sound.start(audio.currentTime + at);
      sound.stop(audio.currentTime + at + 0.2);
    });
  };
  const remember = (urgent) => { rung = urgent; sessionStorage.setItem("rung", JSON.stringify([...urgent])); };
  const look = (urgent) => {
    const count = urgent.size;
    document.title = count ? `(${count}) ${title}` : title;
    const shown = alarms.querySelector("[data-urgent-count]");
    shown.hidden = !count;
    shown.querySelector("strong").textContent = count;
    const isFresh = [...urgent].some((one) => !rung.has(one));
    remember(urgent);
    if (!isFresh) return;
    tabs.postMessage({ rung: [...urgent] });
    tone();
    if ("Notification" in window && Notification.permission === "granted") {
      new Notification(notify.dataset.title, { body: notify.dataset.text, tag: "urgent" });
    }
  };
  tabs.addEventListener("message", ({ data }) => { if (data?.rung) remember(new Set([...rung, ...data.rung])); });

  // --- sound: browsers let a page sound only after somebody has pressed something on it -------------------------
  const sound = alarms.querySelector("[data-sound]");
  const tellSound = () => {
    sound.textContent = isLoud ? sound.dataset.on : sound.dataset.off;
    sound.setAttribute("aria-pressed", String(isLoud));
  };
  const wake = () => { if (isLoud) { audio ??= new AudioContext(); audio.resume(); } };
  sound.addEventListener("click", () => {
    isLoud = !isLoud;
    sessionStorage.setItem("sound", isLoud ? "on" : "off");
    tellSound();
    if (isLoud) { audio ??= new AudioContext(); audio.resume().then(tone); }
  });
  for (const name of ["pointerdown", "keydown"]) addEventListener(name, wake, { once: true });
  const notify = alarms.querySelector("[data-notify]");
  const tellPermission = () => {
    if (!("Notification" in window)) { notify.hidden = true; return; }
    if (Notification.permission === "default") return;
    const isOn = Notification.permission === "granted";
    notify.textContent = isOn ? notify.dataset.on : notify.dataset.denied;
    notify.setAttribute("aria-pressed", String(isOn));
  };
  notify.addEventListener("click", async () => { await Notification.requestPermission(); tellPermission(); });
  alarms.hidden = false;
  tellSound();
  tellPermission();

  // --- where it is known from: the queue's own stream, else a question every few seconds ------------------------
  const tally = () => {
    const here = document.querySelector("#tally [data-urgent]");
    if (here) look(new Set(here.dataset.urgent.split(" ").filter(Boolean)));
    return Boolean(here);
  };
  const cut = alarms.querySelector("[data-cut]");
  const ask = async () => {
    try {
      const answer = await fetch("/console/desk/alarms", {
        headers: { "X-Renews-Itself": "1" }, credentials: "same-origin", redirect: "error", signal: AbortSignal.timeout(EVERY),
      });
      if (!answer.ok) throw new Error(String(answer.status));
      const { urgent } = await answer.json();
      cut.hidden = true;
      look(new Set(urgent));
    } catch {
      cut.hidden = false; // nobody may trust a silence that is none
    }
    setTimeout(ask, EVERY);
  };
  if (tally()) document.body.addEventListener("htmx:sseMessage", (event) => { if (event.target.id === "tally") tally(); });
  else ask();
});
