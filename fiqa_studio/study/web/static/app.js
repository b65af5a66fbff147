// One rater's page. The server decides what comes next; an answer is kept here until the server
// says that it is committed, through reloads, closed tabs and hours without a connection.

import { Pictures, exact, paint, space } from "./pictures.js";
import { Choices, Slider, make } from "./scales.js";

const page = document.getElementById("page");
const notice = document.getElementById("notice");
const token = new URLSearchParams(location.hash.slice(1)).get("t") || "";
const keepAs = `fiqa-answer-${token.slice(0, 12)}`;
const pictures = new Pictures(token);
let study = null;
let current = null; // the page that is shown: { step, ... }
let busy = false;
let isExact = true;
let last = { trial: "", values: {} }; // in training, the thumb stays where it was wrong

const display = () => ({ ...space(), exact: isExact, about: navigator.userAgent.slice(0, 300) });
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

function say(text) {
  notice.textContent = text;
  notice.hidden = !text;
}

// --- talking to the server -----------------------------------------------------------------------

// Posts until an answer comes, however long that takes. Errors with a message are thrown.
async function post(name, body) {
  for (let pause = 500; ; pause = Math.min(pause * 2, 15000)) {
    let answer, content;
    try {
      answer = await fetch(`/api/${name}`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
        body: JSON.stringify(body),
      });
      content = await answer.json();
    } catch {
      say("No connection. Your answer is kept, and sent as soon as there is one.");
      await Promise.race([wait(pause), new Promise((done) => addEventListener("online", done, { once: true }))]);
      continue;
    }
    if (answer.status === 429 || answer.status === 503) {
      say(answer.status === 503 ? "The study cannot be reached just now. Your answer is kept." : "");
      await wait(Math.max((content.wait || 0) * 1000, pause));
      continue;
    }
    say("");
    if (answer.ok) return content;
    throw Object.assign(new Error(content.message), { code: content.error, wait: content.wait });
  }
}

async function go(name, body = {}) {
  if (busy) return;
  busy = true;
  try {
    show(await post(name, body));
  } catch (error) {
    if (error.code?.startsWith("answer.")) say(error.message);
    else trouble(error);
  } finally {
    busy = false;
  }
}

const read = () => {
  try { return JSON.parse(localStorage.getItem(keepAs)); } catch { return null; }
};
const keep = (answer) => {
  try {
    if (answer) localStorage.setItem(keepAs, JSON.stringify(answer));
    else localStorage.removeItem(keepAs);
  } catch { /* a browser without storage: the answer lives as long as the page */ }
};

// Sends an answer until it is committed or refused for good.
async function send(answer) {
  keep(answer);
  for (;;) {
    try {
      const reply = await post("answer", { ...answer, display: display() });
      keep(null);
      return reply;
    } catch (error) {
      if (error.code === "answer.too-soon") {
        await wait(error.wait * 1000 + 20);
      } else if (error.code === "answer.not-shown") {
        // The server was started anew: look where it stands, and answer again if it is there.
        const { step } = await post("step", { display: display() });
        if (step.page !== "trial" || step.trial !== answer.trial || step.attempt !== answer.attempt) {
          keep(null);
          throw error;
        }
      } else {
        keep(null);
        throw error;
      }
    }
  }
}

async function start() {
  if (!token) return trouble({ message: "This link is not complete. Please use the whole link that you were given." });
  const kept = read();
  busy = true;
  try {
    if (kept) {
      await post("step", { display: display() });
      await send(kept).catch((error) => {
        if (!error.code?.startsWith("answer.")) throw error;
      });
    }
    show(await post("step", { display: display() }));
  } catch (error) {
    trouble(error);
  } finally {
    busy = false;
  }
}

// --- pages ---------------------------------------------------------------------------------------

function show(reply) {
  study = reply.study || study;
  if (study) {
    document.title = study.title;
    document.documentElement.lang = study.language;
  }
  const step = reply.step;
  (reply.coming || []).forEach((hash) => pictures.get(hash).catch(() => {}));
  current = { step };
  document.body.dataset.page = step.page;
  pagesOf[step.page](step);
}

function text(title, ...content) {
  const box = make("div", "text");
  if (title) box.append(make("h1", "", title));
  box.append(...content.filter(Boolean));
  page.replaceChildren(box);
  box.querySelector("button.main, input, select")?.focus({ preventScroll: true });
  scrollTo(0, 0);
  return box;
}

function button(words, run, kind = "main") {
  const made = make("button", kind, words);
  made.type = "button";
  made.addEventListener("click", run);
  return made;
}

function actions(...buttons) {
  const row = make("div", "actions");
  row.append(...buttons.filter(Boolean));
  return row;
}

const leave = () => button("Do not take part", () => {
  if (confirm("Leave the study for good? What you have rated stays.")) go("quit");
}, "quiet");

const pagesOf = {
  consent(step) {
    text(study.title, make("p", "", step.text), actions(button("I agree", () => go("agree")), leave()));
  },

  questions(step) {
    const fields = step.questions.map((question) => {
      const label = make("label", "", question.text + (question.required ? " *" : ""));
      const field = question.choices.length ? make("select") : make("input");
      if (question.choices.length) {
        for (const choice of ["", ...question.choices]) {
          const option = make("option", "", choice);
          option.value = choice;
          field.append(option);
        }
      } else {
        field.type = "text";
        field.maxLength = 500;
      }
      field.name = question.key;
      label.append(field);
      return label;
    });
    text("Before you begin", ...fields, actions(button("Next", () => {
      const answers = {};
      page.querySelectorAll("[name]").forEach((field) => { answers[field.name] = field.value; });
      go("reply", { answers });
    })));
  },

  instructions(step) {
    const parts = step.parts.flatMap((part) => {
      const examples = make("div", "examples");
      part.pictures.forEach((hash) => {
        const canvas = make("canvas");
        examples.append(canvas);
        pictures.get(hash).then((bitmap) => {
          canvas.width = bitmap.width;
          canvas.height = bitmap.height;
          canvas.style.width = `${bitmap.width / devicePixelRatio}px`;
          canvas.getContext("2d").drawImage(bitmap, 0, 0);
        }, () => canvas.remove());
      });
      return [make("h2", "", part.title), make("p", "", part.text), examples];
    });
    text(study.title, ...parts, actions(button("Begin", () => go("understood"))));
  },

  check(step) {
    const failed = step.failed ? make("p", "failed", `That was not right. ${step.remedy}`) : null;
    const skip = step.required ? null
      : button("Go on without", () => go("check", { name: step.name, given: null }), "quiet");
    const head = `${step.title} (${step.number} of ${step.count})`;
    const answer = (given) => go("check", { name: step.name, given });
    const plate = step.svg ? make("img", "plate") : null;
    if (plate) {
      plate.src = `data:image/svg+xml;base64,${step.svg}`;
      plate.alt = "";
    }
    if (step.name === "card") return card(step, head, failed, answer, skip);
    if (step.choices.length) {
      return text(head, make("p", "", step.asks), failed, plate,
        actions(...step.choices.map((choice) => button(choice, () => answer(choice), "")), skip));
    }
    const field = make("input");
    field.type = "number";
    field.inputMode = "numeric";
    field.setAttribute("aria-label", step.asks);
    field.addEventListener("keydown", (event) => { if (event.key === "Enter") answer(field.value); });
    return text(head, make("p", "", step.asks), failed, plate, field,
      actions(button("Next", () => answer(field.value)), skip));
  },

  "too-small"(step) {
    text("This screen is too small",
      make("p", "", `The pictures need ${step.needs.join(" x ")} pixels; here there are ${step.has.join(" x ")}.`),
      make("p", "", step.remedy), actions(button("Try again", start)));
  },

  break(step) {
    text("Time for a break?",
      make("p", "", `You have been rating for ${step.minutes} minutes. Rest your eyes for a moment; you will go on exactly here.`),
      actions(button("Go on", () => go("rested"))));
  },

  paused() {
    text("Paused", make("p", "", "Everything you rated is stored. You may close this page; the same link brings you back to exactly this place."),
      actions(button("Go on", start)));
  },

  finished(step) {
    const code = step.code ? [make("p", "", "Your code:"), make("p", "code", step.code)] : [];
    const contact = step.contact ? make("p", "", `Questions? ${step.contact}`) : null;
    text(study.title, make("p", "", step.message), ...code, contact);
  },

  trial(step) {
    trial(step);
  },
};

function card(step, head, failed, answer, skip) {
  const frame = make("div", "card"), size = make("input", "card-size");
  Object.assign(size, { type: "range", min: 120, max: Math.max(500, innerWidth - 40), value: 324, step: 1 });
  size.setAttribute("aria-label", step.asks);
  const draw = () => { frame.style.width = `${size.value}px`; };
  size.addEventListener("input", draw);
  draw();
  text(head, make("p", "", step.asks), failed, frame, size, actions(
    button("It is as wide as the card", () => {
      const pixels = frame.getBoundingClientRect().width * devicePixelRatio;
      answer((pixels / 85.6).toFixed(3));
    }), skip));
}

function trouble(error) {
  current = null;
  document.body.dataset.page = "trouble";
  text("This does not work just now", make("p", "", error.message || String(error)),
    actions(button("Try again", start)));
}

// --- a trial -------------------------------------------------------------------------------------

function trial(step) {
  const box = make("div", "trial"), stage = make("div", "stage"), controls = make("div", "controls");
  const hint = make("div", "hint"), bar = make("div", "bar");
  const next = button("Next", () => answer());
  next.id = "next";
  const place = make("div", "place", `${step.training ? "Training " : ""}${step.number} / ${step.count}`);
  const back = step.can_go_back ? button("Back", () => go("back"), "quiet") : null;
  const kind = study.method === "slider" ? Slider : Choices;
  const shown = { ready: false, at: 0 };
  const changed = () => { next.disabled = !ready(); if (step.accepted) hint.textContent = explain(); };
  const scales = study.attributes.map((name) => new kind(study.scale, changed, name));
  const captions = { dcr: ["Original", "Judge this one"], ccr: ["", ""], pairs: ["First", "Second"] };
  const ready = () => shown.ready && scales.every((scale) => scale.value !== null)
    && performance.now() - shown.at >= study.minimum_ms;
  const explain = () => "Outside the range. Please move your answer into the part that is marked.";

  scales.forEach((scale, i) => {
    if (last.trial === step.trial && step.training) scale.put(last.values[study.attributes[i]]);
    if (scales.length > 1) controls.append(make("div", "attribute", study.attributes[i]));
    scale.allow(i === 0 ? step.accepted : null);
    controls.append(scale.element);
  });
  hint.textContent = step.accepted ? explain() : question();
  bar.append(place, ...(back ? [back] : []), button("Pause", () => go("pause"), "quiet"), next);
  controls.append(hint, bar);
  next.disabled = true;
  box.append(stage, controls);
  page.replaceChildren(box);
  current = { step, scales, next, stage, draw: () => {} };
  const mine = current;

  Promise.all(step.pictures.map((hash) => pictures.get(hash))).then((bitmaps) => {
    if (current !== mine) return;
    mine.draw = () => {
      isExact = paint(stage, bitmaps, step.pictures.length > 1 ? captions[study.method] : []);
      box.dataset.exact = String(isExact);
      say(isExact ? "" : "Please set the zoom of the page to normal: the picture must not be enlarged.");
    };
    mine.draw();
    requestAnimationFrame(() => requestAnimationFrame(() => {
      shown.ready = true;
      shown.at = performance.now();
      box.dataset.ready = "true";
      setTimeout(() => { if (current === mine) changed(); }, study.minimum_ms);
      changed();
    }));
  }, () => {
    if (current !== mine) return;
    say("The picture did not arrive; trying again.");
    setTimeout(() => { if (current === mine) trial(step); }, 2000);
  });

  async function answer() {
    if (busy || !ready()) return;
    busy = true;
    next.disabled = true;
    const values = {};
    study.attributes.forEach((name, i) => { values[name] = scales[i].value; });
    last = { trial: step.trial, values };
    try {
      show(await send({
        trial: step.trial,
        attempt: step.attempt,
        values,
        slider_start: scales[0].start,
        reaction_ms: Math.round(performance.now() - shown.at),
      }));
    } catch (error) {
      if (error.code?.startsWith("answer.")) {
        say(`${error.message} Going on where you are.`);
        await post("step", { display: display() }).then(show, trouble);
      } else trouble(error);
    } finally {
      busy = false;
    }
  }
  mine.answer = answer;
}

function question() {
  return {
    pairs: "Which picture is of better quality?",
    dcr: "How much worse is the picture on the right?",
    ccr: "How is the second picture, compared with the first?",
  }[study.method] || "How good is the quality of this picture?";
}

// --- keys, size, connection ----------------------------------------------------------------------

addEventListener("keydown", (event) => {
  if (!current?.scales || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key === "Enter" || event.key === "n") {
    if (document.activeElement?.tagName === "BUTTON" && document.activeElement !== current.next
      && !document.activeElement.closest(".choices")) return;
    if (!event.repeat) current.answer();
    event.preventDefault();
    return;
  }
  const focused = current.scales.find((scale) => scale.element.contains(document.activeElement));
  const scale = focused || current.scales.find((one) => one.value === null) || current.scales[0];
  if (scale.key(event)) event.preventDefault();
});

let sized = 0;
function resized() {
  clearTimeout(sized);
  sized = setTimeout(() => {
    space();
    const page = current?.step.page;
    if (page === "trial") current.draw();
    const fits = current && (page === "too-small" || page === "trial");
    if (fits && !busy) {
      // The server knows how large the largest picture is.
      post("step", { display: display() }).then((reply) => {
        if (reply.step.page !== page || page === "too-small") show(reply);
      }, () => {});
    }
  }, 150);
}
addEventListener("resize", resized);
window.visualViewport?.addEventListener("resize", () => {
  if (current?.step.page === "trial") {
    const canvases = [...document.querySelectorAll(".stage canvas")];
    isExact = exact(canvases);
    say(isExact ? "" : "Please set the zoom of the page to normal: the picture must not be enlarged.");
  }
});
addEventListener("hashchange", () => location.reload());
space();
start();
