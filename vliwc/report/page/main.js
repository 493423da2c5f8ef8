// Puts the parts together: maps, panels, buttons and keys.

all(".map").forEach((holder) => maps.push(new ScheduleMap(holder)));
const mapOfChoice = () => maps.find((map) => map.number === choice.report && !map.fixed);

function legend() {
  const { legend: entries } = colouring(reports[choice.report], find("#colour").value);
  find("#legend").replaceChildren(...entries.map(([name, colour]) => element("span", {}, Object.assign(element("i", { className: "swatch" }), { style: `background:${colour}` }), name)));
}

function zoomTo(what) {
  const map = mapOfChoice();
  if (what === "all") map.show(0, map.longest());
  else if (what === "in" || what === "out") map.zoom(what === "in" ? 0.6 : 1 / 0.6, map.cursor && map.cursor.cycle >= map.first && map.cursor.cycle < map.end ? map.cursor.cycle : undefined);
  else map.show(...map.part(what));
}

function stageBy(step) {
  const select = find("#stage");
  select.selectedIndex = Math.min(Math.max(select.selectedIndex + step, 0), select.options.length - 1);
  showStage();
}

let waiting = false;
onChange((before) => {
  if (before.report !== choice.report) { showSource(); legend(); markReport(); maps.filter((map) => map.fixed).forEach((map) => map.follow(choice.report)); }
  showOperation();
  markLine(before.line !== choice.line || before.op !== choice.op);
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; maps.forEach((map) => map.draw()); });
});

function markReport() {
  all("[data-show]").forEach((button) => button.setAttribute("aria-pressed", String(Number(button.dataset.show) === choice.report)));
}

find("#colour").addEventListener("change", () => { legend(); maps.forEach((map) => map.draw()); });
all("[data-zoom]").forEach((button) => button.addEventListener("click", () => zoomTo(button.dataset.zoom)));
all("[data-show]").forEach((button) => button.addEventListener("click", () => choose({ report: Number(button.dataset.show), op: -1, under: -1, line: 0 })));
find("#source").addEventListener("click", chooseLine);
find("#stage-source").addEventListener("click", chooseLine);
find("#stage-text").addEventListener("click", chooseLine);
find("#stage").addEventListener("change", showStage);
find("#changed").addEventListener("change", showStage);
find("#stage-before").addEventListener("click", () => stageBy(-1));
find("#stage-after").addEventListener("click", () => stageBy(1));
find("#help").addEventListener("click", toggleKeys);
find("#theme").addEventListener("click", () => {
  const root = document.documentElement, dark = window.matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = (root.dataset.theme || (dark ? "dark" : "light")) === "dark" ? "light" : "dark";
  maps.forEach((map) => map.draw());
});
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => maps.forEach((map) => map.draw()));

function toggleKeys() {
  const keys = find("#keys");
  keys.hidden = !keys.hidden;
  find("#help").setAttribute("aria-expanded", String(!keys.hidden));
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("select, input")) return;
  const report = reports[choice.report], op = choice.op >= 0 ? choice.op : choice.under;
  const go = (other) => other !== undefined && other >= 0 && goTo(report, other);
  const actions = {
    "?": toggleKeys,
    "0": () => zoomTo("all"), f: () => zoomTo("fill"), d: () => zoomTo("drain"),
    "+": () => zoomTo("in"), "=": () => zoomTo("in"), "-": () => zoomTo("out"),
    "[": () => stageBy(-1), "]": () => stageBy(1),
    Escape: () => choose({ op: -1, under: -1, line: 0 }),
    o: () => op >= 0 && go(report.operations.operands[op][0]),
    r: () => op >= 0 && go(report.readers[op][0]),
    w: () => op >= 0 && go(report.operations.waits_for[op]),
  };
  if (actions[event.key]) actions[event.key]();
});

legend();
markReport();
showSource();
mapOfChoice().show(0, mapOfChoice().longest());
document.documentElement.dataset.ready = "true";
