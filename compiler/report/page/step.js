// SPDX-License-Identifier: Apache-2.0
// One step: the timeline of all processes, what its time went to, its energy.

const TIMELINE = DATA.timeline;
const STATE_COLORS = {computes: '--computes', input: '--input', output: '--output', memory: '--memory'};
const STATE_WORDS = {computes: 'computes: ', input: 'waits for input: ', output: 'waits for output: ', memory: 'waits for memory'};

const Timeline = (() => {
  const LABELS = 150, ROW = 15, AXIS = 24;
  let canvas, says, zoom, scale, row = 0, at = -1;

  // The span of a row that holds a cycle; -1: none.
  function spanAt(call, cycle) {
    const spans = TIMELINE.spans[call];
    let low = 0, high = spans.length / 3 - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      if (cycle < spans[3 * middle]) high = middle - 1;
      else if (cycle >= spans[3 * middle] + spans[3 * middle + 1]) low = middle + 1;
      else return middle;
    }
    return -1;
  }
  function describe(call, span) {
    if (span < 0) return [CALLS[call].name, 'nothing as long as the resolution, or its end'];
    const [begin, length, state] = TIMELINE.spans[call].slice(3 * span, 3 * span + 3);
    const {kind, what} = TIMELINE.states[state];
    return [CALLS[call].name, STATE_WORDS[kind] + what,
            `${number(begin)} to ${number(begin + length)}: ${number(length)} cycles, ${timeOf(length)}`];
  }

  function build() {
    const node = section('timeline', 'Timeline of one step', 'modelled',
      `${timeOf(CYCLES)} from the first cycle to the last. Spans shorter than ${plural(TIMELINE.resolution, 'cycle', 'cycles')} are left out.`, 'Timeline');
    canvas = el('canvas', {id: 'time', tabindex: 0, role: 'application',
                           'aria-label': 'Timeline. Up and down choose a process, left and right its spans, plus and minus zoom.'});
    says = el('div', {id: 'time-says', 'aria-live': 'polite', class: 'note'});
    node.append(
      el('div', {class: 'tools'}, legend(ACTIVITIES), el('span', {class: 'grow'}),
         el('button', {type: 'button', 'aria-label': 'Zoom out', click: () => by(1 / 2)}, '−'),
         el('button', {type: 'button', 'aria-label': 'Zoom in', click: () => by(2)}, '+'),
         el('button', {type: 'button', click: reset}, 'Fit')),
      canvas, says,
      el('div', {class: 'note'}, 'Drag to pan, wheel to zoom once clicked, or keys: up and down choose a process, left and right its spans, + − 0.'));
    document.getElementById('main').append(node);

    zoom = d3.zoom().scaleExtent([1, Math.max(2, CYCLES / 200)]).on('zoom', draw);
    zoom.filter(function () {
      const event = d3.event || arguments[0];
      if (event.type === 'wheel') return event.ctrlKey || document.activeElement === canvas;
      return !event.button;
    });
    d3.select(canvas).call(zoom);
    canvas.addEventListener('mousemove', event => {
      const box = canvas.getBoundingClientRect();
      const call = Math.floor((event.clientY - box.top - AXIS) / ROW);
      if (call < 0 || call >= CALLS.length || event.clientX - box.left < LABELS) { hideTip(); return; }
      const [title, ...lines] = describe(call, spanAt(call, scale.invert(event.clientX - box.left)));
      showTip(event, title, lines);
    });
    canvas.addEventListener('mouseleave', hideTip);
    canvas.addEventListener('click', event => {
      const box = canvas.getBoundingClientRect();
      const call = Math.floor((event.clientY - box.top - AXIS) / ROW);
      if (call < 0 || call >= CALLS.length) return;
      row = call;
      at = spanAt(call, scale.invert(event.clientX - box.left));
      tell();
    });
    canvas.addEventListener('keydown', key);
    onTheme.push(draw);
    size();
    new ResizeObserver(size).observe(canvas);
  }

  function size() {
    const width = canvas.clientWidth, height = AXIS + ROW * CALLS.length + 4, ratio = devicePixelRatio || 1;
    if (!width || canvas.width === Math.round(width * ratio)) return;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.height = height + 'px';
    zoom.extent([[LABELS, 0], [width - 8, height]]).translateExtent([[LABELS, 0], [width - 8, height]]);
    draw();
  }
  function by(factor) { d3.select(canvas).call(zoom.scaleBy, factor); }
  function reset() { d3.select(canvas).call(zoom.transform, d3.zoomIdentity); }
  function tell() {
    says.textContent = describe(row, at).join(' · ');
    draw();
  }
  function key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const count = TIMELINE.spans[row].length / 3;
    if (event.key === 'ArrowDown') { row = Math.min(CALLS.length - 1, row + 1); at = Math.min(at, TIMELINE.spans[row].length / 3 - 1); }
    else if (event.key === 'ArrowUp') { row = Math.max(0, row - 1); at = Math.min(at, TIMELINE.spans[row].length / 3 - 1); }
    else if (event.key === 'ArrowRight') at = Math.min(count - 1, at + 1);
    else if (event.key === 'ArrowLeft') at = Math.max(0, at - 1);
    else if (event.key === '+' || event.key === '=') by(2);
    else if (event.key === '-') by(1 / 2);
    else if (event.key === '0') reset();
    else return;
    event.preventDefault();
    if (at >= 0 && count > 0 && event.key.startsWith('Arrow')) {
      const begin = TIMELINE.spans[row][3 * at], [low, high] = scale.domain();
      if (begin < low || begin > high) d3.select(canvas).call(zoom.translateTo, full()(begin), 0);
    }
    tell();
  }
  const full = () => d3.scaleLinear([0, CYCLES], [LABELS, canvas.clientWidth - 8]);

  function draw() {
    const context = canvas.getContext('2d'), ratio = devicePixelRatio || 1;
    const width = canvas.width / ratio, height = canvas.height / ratio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    scale = d3.zoomTransform(canvas).rescaleX(full());
    const ink = css('--ink'), soft = css('--soft'), line = css('--line'), faint = css('--faint');
    const colors = TIMELINE.states.map(({kind}) => css(STATE_COLORS[kind]));
    const ended = css('--ended');

    context.font = '11px system-ui, sans-serif';
    context.textBaseline = 'middle';
    for (const tick of scale.ticks(8)) {
      const x = Math.round(scale(tick)) + 0.5;
      context.strokeStyle = line;
      context.beginPath();
      context.moveTo(x, AXIS - 4);
      context.lineTo(x, height);
      context.stroke();
      context.fillStyle = soft;
      context.textAlign = 'center';
      context.fillText(timeOf(tick), x, AXIS / 2);
    }
    context.save();
    context.beginPath();
    context.rect(LABELS, 0, width - LABELS - 8, height);
    context.clip();
    for (const call of CALLS) {
      const y = AXIS + ROW * call.index + 2, spans = TIMELINE.spans[call.index];
      context.fillStyle = faint;
      context.fillRect(LABELS, y, width, ROW - 4);
      for (let i = 0; i < spans.length; i += 3) {
        const x = scale(spans[i]), end = scale(spans[i] + spans[i + 1]);
        if (end < LABELS || x > width) continue;
        context.fillStyle = colors[spans[i + 2]];
        context.fillRect(x, y, Math.max(end - x, 0.6), ROW - 4);
      }
      context.fillStyle = ended;
      const over = scale(CYCLES - call.activity.after_its_end);
      context.fillRect(over, y, scale(CYCLES) - over, ROW - 4);
    }
    if (at >= 0 && at < TIMELINE.spans[row].length / 3) {
      const [begin, length] = TIMELINE.spans[row].slice(3 * at, 3 * at + 2);
      context.strokeStyle = ink;
      context.lineWidth = 2;
      context.strokeRect(scale(begin) - 1, AXIS + ROW * row + 1, Math.max(2, scale(begin + length) - scale(begin)) + 2, ROW - 2);
      context.lineWidth = 1;
    }
    context.restore();
    context.textAlign = 'right';
    for (const call of CALLS) {
      context.fillStyle = call.index === row ? ink : soft;
      context.font = (call.index === row && document.activeElement === canvas ? 'bold ' : '') + '11px system-ui, sans-serif';
      const name = call.name.length > 22 ? call.name.slice(0, 21) + '…' : call.name;
      context.fillText(name, LABELS - 8, AXIS + ROW * call.index + ROW / 2);
    }
  }
  return {build};
})();

const CAUSE_COLORS = {
  'iterations': 'var(--c1)', 'pipeline fill': 'var(--c5)', 'memory bandwidth': 'var(--c4)', 'memory latency': 'var(--c6)',
  'memory shared': 'var(--c3)', 'memory refresh': 'var(--c7)', 'FIFO handover': 'var(--c2)', 'die crossing': 'var(--c0)',
};
function buildCauses() {
  const node = section('causes', 'Where the time goes', 'modelled',
    'The critical path: from the end of the step back to its start, each cycle has one cause.', 'Causes');
  const kinds = d3.nest ? d3.nest().key(cause => cause.kind).rollup(list => d3.sum(list, cause => cause.cycles)).entries(STEP.causes)
      .map(({key, value}) => ({key, value}))
    : Array.from(d3.rollup(STEP.causes, list => d3.sum(list, cause => cause.cycles), cause => cause.kind), ([key, value]) => ({key, value}));
  kinds.sort((a, b) => b.value - a.value);
  const parts = kinds.map(({key, value}) => ({name: key, value, color: CAUSE_COLORS[key] || 'var(--ended)'}));
  const most = STEP.causes.length > 0 ? STEP.causes[0].cycles : 1;
  node.append(
    stack(parts, CYCLES, true),
    el('div', {style: 'margin:6px 0 10px'}, legend(parts.map(part => ({name: `${part.name} ${percent(part.value / CYCLES)}`, color: part.color})))),
    el('table', {id: 'cause-table'},
       el('thead', {}, el('tr', {}, ['cause', 'where', 'why'].map(name => el('th', {scope: 'col'}, name)),
                          ['cycles', 'share'].map(name => el('th', {class: 'number', scope: 'col'}, name)))),
       el('tbody', {}, STEP.causes.slice(0, 12).map(cause => el('tr', {},
         el('td', {style: 'width:190px'}, el('span', {class: 'bar cell'},
            el('i', {style: `width:${100 * cause.cycles / most}%;background:${CAUSE_COLORS[cause.kind] || 'var(--ended)'}`})), cause.kind),
         el('td', {}, cause.process ? processLink(cause.process) : '', cause.line ? ` ${cause.file || 'line'}:${cause.line}` : ''),
         el('td', {class: 'wide'}, cause.reason || ''), el('td', {class: 'number'}, number(cause.cycles)),
         el('td', {class: 'number'}, percent(cause.cycles / CYCLES)))))),
    STEP.causes.length > 12 && el('p', {class: 'note'}, `and ${number(STEP.causes.length - 12)} more of ${
      percent(d3.sum(STEP.causes.slice(12), cause => cause.cycles) / CYCLES)} together`) || '');
  document.getElementById('main').append(node);
}
function processLink(name) {
  const call = CALLS.find(other => other.name === name);
  return call ? el('button', {type: 'button', class: 'link', click: () => Graph.show(call)}, name) : name;
}

function buildEnergy(box) {
  const node = section('energy', 'Energy of the step', 'modelled', null, 'Energy');
  const names = {static: 'static', memory: 'card memory', dsp: 'DSP slices', logic: 'logic and clock', on_chip_memory: 'on-chip memory'};
  const parts = Object.entries(names).map(([key, name], i) => ({
    name, value: STEP.joules[key], color: `var(--c${[7, 4, 0, 1, 2][i]})`,
    text: `${(1e3 * STEP.joules[key]).toPrecision(3)} mJ, ${percent(STEP.joules[key] / STEP.joules.total)}`}));
  node.append(stack(parts, STEP.joules.total, true),
              el('table', {}, el('tbody', {}, parts.map(part => el('tr', {},
                el('td', {}, el('span', {class: 'legend'}, el('i', {style: `background:${part.color}`}), part.name)),
                el('td', {class: 'number'}, `${(1e3 * part.value).toPrecision(3)} mJ`),
                el('td', {class: 'number'}, percent(part.value / STEP.joules.total)))))),
              el('p', {class: 'note'}, 'Energies of logic are assumptions, chosen high. With the gap from launch to launch.'));
  box.append(node);
}
