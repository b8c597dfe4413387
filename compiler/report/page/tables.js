// SPDX-License-Identifier: Apache-2.0
// Tables of all processes and FIFOs, and what quantisation cost.

function buildTables() {
  const fifos = section('fifos', 'FIFOs', 'modelled', 'Depths are proved free of deadlock by the compiler; what they held is of this step.');
  const link = index => index < 0 ? '-' : processLink(CALLS[index].name);
  fifos.append(sortableTable([
    {name: 'FIFO', text: row => row.name},
    {name: 'from', text: row => row.from < 0 ? '' : CALLS[row.from].name, cell: row => link(row.from)},
    {name: 'to', text: row => row.to < 0 ? '' : CALLS[row.to].name, cell: row => link(row.to)},
    {name: 'bits', number: true, value: row => row.bits, text: row => number(row.bits)},
    {name: 'depth', number: true, value: row => row.depth, text: row => number(row.depth)},
    {name: 'most held', number: true, value: row => row.most_held / Math.max(1, row.depth), text: row => number(row.most_held),
     cell: row => [el('span', {class: 'bar cell' + (isFull(row) ? ' over' : '')},
                      el('i', {style: `width:${100 * row.most_held / Math.max(1, row.depth)}%`})), number(row.most_held)]},
    {name: 'mean', number: true, value: row => row.mean_held, text: row => row.mean_held.toFixed(2)},
    {name: 'capacity', number: true, value: capacityOf, text: row => bytes(Math.round(capacityOf(row)))},
    {name: 'BRAM18', number: true, value: row => row.area.bram18, text: row => short(row.area.bram18)},
    {name: 'LUT', number: true, value: row => row.area.lut, text: row => number(row.area.lut)},
    {name: 'reader waits', number: true, value: row => row.reader_waited, text: row => percent(row.reader_waited / CYCLES)},
    {name: 'writer waits', number: true, value: row => row.writer_waited, text: row => percent(row.writer_waited / CYCLES)},
  ], CHANNELS, 7, true, 'FIFOs'));
  document.getElementById('main').append(fifos);

  const processes = section('processes', 'Processes', 'modelled', 'Shares of the step, and area without FIFOs.');
  const worst = call => d3.max(call.loops, loop => loop.pipelined ? loop.ii : 0) || 0;
  processes.append(sortableTable([
    {name: 'process', text: row => row.name, cell: row => processLink(row.name)},
    {name: 'SLR', number: true, value: row => row.slr, text: row => String(row.slr)},
    {name: 'time', value: row => row.activity.computes, text: () => '', cell: row => el('div', {style: 'width:150px;padding-top:3px'}, activityStack(row))},
    ...ACTIVITIES.slice(0, 4).map(({key, name}) => ({name: name.replace('waits for ', ''), title: name, number: true,
      value: row => row.activity[key], text: row => percent(row.activity[key] / CYCLES)})),
    ...RESOURCES.map(({key, name}) => ({name, number: true, value: row => amount(row.area, key), text: row => short(amount(row.area, key))})),
    {name: 'worst II', number: true, value: worst, text: row => String(worst(row) || '-')},
  ], CALLS, 3, true, 'Processes'));
  document.getElementById('main').append(processes);
}

// Only of modules that were quantised on request.
function buildQuantisation() {
  const quantisation = DATA.artifact.quantisation;
  if (!quantisation) return;
  const most = d3.max(quantisation.products, product => product.relative_error) || 1;
  const node = section('quantisation', 'What quantisation costs', 'measured',
    `${quantisation.format}: root mean square of the error by that of the values, on rows of normally distributed activations, when the module was compiled.`, 'Quantisation');
  node.append(sortableTable([
    {name: 'weight', text: row => row.weight},
    {name: 'rows', number: true, value: row => row.rows, text: row => number(row.rows)},
    {name: 'columns', number: true, value: row => row.columns, text: row => number(row.columns)},
    {name: 'relative error', number: true, value: row => row.relative_error, text: row => percent(row.relative_error),
     cell: row => [el('span', {class: 'bar cell', style: 'width:160px'}, el('i', {style: `width:${100 * row.relative_error / most}%`})),
                   percent(row.relative_error)]},
  ], quantisation.products, 3, true, 'Quantised products'));
  document.getElementById('main').append(node);
}
