// Pictures: fetched ahead with the rater's token, and painted one device pixel a pixel.

const KEPT = 6;
// Edges that lie a hundredth of a pixel off are blended with what is behind them: a margin in the
// colour of the ground takes that, and the picture inside keeps every pixel.
const MARGIN = 2;

export class Pictures {
  constructor(token) {
    this.token = token;
    this.kept = new Map(); // hash -> promise of an ImageBitmap, oldest first
  }

  get(hash) {
    let found = this.kept.get(hash);
    if (!found) {
      found = this.#fetch(hash);
      found.catch(() => this.kept.delete(hash)); // to be tried again
    }
    this.kept.delete(hash);
    this.kept.set(hash, found);
    while (this.kept.size > KEPT) {
      const oldest = this.kept.keys().next().value;
      this.kept.get(oldest).then((bitmap) => bitmap.close(), () => {});
      this.kept.delete(oldest);
    }
    return found;
  }

  async #fetch(hash) {
    const answer = await fetch(`/api/picture/${hash}`, {
      headers: { authorization: `Bearer ${this.token}` },
    });
    if (!answer.ok) throw new Error(`picture ${answer.status}`);
    return createImageBitmap(await answer.blob());
  }
}

export function space() {
  // Device pixels there are for pictures: the page less the controls, as app.css divides it.
  const sideways = innerHeight < 720 && innerWidth > innerHeight;
  document.body.classList.toggle("sideways", sideways);
  const style = getComputedStyle(document.documentElement);
  const controls = parseFloat(style.getPropertyValue(sideways ? "--side" : "--controls"));
  const width = innerWidth - (sideways ? controls : 0);
  const height = innerHeight - (sideways ? 0 : controls);
  const scale = devicePixelRatio;
  return { width: Math.floor(width * scale + 1e-6), height: Math.floor(height * scale + 1e-6), scale };
}

// Paints bitmaps side by side (one above the other where they fit only so), centred, with one
// device pixel a pixel also where devicePixelRatio is a fraction. Returns whether that is so.
export function paint(stage, bitmaps, captions) {
  const scale = devicePixelRatio;
  const gap = 24;
  stage.replaceChildren();
  const box = stage.getBoundingClientRect();
  const roomX = Math.floor(box.width * scale), roomY = Math.floor(box.height * scale);
  const sum = (key) => bitmaps.reduce((a, b) => a + b[key], 0) + gap * (bitmaps.length - 1);
  const most = (key) => Math.max(...bitmaps.map((b) => b[key]));
  const stacked = bitmaps.length > 1 && sum("width") > roomX && sum("height") <= roomY;
  const total = stacked ? [most("width"), sum("height")] : [sum("width"), most("height")];
  let x = Math.max(0, Math.floor((roomX - total[0]) / 2));
  let y = Math.max(0, Math.floor((roomY - total[1]) / 2));
  // Where the stage itself begins between two device pixels, go on to the next whole one.
  const offX = Math.ceil(box.left * scale - 1e-6) - box.left * scale;
  const offY = Math.ceil(box.top * scale - 1e-6) - box.top * scale;
  const canvases = bitmaps.map((bitmap, i) => {
    const canvas = document.createElement("canvas");
    canvas.width = bitmap.width + 2 * MARGIN;
    canvas.height = bitmap.height + 2 * MARGIN;
    const left = (stacked ? x + Math.floor((total[0] - bitmap.width) / 2) : x) - MARGIN;
    const top = (stacked ? y : y + Math.floor((total[1] - bitmap.height) / 2)) - MARGIN;
    canvas.style.width = `${canvas.width / scale}px`;
    canvas.style.height = `${canvas.height / scale}px`;
    canvas.style.left = `${(left + offX) / scale}px`;
    canvas.style.top = `${(top + offY) / scale}px`;
    const context = canvas.getContext("2d", { alpha: false });
    context.fillStyle = "#808080";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(bitmap, MARGIN, MARGIN);
    stage.append(canvas);
    if (captions[i]) {
      const words = document.createElement("div");
      words.className = "caption";
      words.textContent = captions[i];
      words.style.left = canvas.style.left;
      words.style.width = canvas.style.width;
      words.style.top = `${Math.max(0, (top + offY) / scale - 22)}px`;
      stage.append(words);
    }
    if (stacked) y += bitmap.height + gap; else x += bitmap.width + gap;
    return canvas;
  });
  return exact(canvases);
}

// Whether each canvas covers exactly as many device pixels as it has, and nobody has zoomed in.
export function exact(canvases) {
  const scale = devicePixelRatio;
  const zoomed = window.visualViewport && Math.abs(visualViewport.scale - 1) > 0.01;
  const near = scale / 64 + 0.01; // browsers keep sizes in 64ths of a CSS pixel
  return !zoomed && canvases.every((canvas) => {
    const box = canvas.getBoundingClientRect();
    const whole = (value) => Math.abs(value - Math.round(value)) < near;
    return Math.abs(box.width * scale - canvas.width) < near && whole(box.left * scale)
      && whole(box.top * scale);
  });
}
