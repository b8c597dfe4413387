// SPDX-License-Identifier: Apache-2.0
// Which process stands on which SLR, and what that takes of it.

const Floorplan = (() => {
  const HEIGHT = 168;
  let box, resource = 'lut';

  function build() {
    const placement = DATA.placement, platform = DATA.platform;
    const node = section('floorplan', platform.slrs.length > 1 ? 'Floorplan and resources by SLR' : 'Resources', 'modelled',
      (placement.optimal ? 'The placement is optimal' : `The placement is at most ${percent(placement.gap)} from the optimum`)
      + ' for the wires between SLRs. A mark on a bar is the share that still routes.', 'Floorplan');
    const choose = el('select', {change: event => { resource = event.target.value; draw(); }},
                      RESOURCES.map(({key, name}) => el('option', {value: key}, name)));
    node.append(el('div', {class: 'tools'}, el('label', {}, 'Sizes show', choose)), box = el('div'));
    document.getElementById('main').append(node);
    draw();
    let width = 0;
    new ResizeObserver(() => { if (box.clientWidth !== width) { width = box.clientWidth; draw(); } }).observe(box);
  }

  function draw() {
    const platform = DATA.platform, placement = DATA.placement, rows = [];
    for (let slr = platform.slrs.length - 1; slr >= 0; --slr) {
      rows.push(el('div', {class: 'slr'}, el('div', {}, heading(slr), map(slr)), bars(slr)));
      if (slr > 0) {
        const wires = placement.crossings[slr - 1], share = wires / Math.max(1, platform.sll_wires);
        rows.push(el('div', {class: 'crossing'}, `SLR${slr - 1} to SLR${slr}: ${number(wires)} of ${number(platform.sll_wires)} wires, `,
                     el('span', {class: share > platform.sll_limit ? 'over-text' : ''}, percent(share)),
                     `, limit ${percent(platform.sll_limit)}`));
      }
    }
    box.replaceChildren(...rows);
  }

  function map(slr) {
    const width = Math.max(300, box.clientWidth - 366);
    const cells = CALLS.filter(call => call.slr === slr).map(call => ({call, name: call.name, value: amount(call.area, resource)}));
    const rest = DATA.placement.used[slr][resource] - d3.sum(cells, cell => cell.value);
    if (rest > 0.5) cells.push({name: 'FIFOs and adapters', value: rest});
    const free = DATA.platform.slrs[slr][resource] - DATA.placement.used[slr][resource];
    if (free > 0) cells.push({name: 'free', value: free, free: true});
    const shown = cells.filter(cell => cell.value > 0);
    const svg = d3.create('svg').attr('viewBox', `0 0 ${width} ${HEIGHT}`).attr('height', HEIGHT).attr('role', 'group')
      .attr('aria-label', `SLR${slr}: ${plural(CALLS.filter(call => call.slr === slr).length, 'process', 'processes')}`);
    const root = d3.hierarchy({children: shown}).sum(cell => cell.value).sort((a, b) => Boolean(a.data.free) - Boolean(b.data.free) || b.value - a.value);
    d3.treemap().tile(d3.treemapSquarify).size([width, HEIGHT]).paddingInner(1)(root);
    for (const leaf of shown.length > 0 ? root.leaves() : []) {
      const {call, name, value, free: isFree} = leaf.data;
      if (isFree) continue;
      const group = svg.append('g');
      group.append('rect').attr('class', 'cell-box').attr('x', leaf.x0).attr('y', leaf.y0).attr('rx', 3)
        .attr('width', leaf.x1 - leaf.x0).attr('height', leaf.y1 - leaf.y0)
        .attr('fill', call ? slrColor(slr) : 'var(--c7)')
        .attr('fill-opacity', call ? 0.95 : 0.6);
      const room = Math.floor((leaf.x1 - leaf.x0 - 10) / 6.6);
      if (room >= 4 && leaf.y1 - leaf.y0 > 16) {
        group.append('text').attr('class', 'cell-name').attr('x', leaf.x0 + 6).attr('y', leaf.y0 + 14)
          .text(name.length <= room ? name : name.slice(0, room - 1) + '…');
        if (leaf.y1 - leaf.y0 > 32) {
          group.append('text').attr('class', 'cell-name').attr('x', leaf.x0 + 6).attr('y', leaf.y0 + 28)
            .style('font-weight', 400).text(short(value));
        }
      }
      withTip(group.node(), name, () => call ? callLines(call) : [`${number(value)}: channels that its processes read, and AXI adapters`]);
      if (call) group.node().addEventListener('click', () => Graph.show(call));
    }
    return svg.node();
  }
  function heading(slr) {
    const count = CALLS.filter(call => call.slr === slr).length;
    return el('div', {class: 'slr-name'}, el('b', {}, `SLR${slr}`), ` ${plural(count, 'process', 'processes')}`,
              DATA.platform.port_slrs.includes(slr) && `, the ports of the ${DATA.platform.memory_kind}`);
  }

  function bars(slr) {
    const used = DATA.placement.used[slr], there = DATA.platform.slrs[slr], limits = DATA.platform.limits;
    return el('div', {class: 'bars'}, RESOURCES.map(({key, name}) => {
      if (there[key] === 0 && used[key] === 0) return null;
      const share = used[key] / Math.max(1, there[key]);
      return [el('span', {}, name),
              withTip(limitBar(share, limits[key]), `${name} of SLR${slr}`, () => [
                `${number(used[key])} of ${number(there[key])}: ${percent(share)}`, `limit ${percent(limits[key])}`]),
              el('span', {class: share > limits[key] ? 'over-text' : ''}, `${percent(share)} `,
                 el('span', {class: 'note'}, `of ${short(there[key])}`))];
    }).filter(Boolean).flat());
  }
  return {build};
})();
