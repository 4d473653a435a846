// Mouse, fingers, wheel and keys on one picture.

const A_CLICK = 5; // pixels that a pointer may move and still click

class Pointing {
  constructor(timeline, drawing) {
    this.timeline = timeline;
    this.drawing = drawing;
    this.canvas = drawing.canvas;
    this.down = new Map();
    this.moved = 0;
    this.picked = null;
    const on = (name, act, options) => this.canvas.addEventListener(name, act.bind(this), options);
    on("pointerdown", this.press);
    on("pointermove", this.move);
    on("pointerup", this.release);
    on("pointercancel", this.release);
    on("pointerleave", (event) => event.pointerType !== "mouse" || this.down.size || timeline.hideTip());
    on("wheel", this.wheel, { passive: false });
    on("keydown", this.key);
    on("focus", () => (timeline.view = drawing.view));
    on("dblclick", (event) => drawing.view.zoom(0.4, this.time(event)));
  }

  x(event) {
    return event.clientX - this.canvas.getBoundingClientRect().left;
  }

  time(event) {
    return this.drawing.time(this.x(event));
  }

  press(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.down.set(event.pointerId, event);
    if (this.down.size === 1) this.moved = 0;
    this.timeline.view = this.drawing.view;
    const { view } = this.drawing;
    this.picked = event.shiftKey || (view.isWhole && event.pointerType === "mouse") ? event : null;
  }

  move(event) {
    const before = this.down.get(event.pointerId);
    if (!before) {
      this.timeline.point(this.drawing, event);
      this.canvas.style.cursor = pinAt(this.drawing, event.offsetX, event.offsetY) ? "pointer" : "";
      return;
    }
    const { view } = this.drawing;
    const dx = event.clientX - before.clientX;
    this.moved += Math.abs(dx);
    if (this.down.size === 2) {
      const [other] = [...this.down.values()].filter((one) => one !== before);
      const apart = Math.max(Math.abs(before.clientX - other.clientX), 20);
      const now = Math.max(Math.abs(event.clientX - other.clientX), 20);
      view.zoom(apart / now, this.drawing.time(this.x(other)));
    } else if (this.picked) {
      this.mark(event);
    } else if (this.moved > A_CLICK) {
      this.timeline.hideTip();
      view.pan((-dx / this.drawing.width) * view.length);
    }
    this.down.set(event.pointerId, event);
  }

  release(event) {
    const pressed = this.down.get(event.pointerId);
    this.down.delete(event.pointerId);
    if (this.band) {
      this.band.remove();
      this.band = null;
    }
    if (!pressed || event.type === "pointercancel") return;
    if (this.picked && this.moved > A_CLICK) {
      const [one, other] = [this.time(this.picked), this.time(event)];
      this.drawing.view.show(Math.min(one, other), Math.max(one, other));
    } else if (this.moved <= A_CLICK) {
      this.click(event);
    }
    this.picked = null;
  }

  click(event) {
    const box = this.canvas.getBoundingClientRect();
    const pin = pinAt(this.drawing, event.clientX - box.left, event.clientY - box.top);
    if (pin) PAGE.findings.open(pin.marks[0][1]);
    else this.timeline.point(this.drawing, event);
  }

  // Shows the stretch that is being picked.
  mark(event) {
    if (!this.band) {
      this.band = el("div", { class: "picking" });
      this.canvas.parentNode.append(this.band);
    }
    this.timeline.hideTip();
    const [one, other] = [this.x(this.picked), this.x(event)];
    this.band.style.left = `${this.canvas.offsetLeft + Math.min(one, other)}px`;
    this.band.style.width = `${Math.abs(other - one)}px`;
    this.band.style.top = `${this.canvas.offsetTop}px`;
    this.band.style.height = `${this.canvas.offsetHeight - AXIS}px`;
  }

  // The wheel alone belongs to the page, until the picture was clicked.
  wheel(event) {
    const { view } = this.drawing;
    const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
    if (Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY)) {
      event.preventDefault();
      view.pan((sideways / this.drawing.width) * view.length);
    } else if (event.ctrlKey || event.metaKey || document.activeElement === this.canvas) {
      event.preventDefault();
      view.zoom(Math.exp(Math.max(-300, Math.min(300, event.deltaY)) * 0.0022), this.time(event));
    }
  }

  key(event) {
    const { view } = this.drawing;
    const acts = {
      ArrowLeft: () => view.pan(-view.length / 8),
      ArrowRight: () => view.pan(view.length / 8),
      "+": () => view.zoom(0.6),
      "=": () => view.zoom(0.6),
      "-": () => view.zoom(1 / 0.6),
      0: () => view.whole(),
      Home: () => view.show(view.first, view.first + view.length),
      End: () => view.show(view.last - view.length, view.last),
      Escape: () => this.canvas.blur(),
    };
    if (event.ctrlKey || event.metaKey || event.altKey || !acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  }
}
