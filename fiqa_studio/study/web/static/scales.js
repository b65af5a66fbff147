// Rating scales. Each calls `changed()` once there is a value; before that there is no thumb, so
// that nothing suggests an answer. `value` is null or a number in the units of the study's scale.

class Scale {
  constructor(facts, changed) {
    this.facts = facts;
    this.changed = changed;
    this.value = null;
    this.start = null; // where the first click, touch or key put it
  }

  put(value) {
    this.value = this.start = value ?? null;
    this.draw();
  }

  set(value) {
    const { low, high } = this.facts;
    this.value = Math.min(high, Math.max(low, value));
    if (this.start === null) this.start = this.value;
    this.draw();
    this.changed();
  }
}

export class Slider extends Scale {
  constructor(facts, changed, label) {
    super(facts, changed);
    const at = (value) => `${((value - facts.low) / (facts.high - facts.low)) * 100}%`;
    this.at = at;
    this.element = make("div", "slider");
    Object.entries({ role: "slider", tabindex: "0", "aria-label": label, "aria-valuemin": facts.low,
      "aria-valuemax": facts.high, "aria-orientation": "horizontal" })
      .forEach(([name, value]) => this.element.setAttribute(name, value));
    this.track = make("div", "track");
    this.range = make("div", "range");
    this.range.hidden = true;
    this.thumb = make("div", "thumb");
    this.thumb.hidden = true;
    this.track.append(this.range);
    for (const [value, word] of facts.marks) {
      const mark = make("div", "mark"), text = make("div", "word", word);
      mark.style.left = text.style.left = at(value);
      this.track.append(mark, text);
    }
    this.track.append(this.thumb);
    this.element.append(this.track);
    this.element.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      this.element.setPointerCapture(event.pointerId);
      this.element.focus({ preventScroll: true });
      this.#point(event);
      event.preventDefault();
    });
    this.element.addEventListener("pointermove", (event) => {
      if (this.element.hasPointerCapture(event.pointerId)) this.#point(event);
    });
    this.draw();
  }

  #point(event) {
    const box = this.track.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    const { low, high } = this.facts;
    this.set(Math.round((low + share * (high - low)) * 100) / 100);
  }

  key(event) {
    const { low, high, keyboard_step: step, marks } = this.facts;
    const middle = (low + high) / 2;
    const from = this.value === null ? middle : this.value;
    const far = event.shiftKey ? 10 : 1;
    const to = { ArrowLeft: from - step * far, ArrowDown: from - step * far,
      ArrowRight: from + step * far, ArrowUp: from + step * far, PageDown: from - 10 * step,
      PageUp: from + 10 * step, Home: low, End: high }[event.key];
    const digit = /^[1-9]$/.test(event.key) ? marks[Number(event.key) - 1] : undefined;
    if (digit) this.set(digit[0]);
    else if (to !== undefined) this.set(this.value === null ? clampStart(event.key, to, middle) : to);
    else return false;
    return true;
  }

  allow(accepted) {
    this.range.hidden = !accepted;
    if (accepted) {
      const { low, high } = this.facts;
      const from = Math.max(low, accepted[0]), to = Math.min(high, accepted[1]);
      this.range.style.left = this.at(from);
      this.range.style.width = `${((to - from) / (high - low)) * 100}%`;
    }
  }

  draw() {
    this.thumb.hidden = this.value === null;
    if (this.value === null) {
      this.element.setAttribute("aria-valuetext", "not rated yet");
      return;
    }
    this.thumb.style.left = this.at(this.value);
    const nearest = this.facts.marks.reduce((a, b) =>
      Math.abs(b[0] - this.value) < Math.abs(a[0] - this.value) ? b : a);
    this.element.setAttribute("aria-valuenow", this.value);
    this.element.setAttribute("aria-valuetext", `${Math.round(this.value)}, near ${nearest[1]}`);
  }
}

// The first arrow shows the thumb in the middle; Home, End and the pages go where they say.
const clampStart = (key, to, middle) => (key.startsWith("Arrow") ? middle : to);

export class Choices extends Scale {
  constructor(facts, changed, label) {
    super(facts, changed);
    this.element = make("div", "choices");
    this.element.setAttribute("role", "radiogroup");
    this.element.setAttribute("aria-label", label);
    const named = new Map(facts.marks);
    this.values = facts.step && facts.marks.length * facts.step < facts.high - facts.low + facts.step
      ? range(facts.low, facts.high, facts.step) : facts.marks.map(([value]) => value);
    this.buttons = this.values.map((value, i) => {
      const words = named.get(value);
      const button = make("button", "", words ? (facts.marks.length < this.values.length
        ? `${value} ${words}` : words) : String(value));
      button.type = "button";
      button.setAttribute("role", "radio");
      button.title = `Key ${i + 1}`;
      button.addEventListener("click", () => this.set(value));
      this.element.append(button);
      return button;
    });
    this.draw();
  }

  key(event) {
    const last = this.values.length - 1;
    const here = this.value === null ? null : this.values.indexOf(this.value);
    const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    let to;
    if (/^[1-9]$/.test(event.key)) to = Number(event.key) - 1;
    else if (event.key === "Home") to = 0;
    else if (event.key === "End") to = last;
    else if (step) to = here === null ? (step > 0 ? 0 : last) : Math.min(last, Math.max(0, here + step));
    if (to === undefined || to > last) return false;
    this.set(this.values[to]);
    return true;
  }

  allow(accepted) {
    this.buttons.forEach((button, i) => {
      const value = this.values[i];
      button.classList.toggle("right", Boolean(accepted) && accepted[0] <= value && value <= accepted[1]);
    });
  }

  draw() {
    this.buttons.forEach((button, i) => {
      button.setAttribute("aria-checked", String(this.values[i] === this.value));
    });
  }
}

const range = (low, high, step) => Array.from(
  { length: Math.round((high - low) / step) + 1 }, (_, i) => low + i * step);

export function make(tag, name = "", text = "") {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text) element.textContent = text;
  return element;
}
