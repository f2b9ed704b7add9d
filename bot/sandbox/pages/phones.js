// The page of stand-in phones: draws what the server tells over one event stream, posts what the phones do.
"use strict";

const KINDS = { sms: "SMS", whatsapp: "WhatsApp", telegram: "Telegram" };
const STATES = {
  accepted: "On its way", queued: "On its way", sent: "✓ Sent", delivered: "✓✓ Delivered", read: "✓✓ Read",
  undelivered: "Not delivered", failed: "Failed", canceled: "Cancelled", edited: "✓ Sent, edited",
  sending: "Sending…", taken: "✓ Taken by the service", "not reached": "The service was not reached",
};
const ERRORS = {
  30001: "too many messages waiting", 30003: "phone is off", 30005: "unknown number", 30006: "landline",
  30007: "filtered by the carrier", 30036: "too late: its validity ended", 63016: "outside WhatsApp's 24 hours",
  63019: "the picture could not be fetched", 63024: "no WhatsApp on this number",
};
const FAILED = /^(undelivered|failed|refused|not reached)/;
const phones = new Map();

function part(root, selector) { return root.querySelector(selector); }

function copy(id) { return document.getElementById(id).content.firstElementChild.cloneNode(true); }

async function post(path, body, type = "application/json") {
  const sent = type === "application/json" ? JSON.stringify(body) : body;
  const answer = await fetch(path, { method: "POST", headers: { "Content-Type": type }, body: sent });
  if (!answer.ok) throw new Error((await answer.text()) || answer.statusText);
}

function trying(problem, work) {
  problem.textContent = "";
  return work().catch((error) => { problem.textContent = error.message; });
}

function act(phone, name, body) {
  const view = phones.get(phone);
  return trying(part(view, ":scope > .problem"), () => post(`phones/${phone}/${name}`, body));
}

function drawPhone(phone) {
  const view = copy("phone");
  view.classList.add(phone.kind);
  const name = `${phone.name}, ${KINDS[phone.kind]}`;
  view.setAttribute("aria-label", name);
  part(view, ".name").textContent = phone.name;
  part(view, ".kind").textContent = KINDS[phone.kind];
  const number = phone.kind === "telegram" ? `user ${phone.number}` : phone.number;
  part(view, ".number").textContent = phone.crew ? `${number} · ${phone.crew}` : number;
  part(view, ".talk").setAttribute("aria-label", `Conversation on ${name}`);
  const field = part(view, ".write textarea");
  field.id = `${phone.id}-text`;
  part(view, ".write label").htmlFor = field.id;
  part(view, ".write label").textContent = `Message from ${name}`;
  listen(view, phone, field);
  const before = phones.get(phone.id);
  if (before) before.replaceWith(view); else document.getElementById(phone.crew ? "crew-phones" : "phones").append(view);
  phones.set(phone.id, view);
  countCrew();
  phone.bubbles.forEach((bubble) => drawBubble(phone.id, bubble));
  drawChat(phone.id, phone);
  if (phone.kind === "telegram" && !phone.has_started) drawKeyboard(phone.id, [[{ text: "/start" }]]);
}

function countCrew() {
  const count = document.getElementById("crew-phones").childElementCount;
  document.getElementById("crew").hidden = !count;
  document.getElementById("crew-count").textContent = count;
}

function listen(view, phone, field) {
  part(view, ".write").addEventListener("submit", (event) => {
    event.preventDefault();
    if (!field.value.trim()) return;
    const text = field.value;
    field.value = "";
    act(phone.id, "text", { text });
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      part(view, ".write").requestSubmit();
    }
  });
  part(view, ".place form").addEventListener("submit", (event) => {
    event.preventDefault();
    act(phone.id, "place", Object.fromEntries(new FormData(event.target)));
    part(view, ".place").open = false;
  });
  part(view, ".photo input").addEventListener("change", (event) => {
    const [file] = event.target.files;
    event.target.value = "";
    if (file) trying(part(view, ":scope > .problem"), () => post(`phones/${phone.id}/photo`, file, file.type));
  });
  part(view, ".remove").addEventListener("click", () => fetch(`phones/${phone.id}`, { method: "DELETE" }));
  const block = part(view, ".block");
  block.hidden = phone.kind !== "telegram";
  block.addEventListener("click", () => act(phone.id, "block", { is_blocked: block.dataset.blocked !== "true" }));
}

function drawChat(id, chat) {
  const block = part(phones.get(id), ".block");
  if ("is_blocked" in chat) {
    block.dataset.blocked = chat.is_blocked;
    block.textContent = chat.is_blocked ? "Unblock the bot" : "Block the bot";
  }
  if ("keyboard" in chat) drawKeyboard(id, chat.keyboard ? chat.keyboard.keyboard || [] : []);
}

function drawKeyboard(id, rows) {
  const view = part(phones.get(id), ".keyboard");
  view.hidden = rows.length === 0;
  view.replaceChildren(...rows.map((row) => buttons(row.map((key) => (typeof key === "string" ? { text: key } : key)), (key) => press(id, key))));
}

function press(id, key) {
  const view = phones.get(id);
  if (key.request_location) {
    const form = part(view, ".place form");
    return act(id, "place", Object.fromEntries(new FormData(form)));
  }
  if (key.request_contact) return act(id, "contact", { number: "+447700900" + id.replace(/\D/g, "").padStart(3, "0") });
  return act(id, "text", { text: key.text });
}

function buttons(row, pressed) {
  const line = document.createElement("div");
  for (const key of row) {
    const button = document.createElement("button");
    button.type = "button";
    button.dir = "auto";
    button.textContent = key.text;
    button.addEventListener("click", () => pressed(key));
    line.append(button);
  }
  return line;
}

function drawBubble(id, bubble) {
  const talk = part(phones.get(id), ".talk");
  const before = [...talk.children].find((one) => one.dataset.id === bubble.id);
  const atEnd = talk.scrollHeight - talk.scrollTop - talk.clientHeight < 80;
  const view = copy("bubble");
  view.dataset.id = bubble.id;
  view.classList.toggle("mine", bubble.is_mine);
  view.classList.toggle("failed", FAILED.test(bubble.state));
  part(view, ".who").textContent = bubble.is_mine ? "You:" : "Service:";
  part(view, ".text").textContent = bubble.text;
  part(view, ".pictures").append(...bubble.pictures.map(picture));
  part(view, ".extra").textContent = extra(bubble);
  const state = part(view, ".state");
  state.textContent = describe(bubble);
  state.classList.toggle("read", bubble.state === "read");
  part(view, ".buttons").append(...bubble.rows.map((row) => buttons(row, (key) => tap(id, bubble.id, key))));
  if (before) before.replaceWith(view); else talk.append(view);
  if (!bubble.is_mine) part(phones.get(id), ".typing").hidden = true;
  if (bubble.is_mine) drawKeyboardAfterStart(id);
  if (atEnd || bubble.is_mine) talk.scrollTop = talk.scrollHeight;
}

function drawKeyboardAfterStart(id) {
  const first = part(phones.get(id), ".keyboard button");
  if (first && first.textContent === "/start") drawKeyboard(id, []);
}

function tap(id, bubble, key) {
  if (key.url) return window.open(key.url, "_blank", "noopener");
  return act(id, "tap", { bubble, value: key.value });
}

function picture(address) {
  const image = document.createElement("img");
  image.src = address;
  image.alt = "Picture";
  return image;
}

function extra(bubble) {
  const said = [];
  if (bubble.place) {
    const named = bubble.place.label ? `${bubble.place.label}: ` : "";
    said.push(`Location: ${named}${bubble.place.latitude}, ${bubble.place.longitude}`);
  }
  if (bubble.contact) said.push(`Phone number ${bubble.contact}`);
  if (bubble.files) said.push(bubble.files === 1 ? "A file" : `${bubble.files} files`);
  return said.join("\n");
}

function describe(bubble) {
  const said = [STATES[bubble.state] || bubble.state];
  if (bubble.error) said.push(ERRORS[bubble.error] || "", `error ${bubble.error}`);
  if (bubble.segments > 1) said.push(`${bubble.segments} SMS segments`);
  return said.filter(Boolean).join(" · ");
}

function hear(event) {
  if (event.phones) {
    phones.forEach((view) => view.remove());
    phones.clear();
    event.phones.forEach(drawPhone);
  } else if (event.removed) {
    phones.get(event.removed)?.remove();
    phones.delete(event.removed);
    countCrew();
  } else if (typeof event.phone === "object") {
    drawPhone(event.phone);
  } else if (phones.has(event.phone)) {
    hearPhone(event);
  }
}

function hearPhone(event) {
  const view = phones.get(event.phone);
  if (event.bubble) drawBubble(event.phone, event.bubble);
  if (event.deleted) [...part(view, ".talk").children].find((one) => one.dataset.id === event.deleted)?.remove();
  if (event.typing) part(view, ".typing").hidden = false;
  if (event.chat) drawChat(event.phone, event.chat);
}

// Shows who may sign in to the console, and the present codes; asks again when they run out.
async function showBadges() {
  let seconds = 5;
  try {
    const shown = await (await fetch("badges")).json();
    drawBadges(shown);
    seconds = shown.seconds;
  } catch { /* the connection is lost, which the page says already */ }
  const left = document.getElementById("left");
  for (; seconds > 0; seconds -= 1) {
    left.textContent = seconds;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  showBadges();
}

function drawBadges(shown) {
  document.getElementById("staff").hidden = !shown.badges.length;
  const link = document.getElementById("console");
  link.href = link.textContent = shown.console;
  document.getElementById("badges").replaceChildren(...shown.badges.map((badge) => {
    const row = document.createElement("tr");
    for (const text of [badge.login, badge.code || "on the account's own phone", badge.password, badge.role]) {
      const cell = document.createElement("td");
      cell.textContent = text;
      row.append(cell);
    }
    row.children[1].classList.toggle("code", Boolean(badge.code));
    return row;
  }));
}

showBadges();

const connection = document.getElementById("connection");
const stream = new EventSource("events");
stream.onopen = () => { connection.textContent = "Live"; connection.classList.remove("lost"); };
stream.onerror = () => { connection.textContent = "Not live: the connection is lost, trying again"; connection.classList.add("lost"); };
stream.onmessage = (message) => hear(JSON.parse(message.data));

document.getElementById("add").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  trying(part(form, ".problem"), () => post("phones", Object.fromEntries(new FormData(form)))).then(() => form.reset());
});
