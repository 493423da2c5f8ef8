// The schedule as a map: a column for each cycle, a row for each slot, a strip of causes above.

const STRIP = 12, AXIS = 18, LEFT = 54;
const maps = [];

class ScheduleMap {
  constructor(holder) {
    this.number = Number(holder.dataset.compilation);
    this.report = reports[this.number];
    this.fixed = holder.dataset.fixed || "";
    this.canvas = holder.querySelector("canvas");
    this.rowHeight = this.fixed ? 11 : reports.length > 1 ? 12 : 15;
    this.cursor = null;
    [this.first, this.end] = this.fixed ? this.part(this.fixed) : [0, this.longest()];
    this.resize();
    new ResizeObserver(() => this.resize()).observe(holder);
    this.canvas.addEventListener("pointermove", (event) => this.move(event));
    this.canvas.addEventListener("pointerleave", () => { tip.hidden = true; choose({ under: -1 }); });
    this.canvas.addEventListener("pointerdown", (event) => this.press(event));
    this.canvas.addEventListener("pointerup", (event) => this.release(event));
    if (!this.fixed) {
      this.canvas.addEventListener("wheel", (event) => { event.preventDefault(); this.zoom(event.deltaY > 0 ? 1.25 : 0.8, this.cycleAt(event)); }, { passive: false });
      this.canvas.addEventListener("keydown", (event) => this.key(event));
    }
  }

  // An enlarged part shows the compilation that the reader looks at.
  follow(number) {
    [this.number, this.report] = [number, reports[number]];
    [this.first, this.end] = this.part(this.fixed);
    this.resize();
  }

  longest() { return Math.max(1, ...reports.map((report) => report.cycles)); }

  // Fill or drain with the cycles next to it, so that they can be read.
  part(name) {
    const phase = phaseOf(this.report, name), cycles = Math.max(1, this.report.cycles);
    if (name === "fill") return [0, Math.min(cycles, Math.max(24, phase ? phase.end + 4 : 0))];
    return [Math.max(0, Math.min(cycles - 24, phase ? phase.first - 4 : cycles)), cycles];
  }

  resize() {
    const width = this.canvas.parentElement.clientWidth, height = STRIP + AXIS + this.rowHeight * this.report.rows.length + 2;
    const ratio = window.devicePixelRatio || 1;
    this.width = width;
    this.canvas.width = width * ratio;
    this.canvas.height = height * ratio;
    this.canvas.style.height = `${height}px`;
    this.context = this.canvas.getContext("2d");
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.draw();
  }

  get scale() { return (this.width - LEFT) / (this.end - this.first); }
  x(cycle) { return LEFT + (cycle - this.first) * this.scale; }
  y(row) { return STRIP + AXIS + row * this.rowHeight; }
  cycleAt(event) { return this.first + (event.offsetX - LEFT) / this.scale; }

  slotAt(event) {
    const cycle = Math.floor(this.cycleAt(event)), row = Math.floor((event.offsetY - STRIP - AXIS) / this.rowHeight);
    if (event.offsetX < LEFT || row < 0 || row >= this.report.rows.length || cycle < 0) return { cycle, row, slot: -1 };
    const slot = this.report.cell.get(cycle * this.report.rows.length + row);
    return { cycle, row, slot: slot === undefined ? -1 : slot };
  }

  draw() {
    const { context, report } = this, { slots, operations } = report;
    const colour = colouring(report, find("#colour").value);
    const here = choice.report === this.number, kept = here ? choice.op : -1, line = here || report.source.text === reports[choice.report].source.text ? choice.line : 0;
    context.clearRect(0, 0, this.width, this.canvas.height);
    context.fillStyle = variable("--empty");
    const right = Math.min(this.x(report.cycles), this.width);
    context.fillRect(LEFT, this.y(0), Math.max(0, right - LEFT), report.rows.length * this.rowHeight);
    this.axis();
    context.save();
    context.beginPath();
    context.rect(LEFT, 0, this.width - LEFT, this.y(report.rows.length) + 2);
    context.clip();
    const wide = this.scale, narrow = wide > 4 ? wide - 1 : Math.max(Math.ceil(wide), 1), high = this.rowHeight - 1;
    const named = wide > 34;
    context.font = "10px system-ui, sans-serif";
    for (let slot = 0; slot < slots.cycle.length; slot++) {
      const cycle = slots.cycle[slot];
      if (cycle < this.first - 1 || cycle > this.end) continue;
      const op = slots.operation[slot], row = report.firstRow[slots.engine[slot]] + slots.row[slot];
      const x = this.x(cycle), y = this.y(row);
      context.globalAlpha = line && operations.line[op] !== line ? 0.14 : 1;
      context.fillStyle = colour.of(op);
      context.fillRect(x, y, narrow, high);
      if (named) {
        context.fillStyle = "#000";
        context.fillText(text(report, "opcode", op).slice(0, Math.floor(wide / 6)), x + 2, y + high - 2);
      }
    }
    context.globalAlpha = 1;
    if (here && choice.under >= 0 && choice.under !== kept) this.outline(choice.under, variable("--soft"));
    if (kept >= 0) {
      operations.operands[kept].forEach((op) => this.outline(op, "#1f6feb"));
      report.readers[kept].forEach((op) => this.outline(op, "#d2691e"));
      this.outline(kept, variable("--mark"));
    }
    if (this.cursor && document.activeElement === this.canvas) {
      context.strokeStyle = variable("--fg");
      context.lineWidth = 1.5;
      context.strokeRect(this.x(this.cursor.cycle) - 1, this.y(this.cursor.row) - 1, Math.max(wide, 3) + 1, this.rowHeight + 1);
    }
    context.restore();
  }

  axis() {
    const { context, report } = this;
    report.cause_of_cycle.forEach((cause, cycle) => {
      if (cycle < this.first - 1 || cycle > this.end) return;
      context.fillStyle = colours.causes[report.causes[cause].name];
      context.fillRect(Math.max(this.x(cycle), LEFT), 0, Math.max(Math.ceil(this.scale), 1), STRIP - 3);
    });
    context.fillStyle = variable("--bg");
    context.fillRect(0, 0, LEFT, this.y(report.rows.length));
    context.fillStyle = variable("--soft");
    context.font = "11px system-ui, sans-serif";
    context.fillText("cause", 2, STRIP - 2);
    const step = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000].find((n) => n * this.scale > 46) || 50000;
    for (let cycle = Math.ceil(this.first / step) * step; cycle <= Math.min(this.end, report.cycles); cycle += step) {
      context.fillText(String(cycle), this.x(cycle) + 2, STRIP + AXIS - 5);
      context.fillRect(this.x(cycle), STRIP + AXIS - 6, 1, 6);
    }
    report.engines.forEach(([engine], number) => context.fillText(engine, 2, this.y(report.firstRow[number]) + this.rowHeight - 3));
    context.fillStyle = variable("--edge");
    report.firstRow.forEach((row) => context.fillRect(0, this.y(row) - 1, this.width, 1));
  }

  outline(op, colour) {
    const { context, report } = this;
    context.strokeStyle = colour;
    context.lineWidth = 2;
    for (const slot of report.slotsOf[op]) {
      const cycle = report.slots.cycle[slot];
      if (cycle < this.first - 1 || cycle > this.end) continue;
      context.strokeRect(this.x(cycle) - 1, this.y(report.firstRow[report.slots.engine[slot]] + report.slots.row[slot]) - 1, Math.max(this.scale, 3) + 1, this.rowHeight + 1);
    }
  }

  show(first, end) {
    const width = Math.min(Math.max(end - first, 4), this.longest());
    this.first = Math.max(0, Math.min(first, this.longest() - width));
    this.end = this.first + width;
    // Two compilations are looked at through the same window.
    for (const map of maps) if (!map.fixed) { [map.first, map.end] = [this.first, this.end]; map.draw(); }
    find("#range").textContent = `cycles ${Math.floor(this.first)} to ${Math.ceil(this.end) - 1}`;
  }

  zoom(factor, around = (this.first + this.end) / 2) {
    this.show(around - (around - this.first) * factor, around + (this.end - around) * factor);
  }

  reveal(cycle) {
    if (cycle >= 0 && (cycle < this.first || cycle >= this.end)) this.show(cycle - (this.end - this.first) / 2, cycle + (this.end - this.first) / 2);
  }

  move(event) {
    if (this.drag) {
      const moved = (this.drag.x - event.clientX) / this.scale;
      if (Math.abs(this.drag.x - event.clientX) > 3) this.drag.moved = true;
      if (this.drag.moved && !this.fixed) this.show(this.drag.first + moved, this.drag.end + moved);
      return;
    }
    const { cycle, slot } = this.slotAt(event);
    const cause = this.report.cause_of_cycle[cycle];
    tip.hidden = slot < 0 && (event.offsetX < LEFT || cause === undefined);
    if (!tip.hidden) {
      tip.textContent = slot < 0 ? `cycle ${cycle}: ${this.report.causes[cause].text}` : summary(this.report, slot);
      tip.style.left = `${Math.min(event.clientX + 14, window.innerWidth - tip.offsetWidth - 8)}px`;
      tip.style.top = `${Math.min(event.clientY + 16, window.innerHeight - tip.offsetHeight - 8)}px`;
    }
    const under = slot < 0 ? -1 : this.report.slots.operation[slot];
    if (under !== choice.under) choose(under < 0 ? { under } : { under, report: this.number, ...(choice.report === this.number ? {} : { op: -1, line: 0 }) });
  }

  press(event) {
    this.drag = { x: event.clientX, first: this.first, end: this.end, moved: false };
    this.canvas.setPointerCapture(event.pointerId);
  }

  release(event) {
    const moved = this.drag && this.drag.moved;
    this.drag = null;
    if (moved) return;
    const { cycle, row, slot } = this.slotAt(event);
    this.cursor = { cycle, row: Math.max(0, row) };
    const op = slot < 0 ? -1 : this.report.slots.operation[slot];
    choose({ report: this.number, op: op === choice.op ? -1 : op, line: op < 0 ? 0 : choice.line });
  }

  key(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1], Home: [-1e9, 0], End: [1e9, 0] };
    const step = steps[event.key], report = this.report;
    if (step) {
      const many = event.shiftKey ? 10 : 1, at = this.cursor || { cycle: Math.floor(this.first), row: 0 };
      this.cursor = { cycle: Math.min(Math.max(at.cycle + step[0] * many, 0), report.cycles - 1), row: Math.min(Math.max(at.row + step[1] * many, 0), report.rows.length - 1) };
      this.reveal(this.cursor.cycle);
      const slot = report.cell.get(this.cursor.cycle * report.rows.length + this.cursor.row);
      choose({ report: this.number, under: slot === undefined ? -1 : report.slots.operation[slot] });
    } else if (event.key === "Enter" && choice.under >= 0) {
      choose({ report: this.number, op: choice.op === choice.under ? -1 : choice.under });
    } else return;
    event.preventDefault();
  }
}
