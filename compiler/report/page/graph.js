// SPDX-License-Identifier: Apache-2.0
// The dataflow graph and the panel beside it.

const GRAPH = DATA.graph;
const COLORINGS = {
  slr: {name: 'SLR', fill: call => slrColor(call.slr), strength: () => 0.3},
  computes: {name: 'share of time it computes', fill: () => 'var(--computes)',
             strength: call => 0.75 * call.activity.computes / CYCLES},
  dsp: {name: 'DSP slices', fill: () => 'var(--c0)', strength: call => 0.75 * relative(call, 'dsp')},
  lut: {name: 'LUTs', fill: () => 'var(--c0)', strength: call => 0.75 * relative(call, 'lut')},
};
function relative(call, key) {
  const most = d3.max(CALLS, other => amount(other.area, key));
  return most > 0 ? amount(call.area, key) / most : 0;
}

function areaText(area, most) {
  const parts = [[area.dsp, 'DSP'], [area.lut, 'LUT'], [area.bram18 / 2, 'BRAM'], [area.uram, 'URAM']];
  return parts.filter(([count]) => count > 0).slice(0, most).map(([count, name]) => `${short(count)} ${name}`).join(' · ') || 'no logic';
}
function callLines(call) {
  return [`SLR${call.slr} · ${areaText(call.area)}`,
          ...ACTIVITIES.filter(({key}) => call.activity[key] > 0.0005 * CYCLES)
            .map(({key, name}) => `${name} ${percent(call.activity[key] / CYCLES)}`)];
}
function channelLines(channel) {
  return [`depth ${number(channel.depth)}, at most ${number(channel.most_held)} held, ${channel.bits} bits`,
          `costs ${storageOf(channel)}`,
          `reader waits ${percent(channel.reader_waited / CYCLES)}, writer ${percent(channel.writer_waited / CYCLES)}`];
}

const Graph = (() => {
  let svg, world, zoom, nodes, edges, panel, shown = false;
  let focused = 0;

  function build() {
    const node = section('graph', 'Dataflow graph', 'modelled',
      'Every process and FIFO. The strip in a box is its time in the step; the colour at its left its SLR. '
      + 'Numbers on an edge: most elements held / depth.', 'Graph');
    const search = el('input', {type: 'search', placeholder: 'Find a process or FIFO', 'aria-label': 'Find a process or FIFO',
                                list: 'names', size: 26, change: event => find(event.target.value)});
    const coloring = el('select', {change: event => color(event.target.value)},
                        Object.entries(COLORINGS).map(([key, {name}]) => el('option', {value: key}, name)));
    const controls = CHANNELS.filter(channel => channel.control).length;
    node.append(
      el('div', {class: 'tools'}, search,
         el('datalist', {id: 'names'}, [...CALLS, ...CHANNELS].map(({name}) => el('option', {value: name}))),
         el('label', {}, 'Colour', coloring),
         controls > 0 && el('label', {}, el('input', {type: 'checkbox', change: event => showControl(event.target.checked)}),
                            `${plural(controls, 'FIFO', 'FIFOs')} that only control the step`),
         el('span', {class: 'grow'}),
         el('button', {type: 'button', title: 'Zoom out (−)', 'aria-label': 'Zoom out', click: () => by(1 / 1.4)}, '−'),
         el('button', {type: 'button', title: 'Zoom in (+)', 'aria-label': 'Zoom in', click: () => by(1.4)}, '+'),
         el('button', {type: 'button', title: 'Show all (0)', click: fit}, 'Fit')),
      el('div', {class: 'split'}, el('div', {id: 'view-box'}), panel = el('div', {id: 'panel', tabindex: 0, role: 'region',
                                                                        'aria-label': 'What is chosen', 'aria-live': 'polite'})),
      el('div', {class: 'tools'}, legend([...ACTIVITIES, {name: 'FIFO whose writer waits', color: 'var(--hot)'}]),
         el('span', {class: 'grow'}),
         el('span', {class: 'note'}, 'Drag to pan, wheel to zoom once clicked, or keys: arrows, Enter, + − 0, Escape.')));
    document.getElementById('main').append(node);
    draw(d3.select('#view-box'));
    describeDesign();
  }

  function draw(box) {
    svg = box.append('svg').attr('id', 'view').attr('role', 'group').attr('aria-label', 'Dataflow graph');
    svg.append('defs').append('marker').attr('id', 'arrow').attr('viewBox', '0 0 8 8').attr('refX', 7).attr('refY', 4)
      .attr('markerWidth', 8).attr('markerHeight', 8).attr('markerUnits', 'userSpaceOnUse').attr('orient', 'auto')
      .append('path').attr('class', 'arrow').attr('d', 'M0,0L8,4L0,8z');
    world = svg.append('g');
    const mostBytes = Math.max(1, d3.max(CHANNELS, channel => channel.bytes) || 1);
    const width = channel => channel.control ? 1 : 1 + 3 * Math.sqrt(channel.bytes / mostBytes);

    edges = world.append('g').selectAll('g').data(CHANNELS.filter(channel => channel.from >= 0 && channel.to >= 0)).enter()
      .append('g').attr('class', channel => 'edge' + (channel.control ? ' control' : '') + (isFull(channel) ? ' full' : ''))
      .attr('data-channel', channel => channel.name);
    edges.append('path').attr('class', 'line').attr('d', pathOf).attr('stroke-width', width)
      .attr('marker-end', 'url(#arrow)');
    edges.append('path').attr('class', 'hit').attr('d', pathOf);
    edges.filter(channel => !channel.control).append('text').attr('dy', -3)
      .text(channel => `${short(channel.most_held)}/${short(channel.depth)}`)
      .each(function (channel) {
        const line = this.parentNode.firstChild;
        const at = line.getPointAtLength(line.getTotalLength() * 0.5);
        this.setAttribute('x', at.x);
        this.setAttribute('y', at.y);
      });
    edges.filter(channel => channel.control).attr('display', 'none');
    edges.each(function (channel) {
      withTip(this, channel.name, () => channelLines(channel));
      this.addEventListener('click', event => { event.stopPropagation(); chooseChannel(channel); });
    });

    nodes = world.append('g').selectAll('g').data(CALLS).enter().append('g').attr('class', 'node')
      .attr('transform', call => `translate(${left(call)},${top(call)})`)
      .attr('data-process', call => call.name).attr('role', 'button').attr('tabindex', (call, i) => i === 0 ? 0 : -1)
      .attr('aria-label', call => `${call.name}, SLR${call.slr}, computes ${percent(call.activity.computes / CYCLES)}`);
    const width_ = call => GRAPH.nodes[call.index].width, height_ = call => GRAPH.nodes[call.index].height;
    nodes.append('rect').attr('class', 'box').attr('rx', 6).attr('width', width_).attr('height', height_);
    nodes.append('rect').attr('class', 'tint').attr('rx', 6).attr('width', width_).attr('height', height_)
      .attr('pointer-events', 'none');
    nodes.append('rect').attr('rx', 2).attr('x', 0).attr('y', 4).attr('width', 5).attr('height', call => height_(call) - 8)
      .attr('fill', call => slrColor(call.slr));
    nodes.append('text').attr('x', 12).attr('y', 17).text(call => fitted(call.name, width_(call) - 18, 7.1));
    nodes.append('text').attr('class', 'sub').attr('x', 12).attr('y', 30)
      .text(call => fitted(areaText(call.area, 2), width_(call) - 16, 5.4));
    nodes.each(function (call) {
      let x = 12;
      const whole = width_(call) - 20;
      for (const {key, color} of ACTIVITIES) {
        const part = whole * call.activity[key] / CYCLES;
        d3.select(this).append('rect').attr('x', x).attr('y', 36).attr('width', Math.max(0, part)).attr('height', 5)
          .attr('fill', color);
        x += part;
      }
      withTip(this, call.name, () => callLines(call));
      this.addEventListener('click', event => { event.stopPropagation(); chooseCall(call); });
      this.addEventListener('focus', () => { focused = call.index; });
    });
    color('slr');

    zoom = d3.zoom().scaleExtent([0.05, 6]).on('zoom', () => {
      const transform = d3.zoomTransform(svg.node());
      world.attr('transform', transform);
      world.selectAll('.edge text').attr('display', transform.k < 0.6 ? 'none' : null);
    });
    // The wheel scrolls the page until the graph is clicked.
    zoom.filter(function () {
      const event = d3.event || arguments[0];
      if (event.type === 'wheel') return event.ctrlKey || svg.node().contains(document.activeElement);
      return !event.button && !(event.type === 'dblclick');
    });
    svg.call(zoom);
    svg.node().addEventListener('mousedown', () => { shown = true; nodes.nodes()[focused].focus({preventScroll: true}); });
    svg.node().addEventListener('click', clear);
    svg.node().addEventListener('keydown', key);
    fit();
    new ResizeObserver(() => { if (!shown) fit(); }).observe(svg.node());
  }

  const left = call => GRAPH.nodes[call.index].x - GRAPH.nodes[call.index].width / 2;
  const top = call => GRAPH.nodes[call.index].y - GRAPH.nodes[call.index].height / 2;
  function fitted(text, width, character) {
    const most = Math.floor(width / character);
    return text.length <= most ? text : text.slice(0, Math.max(1, most - 1)) + '…';
  }
  // Control FIFOs have no place in the layout: a line from box to box.
  function pathOf(channel) {
    if (channel.path) return channel.path;
    const from = GRAPH.nodes[channel.from], to = GRAPH.nodes[channel.to];
    const dx = to.x - from.x, dy = to.y - from.y;
    const cut = (node, sign) => {
      const scale = Math.min(node.width / 2 / Math.max(1e-6, Math.abs(dx)), node.height / 2 / Math.max(1e-6, Math.abs(dy)), 0.5);
      return [node.x + sign * dx * scale, node.y + sign * dy * scale];
    };
    return `M${cut(from, 1)}L${cut(to, -1)}`;
  }

  function color(name) {
    const {fill, strength} = COLORINGS[name];
    nodes.select('.tint').attr('fill', fill).attr('fill-opacity', strength);
  }
  function showControl(show) { edges.filter(channel => channel.control).attr('display', show ? null : 'none'); }
  function by(factor) { shown = true; svg.call(zoom.scaleBy, factor); }
  function fit() {
    shown = false;
    const box = svg.node().getBoundingClientRect();
    if (box.width === 0) return;
    const scale = Math.min(1.6, 0.97 * Math.min(box.width / GRAPH.width, box.height / GRAPH.height));
    svg.call(zoom.transform, d3.zoomIdentity
      .translate((box.width - scale * GRAPH.width) / 2, (box.height - scale * GRAPH.height) / 2).scale(scale));
  }
  // Into view, if it isn't.
  function reveal(call) {
    const box = svg.node().getBoundingClientRect(), transform = d3.zoomTransform(svg.node());
    const [x, y] = transform.apply([GRAPH.nodes[call.index].x, GRAPH.nodes[call.index].y]);
    if (x > 40 && y > 20 && x < box.width - 40 && y < box.height - 20) return;
    shown = true;
    svg.call(zoom.translateTo, GRAPH.nodes[call.index].x, GRAPH.nodes[call.index].y);
  }

  function focusOn(call) {
    nodes.attr('tabindex', -1);
    const node = nodes.nodes()[call.index];
    node.setAttribute('tabindex', 0);
    focused = call.index;
    reveal(call);
    node.focus({preventScroll: true});
  }
  // The next box in the direction of an arrow key.
  function neighbour(dx, dy) {
    const here = GRAPH.nodes[focused];
    let best = null, least = Infinity;
    for (const call of CALLS) {
      const node = GRAPH.nodes[call.index];
      const along = (node.x - here.x) * dx + (node.y - here.y) * dy;
      const across = Math.abs((node.x - here.x) * dy) + Math.abs((node.y - here.y) * dx);
      if (along > 1 && along + 3 * across < least) { least = along + 3 * across; best = call; }
    }
    return best;
  }
  const DIRECTIONS = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
  function key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const direction = DIRECTIONS[event.key];
    if (direction && event.shiftKey) svg.call(zoom.translateBy, -80 * direction[0], -80 * direction[1]);
    else if (direction) { const next = neighbour(...direction); if (next) focusOn(next); }
    else if (event.key === '+' || event.key === '=') by(1.4);
    else if (event.key === '-') by(1 / 1.4);
    else if (event.key === '0') fit();
    else if (event.key === 'Escape') { hideTip(); clear(); }
    else if (event.key === 'Enter' || event.key === ' ') chooseCall(CALLS[focused]);
    else return;
    event.preventDefault();
  }

  function find(text) {
    const call = CALLS.find(({name}) => name === text) || CALLS.find(({name}) => text && name.includes(text));
    const channel = CHANNELS.find(({name}) => name === text);
    if (call && (call.name === text || !channel)) { chooseCall(call); reveal(call); }
    else if (channel) { chooseChannel(channel); if (channel.from >= 0) reveal(CALLS[channel.from]); }
  }

  function mark(isNear, isChosen) {
    world.classed('dimmed', true);
    nodes.classed('near', call => isNear(call)).classed('chosen', call => call === isChosen);
    edges.classed('near', channel => isChosen === channel || channel.from === isChosen.index && isChosen.activity
                                     || channel.to === isChosen.index && Boolean(isChosen.activity))
      .classed('chosen', channel => channel === isChosen);
  }
  function clear() {
    world.classed('dimmed', false);
    nodes.classed('chosen', false);
    edges.classed('chosen', false);
    describeDesign();
  }
  function chooseCall(call) {
    const near = new Set([call.index, ...call.inputs.map(({from}) => from), ...call.outputs.map(({to}) => to)]);
    mark(other => near.has(other.index), call);
    panel.replaceChildren(...callPanel(call));
    panel.scrollTop = 0;
  }
  function chooseChannel(channel) {
    mark(call => call.index === channel.from || call.index === channel.to, channel);
    panel.replaceChildren(...channelPanel(channel));
    panel.scrollTop = 0;
  }

  const callLink = index => index < 0 ? '-' : el('button', {type: 'button', class: 'link', click: () => {
    chooseCall(CALLS[index]);
    reveal(CALLS[index]);
  }}, CALLS[index].name);
  const channelLink = channel => el('button', {type: 'button', class: 'link', click: () => chooseChannel(channel)}, channel.name);
  function facts(rows) {
    return el('table', {}, el('tbody', {}, rows.map(([name, ...value]) =>
      el('tr', {}, el('td', {}, name), value.map(part => el('td', {class: 'number'}, part))))));
  }
  function channelTable(channels) {
    return el('table', {}, el('thead', {}, el('tr', {}, el('th', {}, 'FIFO'), el('th', {class: 'number'}, 'most'),
                                                     el('th', {class: 'number'}, 'depth'))),
              el('tbody', {}, channels.map(channel => el('tr', {}, el('td', {}, channelLink(channel)),
                el('td', {class: 'number'}, number(channel.most_held)), el('td', {class: 'number'}, number(channel.depth))))));
  }

  function callPanel(call) {
    const total = key => d3.sum(DATA.platform.slrs, slr => slr[key]);
    const loops = call.loops.map(loop => el('tr', {},
      el('td', {}, `line ${loop.line}`, loop.limit && loop.limit !== 'none' && el('div', {class: 'note'}, `${loop.limit}: ${loop.cause}`)),
      el('td', {class: 'number'}, loop.pipelined ? loop.ii : '-'), el('td', {class: 'number'}, loop.depth)));
    return [
      el('h3', {}, call.name), el('p', {class: 'note'}, `SLR${call.slr}`),
      activityStack(call, true),
      facts(ACTIVITIES.filter(({key}) => call.activity[key] > 0).map(({key, name}) =>
        [name, number(call.activity[key]), percent(call.activity[key] / CYCLES)])),
      el('h3', {}, 'Area, and its share of the card'),
      facts(RESOURCES.filter(({key}) => amount(call.area, key) > 0).map(({key, name}) =>
        [name, number(amount(call.area, key)), percent(amount(call.area, key) / total(key))])),
      call.inputs.length > 0 && el('h3', {}, 'Reads'), call.inputs.length > 0 && channelTable(call.inputs),
      call.outputs.length > 0 && el('h3', {}, 'Writes'), call.outputs.length > 0 && channelTable(call.outputs),
      loops.length > 0 && el('h3', {}, 'Loops'),
      loops.length > 0 && el('table', {}, el('thead', {}, el('tr', {}, el('th', {}, 'loop'), el('th', {class: 'number'}, 'II'),
                                                                       el('th', {class: 'number'}, 'states'))), el('tbody', {}, loops)),
    ].filter(Boolean);
  }
  function channelPanel(channel) {
    return [
      el('h3', {}, channel.name),
      el('p', {}, 'from ', callLink(channel.from)), el('p', {}, 'to ', callLink(channel.to)),
      facts([['depth', number(channel.depth) + (channel.blocks ? ' blocks' : '')],
             ['most held', `${number(channel.most_held)} (${percent(channel.most_held / Math.max(1, channel.depth))})`],
             ['held on average', channel.mean_held.toFixed(2)],
             ['width', `${number(channel.bits)} bits` + (channel.blocks ? ` × ${number(channel.words)}` : '')],
             ['capacity', bytes(Math.round(capacityOf(channel)))], ['cost', storageOf(channel)],
             ['elements in the step', number(channel.elements)], ['bytes in the step', bytes(Math.round(channel.bytes))],
             ['reader waited', `${number(channel.reader_waited)} cycles, ${percent(channel.reader_waited / CYCLES)}`],
             ['writer waited', `${number(channel.writer_waited)} cycles, ${percent(channel.writer_waited / CYCLES)}`]]),
    ];
  }
  // Nothing is chosen: who waits most, and what is largest.
  function describeDesign() {
    const busiest = [...CALLS].sort((a, b) => b.activity.computes - a.activity.computes).slice(0, 6);
    const largest = [...CALLS].sort((a, b) => b.area.lut - a.area.lut).slice(0, 6);
    const list = (calls, value) => el('table', {}, el('tbody', {}, calls.map(call =>
      el('tr', {}, el('td', {}, callLink(call.index)), el('td', {class: 'number'}, value(call))))));
    panel.replaceChildren(
      el('h3', {}, 'The design'),
      el('p', {class: 'note'}, `${plural(CALLS.length, 'process', 'processes')} and ${plural(CHANNELS.length, 'FIFO', 'FIFOs')}. `
         + 'Choose one for its figures.'),
      el('h3', {}, 'Compute most'), list(busiest, call => percent(call.activity.computes / CYCLES)),
      el('h3', {}, 'Take most LUTs'), list(largest, call => short(call.area.lut)),
      el('h3', {}, 'FIFOs'),
      facts([['capacity', bytes(Math.round(d3.sum(CHANNELS, capacityOf)))],
             ['BRAM18', number(d3.sum(CHANNELS, channel => channel.area.bram18))],
             ['LUT', number(d3.sum(CHANNELS, channel => channel.area.lut))],
             ['were full', number(CHANNELS.filter(channel => channel.most_held >= channel.depth && !channel.control).length)]]));
  }
  function show(call) {
    chooseCall(call);
    document.getElementById('graph').scrollIntoView();
    focusOn(call);
  }
  return {build, show};
})();
