// The kernel's text with what each line costs, and the IR of each stage beside it.

function sourceLine(report, number, worth, most) {
  const item = element("li", { className: worth ? "has" : "" });
  item.dataset.line = number;
  if (worth !== undefined) {
    const cell = element("span", { className: "worth", title: worth ? "cycles' worth of slots" : "" }, worth ? worth.toFixed(1) : "");
    if (worth) cell.append(Object.assign(element("i"), { style: `width:${(100 * worth) / most}%` }));
    item.append(cell);
  }
  item.append(element("span", { className: "no" }, String(number)), element("span", {}, report.lines[number - 1] || " "));
  return item;
}

function showSource() {
  const report = reports[choice.report];
  const worth = new Map(report.lines_table.map((each) => [each.line, each.value]));
  const most = Math.max(1e-9, ...report.lines_table.filter((each) => each.line).map((each) => each.value));
  find("#source").replaceChildren(...report.lines.map((_, k) => sourceLine(report, k + 1, worth.get(k + 1) || 0, most)));
  find("#stage-source").replaceChildren(...report.lines.map((_, k) => {
    const item = sourceLine(report, k + 1);
    item.className = "has";
    return item;
  }));
  const kept = find("#stage").selectedIndex;
  find("#stage").replaceChildren(...report.stages.map((stage, k) => element("option", { value: k }, `${k + 1}. ${stage.name}`)));
  find("#stage").selectedIndex = Math.min(Math.max(kept, 0), report.stages.length - 1);
  showStage();
}

function showStage() {
  const report = reports[choice.report], at = Math.max(0, find("#stage").selectedIndex), stage = report.stages[at];
  const before = new Set(at ? report.stages[at - 1].text.split("\n") : []);
  const changed = find("#changed").checked;
  find("#stage-text").className = changed ? "only" : "";
  find("#stage-text").replaceChildren(...stage.text.replace(/\n$/, "").split("\n").map((line, k) => {
    const own = element("span", {}, line);
    if (stage.lines[k]) { own.classList.add("has"); own.dataset.line = stage.lines[k]; }
    if (at && !before.has(line)) own.classList.add("new");
    return own;
  }));
  markLine(false);
}

function markLine(reveal) {
  const report = reports[choice.report], op = choice.op >= 0 ? choice.op : choice.under;
  const line = choice.line || (op >= 0 ? report.operations.line[op] : 0);
  all("#source li.chosen, #stage-source li.chosen, #stage-text span.chosen").forEach((item) => item.classList.remove("chosen"));
  if (!line) return;
  all(`#source li[data-line="${line}"], #stage-source li[data-line="${line}"], #stage-text span[data-line="${line}"]`).forEach((item) => item.classList.add("chosen"));
  if (!reveal) return;
  for (const holder of ["#source", "#stage-text"]) {
    const box = find(holder), item = box.querySelector(".chosen");
    if (item && (item.offsetTop - box.offsetTop < box.scrollTop || item.offsetTop - box.offsetTop > box.scrollTop + box.clientHeight - 20)) {
      box.scrollTop = item.offsetTop - box.offsetTop - box.clientHeight / 2;
    }
  }
}

function chooseLine(event) {
  const item = event.target.closest("[data-line]");
  if (!item) return;
  const line = Number(item.dataset.line);
  choose({ line: choice.line === line ? 0 : line, op: -1 });
}
