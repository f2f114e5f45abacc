/** Command line options of the benchmarks: numbers are checked here, once. */
import { parseArgs } from "node:util";

/** A mistake of the person at the terminal: shown without a stack trace. */
export class UsageError extends Error {
  static {
    UsageError.prototype.name = "UsageError";
  }
}

/** A whole number option. */
export interface NumberOption {
  readonly fallback: number;
  readonly min: number;
  readonly max: number;
}

/** Option definitions of one sub-command. */
export interface OptionTable {
  readonly numbers: Readonly<Record<string, NumberOption>>;
  readonly texts: readonly string[];
  readonly switches: readonly string[];
}

/** Values of the options by name. */
export interface ParsedOptions {
  /** Value of a number option, or its fallback; throws TypeError for one that is not in the table. */
  number(name: string): number;
  text(name: string): string | undefined;
  isOn(name: string): boolean;
}

/** Reads `args`; throws UsageError for an unknown option, a positional argument or a number out of its range. */
export function parseOptions(args: readonly string[], table: OptionTable): ParsedOptions {
  const strings = [...Object.keys(table.numbers), ...table.texts];
  const options = Object.fromEntries([
    ...strings.map((name) => [name, { type: "string" as const }]),
    ...table.switches.map((name) => [name, { type: "boolean" as const }]),
  ]);
  const values = new Map(Object.entries(parse(args, options)));
  const numbers = new Map<string, number>();
  for (const [name, definition] of Object.entries(table.numbers)) {
    numbers.set(name, readNumber(name, values.get(name), definition));
  }
  return {
    number(name) {
      const value = numbers.get(name);
      if (value === undefined)
        throw new TypeError(`Cannot read option "${name}": it is not defined`);
      return value;
    },
    text(name) {
      const value = values.get(name);
      return typeof value === "string" ? value : undefined;
    },
    isOn: (name) => values.get(name) === true,
  };
}

/** Names of a comma-separated list, or all `known` ones where there is none; throws UsageError for one that is not known. */
export function chooseNames(
  what: string,
  list: string | undefined,
  known: readonly string[],
): readonly string[] {
  const names = list?.split(",") ?? known;
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return names;
  throw new UsageError(
    `Cannot run ${what} "${unknown}": it is not known: known are ${known.join(", ")}`,
  );
}

type ParseOptions = Readonly<Record<string, { readonly type: "string" | "boolean" }>>;

function parse(args: readonly string[], options: ParseOptions): Readonly<Record<string, unknown>> {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function readNumber(name: string, text: unknown, definition: NumberOption): number {
  if (text === undefined) return definition.fallback;
  const { min, max } = definition;
  const value = typeof text === "string" && /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(
    `Cannot use --${name} "${String(text)}": it has to be a whole number from ${min} to ${max}`,
  );
}
