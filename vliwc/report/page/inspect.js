// One operation in words: below the pointer, and in the panel, where others can be reached from it.

const tip = find("#tip");

function waited(report, op) {
  const { operations } = report, cycle = cycleOf(report, op), ready = operations.ready[op], before = operations.waits_for[op];
  if (cycle < 0) return "";
  const line = cycle > ready ? `; then ${cycle - ready} cycle${cycle - ready === 1 ? "" : "s"} in line` : "";
  if (before < 0) return `waited for nothing: ready from the first cycle${line}`;
  return `waited for ${nameOf(report, before)}, done in cycle ${report.lastLane[before]}; ready in cycle ${ready}${line}`;
}

function summary(report, slot) {
  const { slots, operations } = report, op = slots.operation[slot], lane = slots.lane[slot], line = operations.line[op];
  const parts = [
    `cycle ${slots.cycle[slot]}, ${report.engines[slots.engine[slot]][0]} ${slots.row[slot]}: ${nameOf(report, op)}${lane < 0 ? "" : `, lane ${lane}`}`,
    text(report, "value", op),
    line ? `line ${line}: ${report.lines[line - 1].trim()}` : "",
    operations.operands[op].length ? `reads ${operations.operands[op].slice(0, 6).map((other) => nameOf(report, other)).join("; ")}` : "",
    waited(report, op),
  ];
  return parts.filter(Boolean).join("\n");
}

function link(report, op) {
  const cycle = cycleOf(report, op);
  const button = element("button", { type: "button" }, `${nameOf(report, op)}${cycle < 0 ? "" : ` @${cycle}`}`);
  button.addEventListener("click", () => goTo(report, op));
  return button;
}

function goTo(report, op) {
  const number = reports.indexOf(report);
  choose({ report: number, op, under: op });
  const map = maps.find((each) => each.number === number && !each.fixed), own = report.slotsOf[op];
  if (own.length) {
    map.cursor = { cycle: report.slots.cycle[own[0]], row: report.firstRow[report.slots.engine[own[0]]] + report.slots.row[own[0]] };
    map.reveal(map.cursor.cycle);
  }
}

function showOperation() {
  const report = reports[choice.report], op = choice.op >= 0 ? choice.op : choice.under, panel = find("#operation");
  if (op < 0) return;
  const { operations, slots } = report, own = report.slotsOf[op], line = operations.line[op];
  const rows = element("dl");
  const row = (name, ...content) => rows.append(element("dt", {}, name), element("dd", {}, ...content));
  const cycles = own.map((slot) => `${slots.cycle[slot]} (${report.engines[slots.engine[slot]][0]} ${slots.row[slot]}${slots.lane[slot] < 0 ? "" : `, lane ${slots.lane[slot]}`})`);
  row("cycle", cycles.join(", ") || "takes no slot");
  row("made for", element("code", {}, text(report, "value", op) || "no single value"));
  row("purpose", text(report, "purpose", op));
  if (line) {
    const button = element("button", { type: "button" }, `line ${line}`);
    button.addEventListener("click", () => choose({ line: choice.line === line ? 0 : line }));
    row("source", button, element("code", {}, report.lines[line - 1].trim()));
  }
  row("lane group", operations.group[op] < 0 ? "set-up, shared by all groups" : String(operations.group[op]));
  row("waited", waited(report, op));
  if (operations.width[op]) row("result", `scratch ${operations.address[op]}${operations.width[op] > 1 ? ` to ${operations.address[op] + operations.width[op] - 1}` : ""}, last read in cycle ${operations.until[op]}`);
  row("reads", ...operations.operands[op].slice(0, 24).map((other) => link(report, other)));
  row("is read by", ...report.readers[op].slice(0, 24).map((other) => link(report, other)), report.readers[op].length > 24 ? `and ${report.readers[op].length - 24} more` : "");
  panel.replaceChildren(element("b", {}, nameOf(report, op)), choice.op === op ? element("span", { className: "soft" }, " (kept)") : "", rows);
}
