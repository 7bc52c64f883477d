// The behaviour of the playground's page: say something, read a file, show the answer. No dependency, one server.

const MEGABYTE = 1024 * 1024;
const LARGEST_FILE = 200 * MEGABYTE; // these as in playground/files.py and incoming.py
const MOST_FILES = 20;
const LARGEST_BODY = 21 * MEGABYTE;
const LONG_PASTE = 100_000; // characters from which a text box becomes slow: such a paste is attached instead
const SHOWN = 200_000; // characters of one's own message that the page ever draws
const COLLAPSED_LINES = 8;
const COLLAPSED_CHARACTERS = 900;
const PATIENCE = 180_000; // milliseconds; a check of a server or a long log may take its time
const COPIED_FOR = 2_000;

const byId = (id) => document.getElementById(id);
const log = byId("log");
const words = byId("words");
const notice = byId("notice");
const curtain = byId("curtain");
let attached = []; // Files
let dragDepth = 0; // dragenter and dragleave come for every element that is crossed

// --- saying -----------------------------------------------------------------------------------

function send() {
  const text = words.value.trim() ? words.value : "";
  if (!text && !attached.length) {
    warn("Paste or write something first.");
    words.focus();
    return;
  }
  if (say(text, { addressed: !byId("overheard").checked, files: attached })) {
    clear();
  }
  words.focus();
}

function say(text, { addressed, files = [], label }) {
  if (new Blob([text]).size > LARGEST_BODY / 2) {
    warn("This is more than ndesbot reads at once. Attach it as a file.");
    return false;
  }
  byId("welcome")?.remove();
  if (window.matchMedia("(width < 820px)").matches) {
    byId("samples").open = false;
    byId("servers").open = false;
  }
  const own = showOwn(text, { files, label });
  ask({ text, addressed, files }, showBot());
  own.scrollIntoView({ block: "start" });
  return true;
}

async function ask(said, card) {
  waiting(card);
  try {
    const files = [];
    for (const file of said.files) files.push(await upload(file));
    const body = JSON.stringify({ ...said, files });
    const response = await fetch("/api/message", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body,
      signal: AbortSignal.timeout(PATIENCE),
    });
    if (!response.ok) {
      failed(card, (await response.json()).error, response.status >= 500 ? said : null);
      return;
    }
    for await (const told of linesOf(response)) {
      told.final ? answered(card, told) : filling(card, told);
    }
  } catch (error) {
    failed(card, error instanceof Unread ? error.message : inWords(error), said);
  }
}

class Unread extends Error {}

async function upload(file) {
  const response = await fetch(`/api/file?name=${encodeURIComponent(file.name)}`, {
    method: "POST",
    headers: { "Content-Type": "application/octet-stream" },
    body: file,
    signal: AbortSignal.timeout(PATIENCE),
  });
  const told = await response.json();
  if (!response.ok) throw new Unread(`${file.name}: ${told.error}`);
  return told.key;
}

async function* linesOf(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const lines = (rest + part.value).split("\n");
    rest = lines.pop();
    for (const line of lines) yield JSON.parse(line);
  }
}

function inWords(error) {
  if (error.name === "TimeoutError") {
    return "ndesbot has not answered for three minutes.";
  }
  return "The answer did not arrive: ndesbot cannot be reached on this computer. Is it still running?";
}

// --- the conversation --------------------------------------------------------------------------

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function message(className, name) {
  const time = new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const article = element("article", `message ${className}`);
  article.setAttribute("aria-label", `${name}, ${time}`);
  article.tabIndex = -1;
  const who = element("p", "who");
  who.append(element("strong", "", name), ` ${time}`);
  article.append(who);
  return article;
}

function showOwn(text, { files, label }) {
  const article = message("you", "You");
  const bubble = element("div", "bubble");
  if (label) {
    bubble.append(element("p", "said-words", label), element("p", "said-command", text));
  } else {
    for (const file of files) bubble.append(element("p", "file", called(file)));
    if (text) bubble.append(...collapsed(text));
  }
  article.append(bubble);
  log.append(article);
  return article;
}

function collapsed(text) {
  const short = text.slice(0, COLLAPSED_CHARACTERS).split("\n").slice(0, COLLAPSED_LINES).join("\n");
  const pre = element("pre", "", short);
  if (short.length === text.length) {
    return [pre];
  }
  pre.textContent = `${short} …`;
  const button = element("button", "all", `Show all (${size(text)})`);
  button.type = "button";
  button.setAttribute("aria-expanded", "false");
  button.addEventListener("click", () => {
    const open = button.getAttribute("aria-expanded") !== "true";
    button.setAttribute("aria-expanded", String(open));
    button.textContent = open ? "Show less" : `Show all (${size(text)})`;
    pre.textContent = open ? whole(text) : `${short} …`;
    pre.classList.toggle("text-all", open);
    pre.tabIndex = open ? 0 : -1; // it scrolls by itself then, so the keyboard must reach it
  });
  return [pre, button];
}

function whole(text) {
  if (text.length <= SHOWN) return text;
  return `${text.slice(0, SHOWN)}\n… the rest was sent, but is too long to show here.`;
}

function size(text) {
  const lines = text.split("\n").length;
  return `${lines.toLocaleString("en")} ${lines === 1 ? "line" : "lines"}, ${bytes(text.length)}`;
}

function bytes(count) {
  if (count < 1024) return `${count} bytes`;
  return count < MEGABYTE ? `${Math.round(count / 1024)} KB` : `${(count / MEGABYTE).toFixed(1)} MB`;
}

function showBot() {
  const card = message("bot", "ndesbot");
  log.append(card);
  return card;
}

function replace(card, content) {
  card.lastElementChild.classList.contains("who") ? card.append(content) : card.lastElementChild.replaceWith(content);
}

function waiting(card) {
  card.setAttribute("aria-busy", "true");
  replace(card, element("p", "quietly waiting", "ndesbot is reading"));
}

function filling(card, { html }) {
  replace(card, fromMarkup(html));
}

function answered(card, { silent, html, payloads }) {
  card.removeAttribute("aria-busy");
  if (silent) {
    replace(card, element("p", "quietly silent", "(ndesbot stays silent)"));
    return;
  }
  replace(card, fromMarkup(html));
  card.append(...surfaces(card.lastElementChild, payloads));
  if (card === log.lastElementChild) {
    (card.previousElementSibling ?? card).scrollIntoView({ block: "start" });
  }
}

// The same answer as each platform would be sent it: tabs under the answer, as the pattern of ARIA has them.

function surfaces(answer, payloads) {
  const panels = [["Answer", answer]];
  for (const [name, messages] of Object.entries(payloads ?? {})) {
    const panel = element("div", "payload");
    panel.hidden = true;
    for (const said of messages) panel.append(payload(name, said));
    panels.push([name, panel]);
  }
  const tabs = element("div", "tabs");
  tabs.setAttribute("role", "tablist");
  tabs.setAttribute("aria-label", "This answer in");
  for (const [name, panel] of panels) tabs.append(tab(name, panel, tabs, name === "Answer"));
  return [...panels.slice(1).map(([, panel]) => panel), tabs];
}

function payload(name, said) {
  const text = JSON.stringify(said, null, 2);
  const box = element("div", "payload-one");
  const copyButton = element("button", "copy", "Copy");
  copyButton.type = "button";
  copyButton.dataset.copy = text;
  copyButton.dataset.name = `what ${name} would be sent`;
  const head = element("p", "payload-head", `What ${name} would be sent, ${bytes(text.length)} `);
  head.append(copyButton);
  const pre = element("pre", "", text);
  pre.tabIndex = 0; // it scrolls by itself, so the keyboard must reach it
  box.append(head, pre);
  return box;
}

function tab(name, panel, tabs, chosen) {
  const button = element("button", "tab", name);
  button.type = "button";
  button.id = `tab-${crypto.randomUUID()}`;
  panel.id = `panel-${button.id}`;
  panel.setAttribute("role", "tabpanel");
  panel.setAttribute("aria-labelledby", button.id);
  button.setAttribute("role", "tab");
  button.setAttribute("aria-controls", panel.id);
  const choose = (one) => {
    for (const other of tabs.children) {
      const its = other === one;
      other.setAttribute("aria-selected", String(its));
      other.tabIndex = its ? 0 : -1;
      byId(other.getAttribute("aria-controls")).hidden = !its;
    }
  };
  button.setAttribute("aria-selected", String(chosen));
  button.tabIndex = chosen ? 0 : -1;
  button.addEventListener("click", () => choose(button));
  button.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const all = [...tabs.children];
    const next = all[(all.indexOf(button) + step + all.length) % all.length];
    choose(next);
    next.focus();
  });
  return button;
}

function fromMarkup(html) {
  const template = document.createElement("template");
  template.innerHTML = html; // escaped by connectors/render/html.py; the content policy runs no script besides ours
  return template.content.firstElementChild;
}

function failed(card, reason, said) {
  card.removeAttribute("aria-busy");
  const box = element("div", "quietly failed");
  box.append(element("p", "", reason || "ndesbot could not read this message."));
  if (said) {
    const retry = element("button", "quiet retry", "Try again");
    retry.type = "button";
    retry.addEventListener("click", () => {
      ask(said, card);
      card.focus();
    });
    box.append(retry);
  }
  replace(card, box);
  box.scrollIntoView({ block: "nearest" });
}

// --- buttons of an answer -----------------------------------------------------------------------

log.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.dataset.say !== undefined) {
    // A button is pressed on purpose, so the bot is addressed even in an overheard channel.
    say(button.dataset.say, { addressed: true, label: button.textContent });
  } else if (button?.dataset.copy !== undefined) {
    copy(button);
  }
});

async function copy(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    selectBeside(button);
    tell("The browser does not let this page copy. The step is selected: press Control C.");
    return;
  }
  tell(`Copied: ${button.dataset.name ?? button.dataset.copy}`);
  button.textContent = "Copied";
  button.classList.add("done");
  window.setTimeout(() => {
    button.textContent = "Copy";
    button.classList.remove("done");
  }, COPIED_FOR);
}

function selectBeside(button) {
  const step = button.closest(".payload-one")?.querySelector("pre") ?? button.parentElement.querySelector(".todo-text");
  const code = step.querySelector("code");
  window.getSelection().selectAllChildren(code?.textContent === button.dataset.copy ? code : step);
}

function tell(text) {
  byId("status").textContent = "";
  window.setTimeout(() => (byId("status").textContent = text), 50); // emptied first, so that the same words are said again
}

// --- the composer --------------------------------------------------------------------------------

function clear() {
  words.value = "";
  notice.textContent = "";
  detach();
  fit();
}

function warn(text) {
  notice.textContent = text;
}

function fit() {
  words.style.height = "auto";
  words.style.height = `${words.scrollHeight + 2}px`;
}

function attach(files) {
  attached = [...attached, ...files].slice(0, MOST_FILES);
  byId("attachment-name").textContent = attached.map(called).join(", ");
  byId("attachment").hidden = false;
  tell(`${files.map((file) => file.name).join(", ")} attached. Enter sends.`);
  words.focus();
}

function called(file) {
  return `${file.name} (${bytes(file.size)})`;
}

function detach() {
  attached = [];
  byId("attachment").hidden = true;
  byId("file").value = "";
}

words.addEventListener("input", () => {
  notice.textContent = "";
  fit();
});

words.addEventListener("keydown", (event) => {
  if (event.isComposing) return; // Enter and Escape belong to the input method while it composes a word
  if (event.key === "Enter" && !event.shiftKey && !event.altKey) {
    event.preventDefault();
    send();
  }
});

byId("composer").addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.isComposing) {
    clear();
    words.focus();
  }
});

byId("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});

words.addEventListener("paste", (event) => {
  const text = event.clipboardData.getData("text/plain");
  if (text.length > LONG_PASTE) {
    event.preventDefault();
    attach([new File([text], "Pasted text")]);
  } else if (!text && event.clipboardData.files.length) {
    event.preventDefault();
    take(event.clipboardData.files);
  }
});

byId("detach").addEventListener("click", () => {
  detach();
  words.focus();
});

// --- files ---------------------------------------------------------------------------------------

function take(given) {
  const files = [...given];
  notice.textContent = "";
  const refused = files.find((file) => !file.size || file.size > LARGEST_FILE);
  if (refused) {
    const why = refused.size ? `has ${bytes(refused.size)}; pack what is larger than 200 MB as a zip` : "is empty";
    warn(`${refused.name} ${why}.`);
  } else if (attached.length + files.length > MOST_FILES) {
    warn(`At most ${MOST_FILES} files at once. Pack them as one zip.`);
  } else if (files.length) {
    attach(files);
  }
}

byId("choose").addEventListener("click", () => byId("file").click());
byId("file").addEventListener("change", (event) => take(event.target.files));

const carriesFile = (event) => event.dataTransfer?.types.includes("Files");

document.addEventListener("dragenter", (event) => {
  if (!carriesFile(event)) return;
  dragDepth += 1;
  curtain.hidden = false;
});
document.addEventListener("dragleave", (event) => {
  if (!carriesFile(event)) return;
  dragDepth = Math.max(0, dragDepth - 1);
  curtain.hidden = dragDepth === 0;
});
document.addEventListener("dragover", (event) => {
  if (carriesFile(event)) event.preventDefault(); // else the browser would leave the page for the file
});
document.addEventListener("drop", (event) => {
  dragDepth = 0;
  curtain.hidden = true;
  if (!carriesFile(event)) return;
  event.preventDefault();
  take(event.dataTransfer.files);
});

// --- samples -------------------------------------------------------------------------------------

async function showSamples() {
  const list = byId("sample-list");
  try {
    const samples = await (await fetch("/samples.json")).json();
    list.replaceChildren(...samples.map(sampleItem));
  } catch {
    const item = element("li", "privacy", "The samples could not be loaded. ");
    const retry = element("button", "quiet", "Try again");
    retry.type = "button";
    retry.addEventListener("click", showSamples);
    item.append(retry);
    list.replaceChildren(item);
  }
}

function sampleItem({ name, hint, text }) {
  const item = element("li");
  const button = element("button", "sample");
  button.type = "button";
  button.append(element("span", "sample-name", name), " ", element("span", "sample-hint", hint));
  button.addEventListener("click", () => say(text, { addressed: !byId("overheard").checked }));
  item.append(button);
  return item;
}

// --- servers -------------------------------------------------------------------------------------

byId("list-servers").addEventListener("click", () => say("servers", { addressed: true, label: "Show and check servers" }));

async function showForm() {
  const form = byId("server-form");
  const { fields } = await (await fetch("/register.json")).json();
  for (const field of fields) form.insertBefore(question(field), form.lastElementChild);
}

function question({ name, label, kind, hint, example, start, options, required, longest }) {
  const box = element("label", "", label);
  const input = element(kind === "choice" ? "select" : "input");
  input.name = name;
  input.required = required;
  if (kind === "choice") {
    if (!start) input.append(new Option("–", ""));
    for (const [value, shown] of options) input.append(new Option(shown, value, value === start, value === start));
  } else {
    input.placeholder = example;
    input.maxLength = longest;
    input.autocomplete = "off";
    input.spellcheck = false;
  }
  box.append(" ", input);
  const whole = element("div");
  whole.append(box);
  if (hint) {
    const told = element("p", "hint", hint);
    told.id = `hint-${name}`;
    input.setAttribute("aria-describedby", told.id);
    whole.append(told);
  }
  return whole;
}

byId("server-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const { name, url, ...fields } = Object.fromEntries(new FormData(event.target));
  const said = Object.entries(fields).map(([field, value]) => [field, value.replaceAll(/\s/g, "")]); // words end at blanks
  const more = said.filter(([, value]) => value).map(([field, value]) => `${field}=${value}`);
  if (say(["register", name, url, ...more].join(" "), { addressed: true, label: `Register ${name}` })) {
    event.target.reset();
    byId("adding").open = false;
  }
});

showSamples();
showForm();
words.focus();
