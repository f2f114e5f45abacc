/** Prices that a user has: a file of JSON whose entries go before those that are shipped. */

import { readFile } from "node:fs/promises";
import { parseMicroDollars } from "../crds/money.ts";
import type { PriceEntry, TokenPrices } from "../providers/prices.ts";
import { findProviderByName } from "../providers/registry.ts";
import { ClrkError } from "./errors.ts";

const most = 10_000;
const longestModel = 2_048;
const fields = ["provider", "models", "input", "cachedInput", "cacheWrite", "output"];

/**
 * Reads `[{"provider", "models": [globs], "input", "cachedInput"?, "cacheWrite"?, "output"}]` with decimal texts of USD
 * for a million tokens, after plugins were loaded; no entries where there is no file. Throws CLRK_PRECONDITION_FAILED for anything else.
 */
export async function readPriceFile(file: string): Promise<readonly PriceEntry[]> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw unusable(file, "it cannot be read", error);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw unusable(file, "it is not JSON", error);
  }
  if (!Array.isArray(value) || value.length > most) {
    throw unusable(file, `it is not a list of at most ${most} entries`);
  }
  return value.map((entry: unknown, index) => parseEntry(entry, `entry ${index} of ${file}`));
}

function parseEntry(entry: unknown, at: string): PriceEntry {
  if (typeof entry !== "object" || entry === null) throw unusable(at, "it is not an object");
  const found = new Map<string, unknown>(Object.entries(entry));
  const strange = [...found.keys()].find((key) => !fields.includes(key));
  if (strange !== undefined) throw unusable(at, `nobody knows ${JSON.stringify(strange)}`);
  const name = found.get("provider");
  if (typeof name !== "string") throw unusable(at, "it names no provider");
  const provider = findProviderByName(name)?.name;
  if (provider === undefined) throw unusable(at, `nobody knows provider ${JSON.stringify(name)}`);
  const models = found.get("models");
  if (!Array.isArray(models) || models.length === 0 || !models.every(isGlob)) {
    throw unusable(at, "models is not a list of names");
  }
  const price: TokenPrices = {
    input: wanted(found, "input", at),
    output: wanted(found, "output", at),
    ...optional(found, "cachedInput", at),
    ...optional(found, "cacheWrite", at),
  };
  return { provider, models, price };
}

function isGlob(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= longestModel;
}

function wanted(found: ReadonlyMap<string, unknown>, name: string, at: string): number {
  const text = found.get(name);
  try {
    if (typeof text === "string") return parseMicroDollars(text);
  } catch {
    // Said below, without the value.
  }
  throw unusable(at, `${name} is not a text such as "2.50"`);
}

function optional<Name extends string>(
  found: ReadonlyMap<string, unknown>,
  name: Name,
  at: string,
): Partial<Record<Name, number>> {
  if (!found.has(name)) return {};
  // One key of the name, which is the type's own.
  return { [name]: wanted(found, name, at) } as Partial<Record<Name, number>>;
}

function unusable(file: string, detail: string, cause?: unknown): ClrkError {
  const message = `Cannot use prices of "${file}": ${detail}`;
  return new ClrkError("CLRK_PRECONDITION_FAILED", message, { expose: message, cause });
}
