/** Plain JSON as YAML that people read, for generated files: block style, text in quotes where it could be misread. */

/** Words that some YAML reader takes for something else than text. */
const RESERVED: ReadonlySet<string> = new Set("true false yes no on off null y n".split(" "));

/** The value as YAML, with a line end; undefined members are left out. Throws a TypeError for what JSON cannot hold. */
export function formatYaml(value: unknown): string {
  return `${block(value, 0).trimStart()}\n`;
}

/** What follows a key or a dash: on the same line for scalars, on lines of its own for what has parts. */
function block(value: unknown, depth: number): string {
  if (Array.isArray(value)) {
    return value.length === 0 ? " []" : value.map((item) => listItem(item, depth)).join("");
  }
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    if (members.length === 0) return " {}";
    return members.map(([name, member]) => mapEntry(name, member, depth)).join("");
  }
  return ` ${scalar(value)}`;
}

function mapEntry(name: string, value: unknown, depth: number): string {
  return `\n${indent(depth)}${text(name)}:${block(value, depth + 1)}`;
}

function listItem(value: unknown, depth: number): string {
  const inner = block(value, depth + 1);
  const begin = `\n${indent(depth + 1)}`;
  const item = inner.startsWith(begin) ? ` ${inner.slice(begin.length)}` : inner;
  return `\n${indent(depth)}-${item}`;
}

function scalar(value: unknown): string {
  if (typeof value === "string") return text(value);
  if (value === null || typeof value === "boolean" || Number.isFinite(value)) return String(value);
  throw new TypeError(`Cannot format a ${typeof value} as YAML: it is no JSON`);
}

function text(value: string): string {
  const isPlain = /^[A-Za-z](?:[A-Za-z0-9_./-]| (?=[A-Za-z0-9_./-]))*$/.test(value);
  return isPlain && !RESERVED.has(value.toLowerCase()) ? value : JSON.stringify(value);
}

function indent(depth: number): string {
  return "  ".repeat(depth);
}
