/**
 * A strict reader of OpenMetrics 1.0 text for tests: throws at whatever the specification forbids.
 * https://prometheus.io/docs/specs/om/open_metrics_spec/
 */

export interface ReadSample {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

export interface ReadFamily {
  readonly name: string;
  readonly type: string;
  readonly unit: string;
  readonly help: string;
  readonly samples: readonly ReadSample[];
}

interface Draft {
  readonly name: string;
  type: string;
  unit: string;
  help: string;
  readonly samples: ReadSample[];
}

const suffixes: Readonly<Record<string, readonly string[]>> = {
  counter: ["_total"],
  gauge: [""],
  info: ["_info"],
  histogram: ["_bucket", "_count", "_sum"],
};

/** All families by name, of a text that is complete. */
export function readOpenMetrics(text: string): ReadonlyMap<string, ReadFamily> {
  if (!text.endsWith("# EOF\n")) throw new Error("The text does not end with # EOF");
  const families = new Map<string, Draft>();
  let current: Draft | undefined;
  for (const [index, line] of text.slice(0, -"# EOF\n".length).split("\n").slice(0, -1).entries()) {
    const at = `line ${index + 1} ${JSON.stringify(line)}`;
    const head = /^# (TYPE|UNIT|HELP) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/.exec(line);
    if (head !== null) {
      const [, word = "", name = "", rest = ""] = head;
      if (current?.name !== name) {
        if (families.has(name)) throw new Error(`${at}: families are interleaved`);
        current = { name, type: "", unit: "", help: "", samples: [] };
        families.set(name, current);
      }
      if (current.samples.length > 0) throw new Error(`${at}: metadata after samples`);
      takeHead(current, word, rest, at);
      continue;
    }
    if (current === undefined) throw new Error(`${at}: a sample without a family`);
    current.samples.push(readSample(line, current, at));
  }
  for (const family of families.values()) checkFamily(family);
  return families;
}

function takeHead(family: Draft, word: string, rest: string, at: string): void {
  const member = word === "TYPE" ? "type" : word === "UNIT" ? "unit" : "help";
  if (family[member] !== "") throw new Error(`${at}: said twice`);
  if (member === "type" && suffixes[rest] === undefined) throw new Error(`${at}: unknown type`);
  if (member === "unit" && !family.name.endsWith(`_${rest}`)) throw new Error(`${at}: unit is not the suffix`);
  family[member] = member === "help" ? unescape(rest, at) : rest;
}

function readSample(line: string, family: Draft, at: string): ReadSample {
  const fits = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[^"\\}]|"(?:[^"\\]|\\.)*")*)\})? (\S+)$/.exec(line);
  if (fits === null) throw new Error(`${at}: no sample`);
  const [, name = "", labelText, number = ""] = fits;
  if (!(suffixes[family.type] ?? []).some((suffix) => name === family.name + suffix)) {
    throw new Error(`${at}: not a sample of ${family.type} ${family.name}`);
  }
  if (!/^(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]Inf)$/.test(number)) {
    throw new Error(`${at}: no number`);
  }
  const value = Number(number.replace("Inf", "Infinity"));
  return { name, labels: readLabels(labelText ?? "", at), value };
}

function readLabels(text: string, at: string): ReadonlyMap<string, string> {
  const labels = new Map<string, string>();
  let rest = text;
  while (rest !== "") {
    const fits = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,(?=.)|$)/.exec(rest);
    if (fits === null) throw new Error(`${at}: labels`);
    const [all, name = "", value = ""] = fits;
    if (labels.has(name)) throw new Error(`${at}: label ${name} twice`);
    labels.set(name, unescape(value, at));
    rest = rest.slice(all.length);
  }
  return labels;
}

function unescape(text: string, at: string): string {
  return text.replace(/\\(.?)/g, (_, character: string) => {
    if (character === "n") return "\n";
    if (character === "\\" || character === '"') return character;
    throw new Error(`${at}: escape \\${character}`);
  });
}

function checkFamily({ name, type, help, samples }: Draft): void {
  if (type === "" || help === "") throw new Error(`${name}: no TYPE or HELP`);
  const keys = samples.map(({ name: own, labels }) => `${own} ${JSON.stringify([...labels].sort())}`);
  if (new Set(keys).size !== keys.length) throw new Error(`${name}: a sample twice`);
  for (const { value } of samples) {
    if (type !== "gauge" && (value < 0 || Number.isNaN(value))) throw new Error(`${name}: below 0`);
  }
  if (type === "histogram") checkHistogram(name, samples);
}

function checkHistogram(name: string, samples: readonly ReadSample[]): void {
  const groups = Map.groupBy(samples, ({ labels }) =>
    JSON.stringify([...labels].filter(([label]) => label !== "le")),
  );
  for (const [key, group] of groups) {
    const buckets = group.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels }) => Number(labels.get("le")?.replace("Inf", "Infinity")));
    const count = group.find((sample) => sample.name === `${name}_count`)?.value;
    const sum = group.find((sample) => sample.name === `${name}_sum`);
    const isRising = (values: readonly number[], strict: boolean) =>
      values.every((value, at) => at === 0 || value > (values[at - 1] ?? 0) || (!strict && value === values[at - 1]));
    if (bounds.at(-1) !== Number.POSITIVE_INFINITY) throw new Error(`${name} ${key}: no +Inf`);
    if (!isRising(bounds, true)) throw new Error(`${name} ${key}: bounds do not rise`);
    if (!isRising(buckets.map(({ value }) => value), false)) throw new Error(`${name} ${key}: buckets fall`);
    if (buckets.at(-1)?.value !== count) throw new Error(`${name} ${key}: +Inf is not the count`);
    if (sum === undefined) throw new Error(`${name} ${key}: no sum`);
  }
}
