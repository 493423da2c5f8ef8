"use strict";
// What all parts of the page share: the data, texts, colours, and the choice of the reader.

const reports = JSON.parse(document.getElementById("vliwc-report").textContent);
const colours = JSON.parse(document.getElementById("vliwc-colours").textContent);
const find = (selector) => document.querySelector(selector);
const all = (selector) => [...document.querySelectorAll(selector)];
const variable = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

const phaseOf = (report, name) =>
  (report.attribution ? report.attribution.phases : []).find((phase) => phase.name === name);

// The slots of a report by row of the map, and where each operation has its slots.
for (const report of reports) {
  const { slots, operations } = report;
  report.rows = [];
  report.firstRow = [];
  for (const [engine, count] of report.engines) {
    report.firstRow.push(report.rows.length);
    for (let k = 0; k < count; k++) report.rows.push([engine, k]);
  }
  report.cell = new Map();
  report.slotsOf = operations.name.map(() => []);
  slots.cycle.forEach((cycle, slot) => {
    const row = report.firstRow[slots.engine[slot]] + slots.row[slot];
    report.cell.set(cycle * report.rows.length + row, slot);
    report.slotsOf[slots.operation[slot]].push(slot);
  });
  report.readers = operations.name.map(() => []);
  operations.operands.forEach((read, op) => read.forEach((other) => report.readers[other].push(op)));
  report.lines = report.source.text.split("\n");
  report.lastLane = report.slotsOf.map((own) => Math.max(-1, ...own.map((slot) => slots.cycle[slot])));
}

// What the reader looks at. `op` is kept until another is, `under` is below the pointer or cursor.
const choice = { report: 0, op: -1, under: -1, line: 0 };
const listeners = [];
const onChange = (listener) => listeners.push(listener);
function choose(change) {
  const before = { ...choice };
  Object.assign(choice, change);
  listeners.forEach((listener) => listener(before));
}

function text(report, column, op) {
  return report.strings[report.operations[column][op]];
}

function cycleOf(report, op) {
  const own = report.slotsOf[op];
  return own.length ? report.slots.cycle[own[0]] : -1;
}

function nameOf(report, op) {
  const group = report.operations.group[op];
  return `${text(report, "opcode", op) || "(no slot)"} ${text(report, "name", op)}${group < 0 ? "" : `, group ${group}`}`;
}

function hue(number, count) {
  return `hsl(${Math.round((number * 360) / Math.max(count, 1))} 62% ${number % 2 ? 62 : 48}%)`;
}

function colouring(report, mode) {
  const { operations } = report;
  if (mode === "engine") return { of: (op) => colours.engines[report.engines[operations.engine[op]][0]],
    legend: report.engines.map(([engine]) => [engine, colours.engines[engine]]) };
  if (mode === "group") {
    const count = 1 + Math.max(0, ...operations.group);
    return { of: (op) => (operations.group[op] < 0 ? "#8a9299" : hue(operations.group[op], count)),
      legend: [["set-up", "#8a9299"], ["first group", hue(0, count)], ["last group", hue(count - 1, count)]] };
  }
  if (mode === "waited") {
    const shade = (n) => (n === 0 ? "#3ca951" : n < 4 ? "#a3c644" : n < 16 ? "#efb118" : n < 64 ? "#ff725c" : "#8e3b8c");
    return { of: (op) => shade(Math.max(0, cycleOf(report, op) - operations.ready[op])),
      legend: [["0", 0], ["1 to 3", 1], ["4 to 15", 4], ["16 to 63", 16], ["64 and more", 64]].map(([t, n]) => [t, shade(n)]) };
  }
  const key = mode === "line" ? (op) => operations.line[op] : (op) => operations.purpose[op];
  const keys = [...new Set(report.slots.operation.map(key))].sort((a, b) => a - b);
  const place = new Map(keys.map((value, k) => [value, k]));
  return { of: (op) => hue(place.get(key(op)), keys.length),
    legend: keys.slice(0, 14).map((value, k) => [mode === "line" ? `line ${value || "-"}` : report.strings[value], hue(k, keys.length)]) };
}
