// SPDX-License-Identifier: Apache-2.0
// Puts the page together.

function tile(what, value, unit, more, source) {
  return el('div', {class: 'tile'}, el('div', {class: 'what'}, what, el('span', {class: 'kind ' + source}, source === 'exact' ? 'exact' : source)),
            el('b', {}, value, ' ', el('small', {}, unit)), el('div', {class: 'more'}, more));
}

function describeStep() {
  const [first] = STEP.sequences, word = DATA.artifact.decoder ? 'token' : 'row';
  const count = STEP.sequences.length;
  return DATA.artifact.decoder
    ? `${plural(count, 'sequence', 'sequences')} of ${plural(first.tokens, word, word + 's')} at a context of ${number(first.context)}`
    : plural(first.tokens, word, word + 's');
}

function buildSummary() {
  const {artifact, platform, placement} = DATA, main = document.getElementById('main');
  const decoder = artifact.decoder;
  const rows = d3.sum(STEP.sequences, ({tokens}) => tokens), word = decoder ? 'token' : 'row';
  const rate = decoder ? STEP.tokens_per_second : rows / STEP.seconds;
  const capacity = d3.sum(CHANNELS, capacityOf);
  const node = el('section', {id: 'summary', 'aria-label': 'Summary'});
  SECTIONS.push({id: 'summary', title: 'Summary'});
  node.append(
    el('h1', {}, artifact.model),
    el('p', {class: 'lead'},
       (decoder ? `${decoder.architecture}, ${plural(decoder.layers, 'layer', 'layers')}, ${number(decoder.hidden)} wide, `
                  + `${number(decoder.query_heads)} query and ${number(decoder.kv_heads)} KV heads of ${number(decoder.head_dim)}, `
                  + `${number(decoder.vocabulary)} tokens. ` : '')
       + `For ${platform.title} (${platform.part}) at ${number(platform.clock_hz / 1e6)} MHz, target ${artifact.target}.`),
    el('p', {class: 'note'}, `Compiled by ${artifact.compiler_version}; report by ${DATA.program}. The step shown: ${describeStep()}. `
       + 'Nothing here was measured on a card: a tag says of each figure what it is.'),
    el('div', {class: 'tiles'},
       rate > 0 && tile(decoder ? 'Decode' : 'Throughput', short(rate), `${word}s/s`, `${timeOf(CYCLES + STEP.launch_gap_cycles)} a step with its launch`, 'modelled'),
       tile('Step', number(CYCLES), 'cycles', `and ${number(STEP.launch_gap_cycles)} from launch to launch`, 'modelled'),
       tile('Memory roofline', percent(STEP.share_of_roofline), '', `${traffic(STEP.memory_bytes)} of traffic a step`, 'modelled'),
       STEP.engine && tile('Engine', percent(STEP.engine.share_busy), 'busy',
         `waits for operands ${percent(STEP.engine.waits_for_operands / CYCLES)}, weights ${percent(STEP.engine.waits_for_weights / CYCLES)}`, 'modelled'),
       tile('Energy', (1e3 * STEP.joules.total / Math.max(1, rows)).toPrecision(3), `mJ a ${word}`,
            `${(STEP.joules.total / STEP.seconds).toFixed(0)} W on average`, 'modelled'),
       tile('Processes', number(CALLS.length), '', `${plural(CHANNELS.length, 'FIFO', 'FIFOs')} of ${bytes(Math.round(capacity))}`, 'exact')));
  if (placement.excess.length > 0) {
    node.append(el('div', {class: 'warning', role: 'note'},
      el('b', {}, 'By the modelled areas this design does not fit the card. '), 'Beyond what still routes:',
      el('ul', {}, placement.excess.map(({slr, resource, share, limit}) => el('li', {},
        `${resource === 'sll' ? `wires from SLR${slr} to SLR${slr + 1}` : `${(RESOURCES.find(({key}) => key === resource) || {name: resource}).name} of SLR${slr}`}: `
        + `${(100 * share).toFixed(1)} %, limit ${percent(limit)}`)))));
  }
  if (STEP.assumed.length > 0) {
    node.append(el('div', {class: 'warning', role: 'note'}, el('b', {}, 'Decisions that depend on data were assumed: '),
      STEP.assumed.map(({place, times}) => `${place} (${plural(times, 'time', 'times')})`).join(', ')));
  }
  main.append(node);
}

function buildFooter() {
  const sources = Object.entries(DATA.platform.sources);
  document.getElementById('main').append(el('footer', {},
    el('p', {}, 'Modelled: computed by the compiler\'s estimator and simulator from the design\'s text. From the artifact: its exact figures. '
       + 'Measured: by a clock or a sensor, or on the weights when they were compiled.'),
    el('details', {}, el('summary', {}, `Where the figures of the card model ${DATA.platform.name} come from`),
       el('ul', {}, sources.map(([name, text]) => el('li', {}, `${name}: ${text}`)))),
    el('p', {}, 'Drawn with D3 and Graphviz. The page loads nothing; its data is one JSON object in the element #data.')));
}

function buildNavigation() {
  const links = SECTIONS.map(({id, title}) => el('a', {href: '#' + id}, title));
  document.getElementById('nav').append(...links);
  const seen = () => {
    let current = 0;
    SECTIONS.forEach(({id}, at) => { if (document.getElementById(id).getBoundingClientRect().top < 140) current = at; });
    links.forEach((link, at) => at === current ? link.setAttribute('aria-current', 'true') : link.removeAttribute('aria-current'));
  };
  addEventListener('scroll', seen, {passive: true});
  seen();
}

function theme(name) {
  document.documentElement.dataset.theme = name;
  document.getElementById('theme').textContent = name === 'dark' ? 'Light' : 'Dark';
  for (const draw of onTheme) draw();
}
const prefersDark = matchMedia('(prefers-color-scheme: dark)');
theme(prefersDark.matches ? 'dark' : 'light');
prefersDark.addEventListener('change', () => theme(prefersDark.matches ? 'dark' : 'light'));
document.getElementById('theme').addEventListener('click', () =>
  theme(document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark'));

buildSummary();
Graph.build();
Timeline.build();
buildCauses();
Floorplan.build();
buildMemory();
const halves = el('div', {class: 'halves'});
document.getElementById('main').append(halves);
buildRoofline(halves);
buildEnergy(halves);
buildQuantisation();
buildTables();
buildFooter();
buildNavigation();
