// SPDX-License-Identifier: Apache-2.0
// What all parts of the page use. Text from the design only becomes text nodes and attributes, never markup.
'use strict';

const DATA = JSON.parse(document.getElementById('data').textContent);
const STEP = DATA.step;
const CYCLES = STEP.cycles;

// One element: attributes (functions become listeners), then children (strings become text).
function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (typeof value === 'function') node.addEventListener(name, value);
    else if (name === 'style') node.style.cssText = value;
    else if (value === true) node.setAttribute(name, '');
    else if (value !== false && value !== undefined && value !== null) node.setAttribute(name, value);
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== false) node.append(child);
  }
  return node;
}

const number = d3.format(',.0f');
function short(value) {
  if (value === 0) return '0';
  if (Math.abs(value) < 1000) return String(Math.round(value * 10) / 10);
  return d3.format('.3~s')(value).replace('G', ' G').replace('M', ' M').replace('k', ' k');
}
function percent(share) {
  const value = 100 * share;
  return (value !== 0 && Math.abs(value) < 10 ? value.toFixed(1) : value.toFixed(0)) + ' %';
}
function bytes(count) {
  for (const [size, unit] of [[2 ** 30, 'GiB'], [2 ** 20, 'MiB'], [2 ** 10, 'KiB']]) {
    if (count >= size) return (count / size).toFixed(count >= 100 * size ? 0 : 1) + ' ' + unit;
  }
  return count + ' B';
}
const traffic = count => short(count).replace(/( ?)([kMG]?)$/, (_, space, unit) => ' ' + unit + 'B');
function seconds(value) {
  for (const [size, unit] of [[1, 's'], [1e-3, 'ms'], [1e-6, 'µs']]) {
    if (value >= size) return (value / size).toPrecision(3) + ' ' + unit;
  }
  return (value * 1e9).toFixed(0) + ' ns';
}
const timeOf = cycles => seconds(cycles / DATA.platform.clock_hz);
function plural(count, one, many) { return number(count) + ' ' + (count === 1 ? one : many); }

// What each process did over the step, in this order everywhere.
const ACTIVITIES = [
  {key: 'computes', name: 'computes', color: 'var(--computes)'},
  {key: 'waits_for_input', name: 'waits for input', color: 'var(--input)'},
  {key: 'waits_for_output', name: 'waits for output', color: 'var(--output)'},
  {key: 'waits_for_memory', name: 'waits for memory', color: 'var(--memory)'},
  {key: 'after_its_end', name: 'has ended', color: 'var(--ended)'},
];
const RESOURCES = [
  {key: 'lut', name: 'LUT'}, {key: 'ff', name: 'FF'}, {key: 'bram36', name: 'BRAM'}, {key: 'uram', name: 'URAM'},
  {key: 'dsp', name: 'DSP'},
];
function amount(area, key) { return key === 'bram36' ? area.bram18 / 2 : area[key]; }
function slrColor(slr) { return `var(--slr${slr % 4})`; }

// Calls and channels with all that is known of each.
const CALLS = DATA.calls.map((call, index) => ({
  index, name: call.name, slr: call.slr, activity: STEP.processes[index], inputs: [], outputs: [],
  area: DATA.schedule.processes[call.process].area, loops: DATA.schedule.processes[call.process].loops,
}));
const CHANNELS = [];
for (const channel of DATA.schedule.channels) {
  for (let instance = 0; instance < channel.instances; ++instance) {
    const index = CHANNELS.length;
    const edge = DATA.graph.edges[index];
    const share = key => channel.area[key] / channel.instances;
    CHANNELS.push({
      index, ...STEP.channels[index], bits: channel.bits, blocks: channel.blocks, words: channel.words,
      from: edge.from, to: edge.to, control: edge.control, path: edge.path, bytes: edge.bytes,
      area: {lut: share('lut'), ff: share('ff'), bram18: share('bram18'), uram: share('uram'), dsp: 0},
    });
  }
}
for (const channel of CHANNELS) {
  if (channel.from >= 0) CALLS[channel.from].outputs.push(channel);
  if (channel.to >= 0) CALLS[channel.to].inputs.push(channel);
}
const isFull = channel => channel.writer_waited > 0.01 * CYCLES;
function storageOf(channel) {
  if (channel.area.uram > 0) return `${short(channel.area.uram)} URAM`;
  if (channel.area.bram18 > 0) return `${short(channel.area.bram18)} BRAM18`;
  return `${number(channel.area.lut)} LUT`;
}
const capacityOf = channel => channel.depth * channel.bits * (channel.blocks ? channel.words : 1) / 8;

// The tooltip: a title and lines.
const tip = document.getElementById('tip');
function showTip(event, title, lines) {
  tip.replaceChildren(el('b', {}, title), ...lines.map(line => el('div', {}, line)));
  tip.hidden = false;
  const box = event.clientX === undefined || event.type === 'focus' ? event.target.getBoundingClientRect() : null;
  const x = box ? box.left + box.width / 2 : event.clientX;
  const y = box ? box.bottom : event.clientY;
  tip.style.left = Math.max(4, Math.min(x + 14, innerWidth - tip.offsetWidth - 8)) + 'px';
  tip.style.top = Math.max(4, y + 16 + tip.offsetHeight > innerHeight ? y - tip.offsetHeight - 12 : y + 16) + 'px';
}
function hideTip() { tip.hidden = true; }
// Of an element, by mouse and by focus.
function withTip(node, title, lines) {
  for (const name of ['mousemove', 'focus']) node.addEventListener(name, event => showTip(event, title, lines()));
  for (const name of ['mouseleave', 'blur']) node.addEventListener(name, hideTip);
  return node;
}

// A section of the page, with where its figures come from.
const SECTIONS = [];
function section(id, title, source, note, short) {
  const node = el('section', {id, 'aria-labelledby': id + '-title'},
                  el('div', {class: 'head'}, el('h2', {id: id + '-title'}, title),
                     source && el('span', {class: 'tag ' + source}, source === 'exact' ? 'from the artifact' : source),
                     note && el('span', {class: 'note'}, note)));
  SECTIONS.push({id, title: short || title});
  return node;
}

function legend(entries) {
  return el('div', {class: 'legend'}, entries.map(({name, color}) =>
    el('span', {}, el('i', {style: `background:${color}`}), name)));
}

// Parts of a whole: {name, value, color}.
function stack(parts, whole, tall) {
  return el('div', {class: tall ? 'stack tall' : 'stack', role: 'img',
                    'aria-label': parts.map(part => `${part.name} ${percent(part.value / whole)}`).join(', ')},
            parts.map(part => withTip(
              el('span', {style: `width:${100 * part.value / whole}%;background:${part.color}`}),
              part.name, () => [part.text || `${number(part.value)} cycles, ${percent(part.value / whole)}`])));
}
function activityStack(call, tall) {
  return stack(ACTIVITIES.map(({key, name, color}) => ({name, color, value: call.activity[key]})), CYCLES, tall);
}

// Rows that sort by a click on a column's head. Columns: {name, text(row), value(row), cell(row), number}.
function sortableTable(columns, rows, sorted, descending, caption) {
  const body = el('tbody');
  const heads = columns.map((column, at) => el('th', {class: column.number ? 'number' : null, scope: 'col'},
    el('button', {type: 'button', title: column.title || null, click: () => {
      descending = sorted === at ? !descending : Boolean(column.number);
      sorted = at;
      fill();
    }}, column.name)));
  function fill() {
    const value = columns[sorted].value || columns[sorted].text;
    const order = rows.map((row, index) => [value(row), index]);
    order.sort(([a, i], [b, j]) => (a < b ? -1 : a > b ? 1 : 0) * (descending ? -1 : 1) || i - j);
    heads.forEach((head, at) => {
      if (at === sorted) head.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
      else head.removeAttribute('aria-sort');
    });
    body.replaceChildren(...order.map(([, index]) => el('tr', {}, columns.map(column =>
      el('td', {class: column.number ? 'number' : null},
         column.cell ? column.cell(rows[index]) : column.text(rows[index]))))));
  }
  fill();
  return el('div', {class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption},
            el('table', {}, el('thead', {}, el('tr', {}, heads)), body));
}

// A bar with a limit, both shares of 1.
function limitBar(share, limit) {
  const scale = Math.max(1, share);
  return el('div', {class: share > limit ? 'bar over' : 'bar'}, el('i', {style: `width:${100 * share / scale}%`}),
            el('u', {style: `left:${100 * limit / scale}%`}));
}

const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const onTheme = [];  // to be drawn again with other colours
