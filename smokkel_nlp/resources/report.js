// The report in the browser: counts, filters, sorts and shows cases. All text is put in as text, never as markup.
(() => {
  const {make, put, marked, listed} = marking;
  const PAGE = 50, COLUMNS = 120;
  const element = id => document.getElementById(id);
  const data = JSON.parse(element("gegevens").textContent);
  const [SMOKKEL, HANDEL] = data.offences.map(([id]) => id);
  const number = new Intl.NumberFormat("nl-NL");
  const chance = label => data.chances[label.chance];
  const points = value => (100 * value).toFixed(1).replace(".", ",");
  const percent = (part, whole) => whole ? `${Math.round(100 * part / whole)} %` : "0 %";
  const cases_ = count => `${number.format(count)} ${count === 1 ? "zaak" : "zaken"}`;
  const word = name => name.replaceAll("_", " ");

  // ---- the cases ----
  const five = list => Array.from({length: list.length / 5}, (_, k) => ({tag: list[5 * k], p: list[5 * k + 1], status: list[5 * k + 2], count: list[5 * k + 3], chance: list[5 * k + 4]}));
  const two = list => Array.from({length: list.length / 2}, (_, k) => [list[2 * k], list[2 * k + 1]]);
  const cases = data.cases.map((row, place) => ({
    place, id: row[0] ?? `nr. ${place + 1}`, cls: row[1], forced: row[2], reasons: row[3],
    offences: [4, 8].map(at => ({p: row[at], label: row[at + 1], status: row[at + 2], chance: row[at + 3]})),
    tags: five(row[12]), elements: two(row[13]), chars: row[14], near: row[15], date: row[16], carried: two(row[17]), words: null,
  }));
  const UNSURE = data.classes.indexOf("onzeker");
  const unsure = item => item.cls === UNSURE;
  const className = item => unsure(item) ? `onzeker (eerder ${data.classes[item.forced]})` : data.classes[item.cls];
  let texts = null;  // parsed when first asked for: the page opens without them
  const textOf = item => (texts ??= JSON.parse(element("teksten").textContent))[item.place] ?? null;

  const chip = tag => make("span", `chip g-${data.tags[tag][2]}`, data.tags[tag][1], {title: data.tags[tag][0]});
  function roving(root, items, step) {  // one stop for Tab; arrows go from item to item
    const list = items();
    list.forEach((node, k) => { node.tabIndex = k ? -1 : 0; });
    root.onkeydown = event => {
      const list = items(), from = list.indexOf(document.activeElement);
      const to = {ArrowLeft: from - 1, ArrowRight: from + 1, ArrowUp: from - step(), ArrowDown: from + step(), Home: 0, End: list.length - 1}[event.key];
      if (from < 0 || to === undefined) return;
      event.preventDefault();
      if (!list[to]) return;
      list[from].tabIndex = -1;
      list[to].tabIndex = 0;
      list[to].focus();
    };
  }

  // ---- the filter ----
  const chosen = {classes: new Set(), tags: new Set()};
  const fold = text => { const low = text.toLowerCase(); return /[^\x00-\x7f]/.test(low) ? low.normalize("NFD").replace(/\p{M}/gu, "") : low; };
  const wordsOf = item => item.words ??= fold([item.id, ...item.carried.map(([, value]) => value), textOf(item)?.text ?? ""].join("\n"));
  function chanceOf(item, label) {
    if (label < 2) return item.offences[label].p;
    return item.tags.find(tag => tag.tag === label - 2)?.p ?? null;
  }
  function test() {  // whether a case passes all but the choice of classes
    const words = fold(element("zoek").value).split(/\s+/).filter(Boolean);
    const [sure, status] = [element("zekerheid").value, element("status").value];
    const label = Number(element("kans").value);
    const [low, high] = ["kans-van", "kans-tot"].map((id, k) => element(id).value === "" ? k : Number(element(id).value) / 100);
    const [from, to] = [element("datum-van").value, element("datum-tot").value];
    return item => (!sure || unsure(item) === (sure === "onzeker"))
      && (!status || item.offences.some(offence => offence.label && offence.status === Number(status)))
      && [...chosen.tags].every(tag => item.tags.some(mine => mine.tag === tag))
      && ((low <= 0 && high >= 1) || (p => p !== null && p >= low && p <= high)(chanceOf(item, label)))
      && (!from || (item.date !== null && item.date >= from)) && (!to || (item.date !== null && item.date <= to))
      && words.every(one => wordsOf(item).includes(one));
  }
  function asked() {  // the filter in words, which print along
    const value = id => element(id).value.trim(), choice = id => element(id).selectedOptions[0].textContent;
    const range = (name, from, to) => value(from) || value(to) ? `${name} ${[value(from) && `van ${value(from)}`, value(to) && `tot en met ${value(to)}`].filter(Boolean).join(" ")}` : "";
    const names = (set, all) => [...set].map(key => all[key]);
    return [
      names(chosen.classes, data.classes).join(" of "), names(chosen.tags, data.tags.map(([, name]) => name)).join(" en "), value("zoek") && `met "${value("zoek")}"`,
      value("zekerheid") && choice("zekerheid"), value("status") && `status ${choice("status")}`, range("datum", "datum-van", "datum-tot"),
      value("kans-van") > 0 || (value("kans-tot") && value("kans-tot") < 100) ? `${range(`kans op ${choice("kans")}`, "kans-van", "kans-tot")} %` : "",
    ].filter(Boolean);
  }
  let shown = [], page = 0, sorting = {key: "lezen", down: false};
  function update() {
    const passing = cases.filter(test());
    const perClass = data.classes.map(() => 0);
    for (const item of passing) perClass[item.cls]++;
    shown = chosen.classes.size ? passing.filter(item => chosen.classes.has(item.cls)) : passing;
    element("stand").textContent = [`${number.format(shown.length)} van ${cases_(cases.length)}`, ...asked()].join("; ");
    drawClasses(perClass);
    drawTags();
    drawTime();
    sort();
  }

  // ---- counts ----
  function bars(root, rows) {
    const top = Math.max(1, ...rows.map(row => row.count)), focus = document.activeElement?.dataset?.key;
    root.replaceChildren(...rows.map(row => {
      const button = make("button", row.count ? "" : "nul", undefined, {type: "button", "aria-pressed": row.on, "data-key": `${root.id}-${row.key}`});
      const track = make("span", "baan", undefined, {"aria-hidden": "true"}), fill = make("span");
      fill.style.width = `${100 * row.count / top}%`;
      track.append(fill);
      button.append(make("span", `blok ${row.kind}`, undefined, {"aria-hidden": "true"}), put(make("span", "naam"), row.name), track, make("span", "aantal", number.format(row.count)));
      button.onclick = () => { row.set.has(row.key) ? row.set.delete(row.key) : row.set.add(row.key); update(); };
      const line = make("li");
      line.append(button);
      return line;
    }));
    if (focus) [...root.querySelectorAll("button")].find(button => button.dataset.key === focus)?.focus();
  }
  const drawClasses = counts => bars(element("klassen"), data.classes.map((name, key) => (
    {key, name, kind: `k${key}`, count: counts[key], on: chosen.classes.has(key), set: chosen.classes})));
  function drawTags() {
    const size = data.tags.length, both = Array.from({length: size}, () => new Uint32Array(size));
    for (const item of shown) for (const one of item.tags) for (const other of item.tags) both[one.tag][other.tag]++;
    bars(element("tags"), data.tags.map(([, name, group], key) => (
      {key, name, kind: `g-${group}`, count: both[key][key], on: chosen.tags.has(key), set: chosen.tags})));
    drawMatrix(both);
  }

  // ---- which tags go together ----
  const short = count => count < 1000 ? count : `${(count / 1000).toFixed(count < 9950 ? 1 : 0).replace(".", ",")}k`;
  const occurring = data.tags.map((_, key) => key).filter(key => cases.some(item => item.tags.some(tag => tag.tag === key)));
  const cells = new Map();
  function buildMatrix() {
    const table = element("matrix"), head = make("tr"), body = make("tbody"), top = make("thead");
    element("samen").hidden = occurring.length < 2;
    head.append(make("td"), ...occurring.map(key => {
      const cell = make("th", "", undefined, {scope: "col"});
      cell.append(put(make("span"), data.tags[key][1]));
      return cell;
    }));
    for (const row of occurring) {
      const line = make("tr");
      line.append(put(make("th", "", undefined, {scope: "row"}), data.tags[row][1]));
      for (const column of occurring) {
        const cell = make("td", row === column ? "zelf" : "");
        cells.set(cell, [row, column]);
        line.append(cell);
      }
      body.append(line);
    }
    top.append(head);
    table.append(top, body);
    table.setAttribute("role", "grid");
    table.setAttribute("aria-labelledby", "kop-samen");
    roving(table, () => [...cells.keys()], () => occurring.length);
    const tell = event => {
      const pair = cells.get(event.target);
      table.querySelectorAll(".licht").forEach(node => node.classList.remove("licht"));
      if (!pair) return;
      element("samen-toelichting").textContent = event.target.dataset.tekst;
      body.rows[occurring.indexOf(pair[0])].cells[0].classList.add("licht");
      head.cells[occurring.indexOf(pair[1]) + 1].classList.add("licht");
    };
    const choose = event => {
      const pair = cells.get(event.target);
      if (!pair) return;
      chosen.tags = new Set(pair);
      update();
    };
    table.onpointerover = tell;
    table.addEventListener("focusin", tell);
    table.onclick = choose;
    table.addEventListener("keydown", event => { if (event.key === "Enter") choose(event); });
  }
  function drawMatrix(both) {
    for (const [cell, [row, column]] of cells) {
      const count = both[row][column], [one, other] = [both[row][row], both[column][column]], [a, b] = [data.tags[row][1], data.tags[column][1]];
      const together = count / ((one + other - count) || 1);
      const text = row === column ? `${a}: ${cases_(count)}`
        : `${a} en ${b}: ${cases_(count)}; ${percent(count, one)} van ${a}, ${percent(count, other)} van ${b}`;
      cell.textContent = count ? short(count) : "";
      cell.style.backgroundColor = row === column || !count ? "" : `rgb(var(--bar) / ${(.06 + .5 * Math.sqrt(together)).toFixed(2)})`;
      cell.dataset.tekst = text;
      cell.setAttribute("aria-label", text);
    }
  }

  // ---- the time line ----
  const MONTHS = ["januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober", "november", "december"];
  const year = day => Number(day.slice(0, 4)), month = day => 12 * year(day) + Number(day.slice(5, 7)) - 1;
  const pad = (value, size) => String(value).padStart(size, "0");
  const firstOf = months => `${pad(Math.floor(months / 12), 4)}-${pad(months % 12 + 1, 2)}-01`;
  const lastDay = months => `${pad(Math.floor(months / 12), 4)}-${pad(months % 12 + 1, 2)}-${new Date(Date.UTC(2000 + (Math.floor(months / 12) % 400), months % 12 + 1, 0)).getUTCDate()}`;
  const PERIODS = [  // how long, in months; finest first
    {name: "maand", size: 1, label: k => `${MONTHS[k % 12]} ${Math.floor(k / 12)}`, axis: k => k % 12 ? null : k / 12},
    {name: "kwartaal", size: 3, label: k => `kwartaal ${k % 4 + 1} van ${Math.floor(k / 4)}`, axis: k => k % 4 ? null : k / 4},
    {name: "jaar", size: 12, label: k => String(k), axis: k => k % 5 ? null : k},
    {name: "tien jaar", size: 120, label: k => `${10 * k}-${10 * k + 9}`, axis: k => k % 5 ? null : 10 * k},
  ];
  const dated = cases.filter(item => item.date !== null);
  const span = dated.reduce(([low, high], item) => { const at = month(item.date); return [Math.min(low, at), Math.max(high, at)]; }, [Infinity, -Infinity]);
  const period = PERIODS.find(one => (span[1] - span[0]) / one.size < (one.size < 120 ? 60 : Infinity));
  function drawTime() {
    if (!dated.length) return;
    const buckets = new Map(), at = item => Math.floor(month(item.date) / period.size);
    let without = 0;
    for (const item of shown) {
      if (item.date === null) { without++; continue; }
      if (!buckets.has(at(item))) buckets.set(at(item), data.classes.map(() => 0));
      buckets.get(at(item))[item.cls]++;
    }
    let keys = [...buckets.keys()].sort((a, b) => a - b);
    const gaps = keys.length && keys.at(-1) - keys[0] >= COLUMNS;
    if (keys.length && !gaps) keys = Array.from({length: keys.at(-1) - keys[0] + 1}, (_, k) => keys[0] + k);
    const sums = keys.map(key => (buckets.get(key) ?? []).reduce((a, b) => a + b, 0)), top = Math.max(1, ...sums);
    element("tijd-uitleg").textContent = `Per ${period.name}, naar het veld '${data.date_field}'${without ? `; ${cases_(without)} zonder datum` : ""}${gaps ? "; lege perioden zijn overgeslagen" : ""}.`;
    element("tijdlijn").replaceChildren(...keys.map((key, k) => {
      const counts = buckets.get(key) ?? [], bar = make("span", "staaf");
      counts.forEach((count, cls) => {
        if (!count) return;
        const part = make("span", `k${cls}`);
        part.style.height = `${100 * count / top}%`;
        bar.prepend(part);
      });
      const told = counts.map((count, cls) => count ? `${number.format(count)} ${data.classes[cls]}` : "").filter(Boolean).join(", ");
      const text = `${period.label(key)}: ${cases_(sums[k])}${told ? ` (${told})` : ""}`;
      const button = make("button", "", undefined, {type: "button", "aria-label": text});
      button.append(bar, make("span", "jaar", period.axis(key) ?? (k ? "" : Math.floor(key * period.size / 12)), {"aria-hidden": "true"}));
      button.onpointerenter = button.onfocus = () => { element("tijd-toelichting").textContent = text; };
      button.onclick = () => {
        element("datum-van").value = firstOf(key * period.size);
        element("datum-tot").value = lastDay((key + 1) * period.size - 1);
        update();
        element("tijdlijn").querySelector("button")?.focus();
      };
      return button;
    }));
    const labels = [...element("tijdlijn").querySelectorAll(".jaar")];
    if (labels.length > 1 && labels[0].textContent && labels.slice(1, 4).some(node => node.textContent)) labels[0].textContent = "";
    roving(element("tijdlijn"), () => [...element("tijdlijn").children], () => 1);
  }

  // ---- the table ----
  const text = new Intl.Collator("nl", {numeric: true}).compare;
  const COLUMN = [  // sorted upwards at the first press, or downwards
    {key: "id", name: "Zaak", order: (a, b) => text(a.id, b.id), cell: idCell},
    {key: "klasse", name: "Klasse", order: (a, b) => a.cls - b.cls || a.forced - b.forced, cell: item => make("td", unsure(item) ? "klasse onzeker" : "klasse", className(item))},
    {key: "smokkel", name: "Smokkel", down: true, order: (a, b) => a.offences[0].p - b.offences[0].p, cell: item => make("td", "getal", chance(item.offences[0])), title: `kans op ${SMOKKEL}`},
    {key: "handel", name: "Handel", down: true, order: (a, b) => a.offences[1].p - b.offences[1].p, cell: item => make("td", "getal", chance(item.offences[1])), title: `kans op ${HANDEL}`},
    {key: "lezen", name: "Afstand", order: (a, b) => unsure(b) - unsure(a) || a.near - b.near, cell: item => make("td", "getal", points(item.near)), title: "afstand tot de drempel in procentpunten; onzekere zaken staan vooraan"},
    {key: "status", name: "Status", order: (a, b) => (statusOf(a) ?? 99) - (statusOf(b) ?? 99), cell: item => make("td", "", statusOf(item) === null ? "" : data.statuses[statusOf(item)])},
    {key: "tags", name: "Modi operandi", down: true, order: (a, b) => a.tags.length - b.tags.length, cell: item => { const cell = make("td", "tags"); cell.append(...item.tags.map(tag => chip(tag.tag))); return cell; }},
    {key: "datum", name: "Datum", down: true, order: (a, b) => (a.date ?? "").localeCompare(b.date ?? ""), cell: item => make("td", "getal", item.date ?? "")},
  ].filter(column => column.key !== "datum" || dated.length);
  function statusOf(item) {  // the strongest: the names stand in that order
    const all = item.offences.map(offence => offence.status).filter(status => status !== null);
    return all.length ? Math.min(...all) : null;
  }
  function idCell(item) {
    const cell = make("td"), open = put(make("button", "open", undefined, {type: "button"}), item.id);
    cell.append(open);
    return cell;
  }
  function buildTable() {
    element("tabel").tHead.rows[0].append(...COLUMN.map(column => {
      const head = make("th", "", undefined, {scope: "col"}), button = make("button", "", column.name, {type: "button"});
      if (column.title) button.title = column.title;
      button.onclick = () => {
        sorting = {key: column.key, down: sorting.key === column.key ? !sorting.down : Boolean(column.down)};
        sort();
      };
      head.append(button);
      return head;
    }));
    element("tabel").tBodies[0].onclick = event => {
      const row = event.target.closest("tr");
      if (row && !String(getSelection())) open(Number(row.dataset.place), row.querySelector(".open"));
    };
    element("vorige").onclick = () => turn(-1);
    element("volgende").onclick = () => turn(1);
  }
  function sort() {
    const {order} = COLUMN.find(column => column.key === sorting.key), sign = sorting.down ? -1 : 1;
    shown.sort((a, b) => sign * order(a, b) || a.place - b.place);
    COLUMN.forEach((column, k) => {
      const head = element("tabel").tHead.rows[0].cells[k];
      if (column.key === sorting.key) head.setAttribute("aria-sort", sorting.down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    page = 0;
    drawPage();
  }
  function turn(step) {
    page += step;
    drawPage();
    element("zaken").scrollIntoView();
  }
  function drawPage() {
    const pages = Math.max(1, Math.ceil(shown.length / PAGE));
    element("tabel").tBodies[0].replaceChildren(...shown.slice(page * PAGE, (page + 1) * PAGE).map((item, k) => {
      const row = make("tr", "", undefined, {"data-place": page * PAGE + k});
      row.append(...COLUMN.map(column => column.cell(item)));
      return row;
    }));
    element("blad").textContent = shown.length ? `${number.format(page * PAGE + 1)}–${number.format(Math.min(shown.length, (page + 1) * PAGE))} van ${number.format(shown.length)}` : "geen zaken";
    element("vorige").disabled = page === 0;
    element("volgende").disabled = page >= pages - 1;
  }

  // ---- one case ----
  const dialog = element("zaak");
  let opened = 0, opener = null;
  function open(place, from = opener) {
    [opened, opener] = [place, from];
    const item = shown[place];
    element("zaak-kop").replaceChildren();
    put(element("zaak-kop"), item.id);
    element("zaak-inhoud").replaceChildren(...describe(item));
    element("zaak-vorige").disabled = place === 0;
    element("zaak-volgende").disabled = place === shown.length - 1;
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
    element("zaak-kop").focus();
  }
  function tableOf(heads, rows) {
    const table = make("table"), head = table.createTHead().insertRow();
    head.append(...heads.map(name => make("th", "", name, {scope: "col"})));
    const body = table.createTBody();
    for (const row of rows) body.insertRow().append(...row.map(cell => { const node = make("td"); cell instanceof Node ? node.append(cell) : put(node, cell); return node; }));
    return table;
  }
  function passageOf([start, end, words, model, status, source, family, label]) {
    const [name, kind] = [[0, 2], [1, 2], [1, 3]][family].map(place => [data.offences, data.tags, data.elements][family][label][place]);
    const told = status === null ? "" : `${data.statuses[status]}, ${word(data.sources[source ?? data.sources.indexOf("overig")])}`;
    return {start, end, words, model: Boolean(model), told, name, kind: `g-${kind}`, rank: [1, 0, 2][family]};  // tags colour first
  }
  function describe(item) {
    const status = number => number === null ? "" : data.statuses[number];
    const reading = make("div"), tables = make("div", "rol"), columns = make("div", "kolommen"), told = data.with_text ? textOf(item) : null;
    const section = (heading, table) => tables.append(make("h3", "", heading), table);
    if (told && told.text !== null) reading.append(make("h3", "", "Tekst"), ...marked(told.text, told.passages.map(passageOf)));
    else if (told) reading.append(make("h3", "", "Passages"), make("p", "uitleg", "De uitkomsten hebben van deze zaak geen tekst, wel passages."), listed(told.passages.map(passageOf)));
    else reading.append(make("p", "uitleg", data.with_text ? "De uitkomsten hebben van deze zaak geen tekst." : "Deze pagina bevat geen tekst van zaken. Maak haar met --with-text om passages te lezen."));
    section("Delicten", tableOf(["Delict", "Antwoord", "Kans", "Status"], item.offences.map((offence, k) => [
      data.offences[k].slice(0, 2).join(", "), offence.label ? "ja" : "nee", chance(offence), status(offence.status)])));
    if (item.tags.length) section("Modi operandi", tableOf(["Tag", "Kans", "Status", "Passages"], item.tags.map(tag => [chip(tag.tag), chance(tag), status(tag.status), tag.count])));
    if (item.elements.length) section("Bestanddelen", tableOf(["Bestanddeel", "Artikel", "Status"], item.elements.map(([key, state]) => [data.elements[key][1], data.offences[data.elements[key][2]][1], status(state)])));
    if (item.carried.length) section("Velden van de invoer", tableOf(["Veld", "Waarde"], item.carried.map(([key, value]) => [data.fields[key], value])));
    columns.append(reading, tables);
    return [put(make("p"), `Gaat over: ${className(item)}${item.reasons.length ? ` – ${item.reasons.join(", ")}` : ""}. ${data.note}`), columns];
  }
  // ---- CSV ----
  const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;
  function cell(value) {
    if (value === null || value === undefined) return "";
    if (typeof value !== "string") return String(value);
    const safe = FORMULA.test(value) ? `'${value}` : value;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  }
  function csv() {
    const own = ["id", "offence", "offence_forced", "uncertain", `probability_${SMOKKEL}`, `probability_${HANDEL}`, `status_${SMOKKEL}`, `status_${HANDEL}`, "tags", "reasons", "n_chars"];
    const date = !data.with_ids && data.date_field !== null ? [data.date_field] : [];  // where no field is carried, the date still is
    const lines = shown.map(item => {
      const carried = new Map(item.carried);
      return [item.id, data.classes[item.cls], data.classes[item.forced], String(unsure(item)), ...item.offences.map(offence => offence.p),
        ...item.offences.map(offence => offence.status === null ? null : data.statuses[offence.status]), item.tags.map(tag => data.tags[tag.tag][0]).join(";"),
        item.reasons.join(";"), item.chars, ...date.map(() => item.date), ...data.fields.map((_, key) => carried.get(key))];
    });
    return "\ufeff" + [[...own, ...date, ...data.fields], ...lines].map(line => line.map(cell).join(",") + "\r\n").join("");
  }
  function download() {
    const link = make("a", "", undefined, {download: "zaken.csv"}), url = URL.createObjectURL(new Blob([csv()], {type: "text/csv;charset=utf-8"}));
    link.href = url;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  }

  // ---- begin ----
  function options(id, names) {
    element(id).append(...names.map(([value, name]) => put(make("option", "", undefined, {value}), name)));
  }
  function describePage() {
    const uncertain = cases.filter(unsure).length, texts = data.with_text;
    const [smokkel, handel] = data.thresholds;
    element("samenvatting").textContent = cases.length ? `${cases_(cases.length)}, waarvan ${number.format(uncertain)} onzeker. ${data.note}` : "Er zijn geen zaken: de invoer was leeg.";
    element("inhoud").textContent = [
      texts ? "Deze pagina bevat teksten van zaken: ga ermee om als met de zaken zelf." : "Deze pagina bevat geen tekst van zaken en geen passages: alleen nummers, labels, kansen en aantallen.",
      data.with_ids ? (data.fields.length ? `Overgenomen velden: ${data.fields.join(", ")}.` : "") : "De zaken zijn genummerd; hun kenmerken en velden zijn weggelaten.",
      data.left_out ? `${number.format(data.left_out)} lange velden zijn weggelaten, omdat zij tekst van zaken kunnen zijn.` : "",
      "Zij haalt niets op van internet.",
    ].filter(Boolean).join(" ");
    element("gemaakt").textContent = data.made.length ? `Gemaakt met ${data.made.join("; ")}. Drempels zoals af te lezen aan de uitkomsten: ${SMOKKEL} ${smokkel}, ${HANDEL} ${handel}.` : "";
    if (data.failed.number) {
      const {number: count, lines} = data.failed;
      element("gemist").textContent = `${number.format(count)} ${count === 1 ? "regel" : "regels"} van de invoer kon${count === 1 ? "" : "den"} niet worden gelezen: ${lines.join(", ")}${count > lines.length ? " en verder" : ""}.`;
      element("gemist").hidden = false;
    }
  }
  describePage();
  if (!cases.length) return;
  element("pagina").hidden = false;
  element("tijd").hidden = element("periode").hidden = !dated.length;
  element("zoek").placeholder = `in ${["kenmerk", data.fields.length && "velden", data.with_text && "tekst"].filter(Boolean).join(", ")}`;
  options("status", [["", "alle"], ...data.statuses.map((name, key) => [key, name]).filter(([key]) => cases.some(item => item.offences.some(offence => offence.label && offence.status === key)))]);
  options("kans", [[0, SMOKKEL], [1, HANDEL], ...data.tags.map(([, name], key) => [key + 2, name])]);
  buildMatrix();
  buildTable();
  update();
  let waiting = 0;
  element("filter").oninput = event => {
    clearTimeout(waiting);
    waiting = setTimeout(update, event.target.type === "search" ? 120 : 0);
  };
  element("filter").onsubmit = event => event.preventDefault();
  element("wis").onclick = () => {
    element("filter").reset();
    chosen.classes.clear();
    chosen.tags.clear();
    update();
  };
  element("csv").onclick = download;
  element("sluit").onclick = () => dialog.close();
  element("zaak-vorige").onclick = () => open(opened - 1);
  element("zaak-volgende").onclick = () => open(opened + 1);
  dialog.onclick = event => { if (event.target === dialog) dialog.close(); };
  dialog.onclose = () => opener?.focus();
})();
