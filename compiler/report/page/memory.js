// SPDX-License-Identifier: Apache-2.0
// The card's memory by bank, and the roofline.

const ROLE_COLORS = {
  'weights': 'var(--c0)', 'tables': 'var(--c5)', 'keys': 'var(--c2)', 'values': 'var(--c6)', 'logits': 'var(--c1)',
  'input': 'var(--c1)', 'output': 'var(--c3)', 'step descriptor': 'var(--c7)', 'status': 'var(--c7)', 'other': 'var(--c7)',
};

// Bytes of a buffer in one of its banks: each but the last is full.
function bytesIn(buffer, bank) {
  if (buffer.banks === 1) return buffer.bytes;
  const before = (bank - buffer.bank) * DATA.platform.bytes_per_bank;
  return Math.max(0, Math.min(DATA.platform.bytes_per_bank, buffer.bytes - before));
}

function buildMemory() {
  const {platform, memory} = DATA;
  const node = section('memory', `${platform.memory_kind} by bank`, 'exact',
    `${number(platform.banks)} banks of ${bytes(platform.bytes_per_bank)}. Below each: how long the step keeps it busy (modelled).`, 'Memory');
  const roles = [...new Set(memory.buffers.map(({role}) => role))];
  const moved = {};
  for (const {name, bytes_read, bytes_written} of STEP.memories) moved[name] = [bytes_read, bytes_written];
  const cells = [];
  for (let bank = 0; bank < platform.banks; ++bank) {
    const here = memory.buffers.filter(buffer => bank >= buffer.bank && bank < buffer.bank + buffer.banks);
    const busy = memory.bank_busy[bank] || 0;
    const cell = el('div', {class: 'bank', tabindex: -1, role: 'img',
                            'aria-label': `bank ${bank}: ${here.map(buffer => `${buffer.name} ${bytes(bytesIn(buffer, bank))}`).join(', ') || 'empty'}`},
      el('div', {class: 'box'}, here.map(buffer => el('div', {
        style: `background:${ROLE_COLORS[buffer.role]};min-height:3px;height:${100 * bytesIn(buffer, bank) / platform.bytes_per_bank}%`}))),
      el('div', {class: 'busy'}, el('i', {style: `width:${100 * busy}%`})), String(bank));
    cells.push(withTip(cell, `Bank ${bank}`, () => [
      ...here.map(buffer => `${buffer.name} (${buffer.role}): ${bytes(bytesIn(buffer, bank))}`),
      `busy ${percent(busy)} of the step`]));
  }
  const used = d3.sum(memory.buffers.filter(({pages}) => pages === undefined), buffer => buffer.bytes);
  const pool = memory.buffers.find(({pages}) => pages !== undefined);
  const decoder = DATA.artifact.decoder;
  node.append(
    el('div', {class: 'tools'}, legend(roles.map(role => ({name: role, color: ROLE_COLORS[role]}))), el('span', {class: 'grow'}),
       el('span', {class: 'note'}, `${bytes(used)} of weights, tables and results`
          + (pool ? `; keys and values have ${number(pool.pages)} pages` : '')
          + (pool && decoder ? `: ${number(pool.pages * decoder.page_tokens)} tokens` : ''))),
    el('div', {class: 'banks', tabindex: 0, role: 'group', 'aria-label': 'Banks; left and right choose one', keydown: event => {
      const now = cells.indexOf(document.activeElement);
      const step = {ArrowRight: 1, ArrowLeft: -1, ArrowDown: 16, ArrowUp: -16}[event.key];
      if (!step) return;
      event.preventDefault();
      cells[Math.max(0, Math.min(cells.length - 1, now < 0 ? 0 : now + step))].focus();
    }}, cells),
    el('details', {}, el('summary', {}, `All ${number(memory.buffers.length)} buffers`),
       sortableTable([
         {name: 'buffer', text: row => row.name}, {name: 'holds', text: row => row.role},
         {name: 'banks', number: true, value: row => row.bank,
          text: row => row.banks === 1 ? String(row.bank) : `${row.bank} to ${row.bank + row.banks - 1}`},
         {name: 'size', number: true, value: row => row.bytes, text: row => bytes(row.bytes)},
         {name: 'read in the step', number: true, value: row => (moved[row.name] || [0])[0], text: row => bytes((moved[row.name] || [0])[0])},
         {name: 'written', number: true, value: row => written(row, moved), text: row => bytes(written(row, moved))},
       ], memory.buffers, 3, true, 'Buffers')));
  document.getElementById('main').append(node);
}
// A pool is written through a pointer of its own.
function written(buffer, moved) {
  const second = moved[buffer.name.replace(/_read$/, '_write')];
  return (moved[buffer.name] || [0, 0])[1] + (second && buffer.pages !== undefined ? second[1] : 0);
}

function buildRoofline(box) {
  const clock = DATA.platform.clock_hz, points = DATA.roofline;
  const word = DATA.artifact.decoder ? 'token' : 'row';
  const node = section('roofline', 'Roofline', 'modelled',
    `Steps of ${points.map(({tokens}) => tokens).join(', ')} ${points.length > 1 || points[0].tokens > 1 ? word + 's' : word}: `
    + 'what they reach, and what memory and engine alone would allow.');
  const series = [
    {key: 'peak_cycles', name: 'card memory at its peak', color: 'var(--c4)', dash: null},
    {key: 'bank_cycles', name: 'busiest bank', color: 'var(--c2)', dash: '6 3'},
    {key: 'engine_cycles', name: 'engine never waiting', color: 'var(--c0)', dash: '2 3'},
    {key: 'cycles', name: 'the design', color: 'var(--c1)', dash: null, strong: true},
  ].filter(({key}) => points.every(point => point[key] > 0));
  const width = 720, height = 330, margin = {left: 62, right: 18, top: 12, bottom: 42};
  const rate = (point, key) => point.tokens * clock / point[key];
  const intensity = point => 1e6 * point.tokens / point.bytes;
  const rates = points.flatMap(point => series.map(({key}) => rate(point, key)));
  const spread = (low, high) => low === high ? [low / 2, high * 2] : [low / 1.25, high * 1.25];
  const x = d3.scaleLog().domain(spread(...d3.extent(points, intensity))).range([margin.left, width - margin.right]);
  const y = d3.scaleLog().domain(spread(...d3.extent(rates))).range([height - margin.bottom, margin.top]);
  const svg = d3.create('svg').attr('class', 'chart').attr('viewBox', `0 0 ${width} ${height}`).attr('role', 'img')
    .attr('aria-label', series.map(({key, name}) => `${name}: ${points.map(point => short(rate(point, key))).join(', ')} ${word}s a second`).join('; '));
  const tickText = value => { const digit = value / 10 ** Math.floor(Math.log10(value) + 1e-9); return [1, 2, 5].includes(Math.round(digit)) ? short(value) : ''; };
  const small = value => value < 0.1 ? value.toPrecision(1) : tickText(value);
  svg.append('g').attr('class', 'axis').attr('transform', `translate(0,${height - margin.bottom})`)
    .call(d3.axisBottom(x).ticks(8).tickFormat(value => { const t = tickText(value); return t && small(value); }).tickSize(margin.top + margin.bottom - height));
  svg.append('g').attr('class', 'axis').attr('transform', `translate(${margin.left},0)`)
    .call(d3.axisLeft(y).ticks(8).tickFormat(tickText).tickSize(margin.left + margin.right - width));
  svg.append('text').attr('x', width - margin.right).attr('y', height - 6).attr('text-anchor', 'end').text(`${word}s a MB of memory traffic`);
  svg.append('text').attr('x', 4).attr('y', 10).text(`${word}s/s`);
  for (const {key, name, color, dash, strong} of series) {
    svg.append('path').attr('fill', 'none').attr('stroke', color).attr('stroke-width', strong ? 2.5 : 1.6).attr('stroke-dasharray', dash)
      .attr('d', d3.line().x(intensity_).y(point => y(rate(point, key)))(points));
    const marks = svg.append('g').selectAll('circle').data(points).enter().append('circle')
      .attr('cx', intensity_).attr('cy', point => y(rate(point, key))).attr('r', point => strong ? (point.chosen ? 6.5 : 4.5) : 3)
      .attr('fill', strong ? color : 'var(--card)').attr('stroke', point => strong && point.chosen ? 'var(--ink)' : color).attr('stroke-width', 1.8);
    marks.each(function (point) {
      withTip(this, `${name}, ${plural(point.tokens, word, word + 's')} a step`, () => [
        `${short(rate(point, key))} ${word}s/s`, `${percent(point.cycles > 0 ? point[key] / point.cycles : 0)} of the time that the design takes`,
        `${traffic(point.bytes)} of memory traffic`]);
    });
  }
  function intensity_(point) { return x(intensity(point)); }
  node.append(legend(series), svg.node());
  box.append(node);
}
