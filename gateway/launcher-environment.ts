/** The environment as it was before `bin/clrk.mjs` set variables in it for our own processes. */

/** A variable that was overridden, with its former value; null when it was not set. */
type LauncherRecord = ReadonlyMap<string, string | null>;

/** Set by the launcher: a JSON object of the variables that it changed for our own processes. */
const launcherVariable = "CLRK_LAUNCHER_ENV";

/** The environment for programs that are started for the user. A record that cannot be read is dropped. */
export function withoutLauncher(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  return restore(env, parseRecord(env[launcherVariable]));
}

function restore(
  env: Readonly<Record<string, string | undefined>>,
  record: LauncherRecord,
): Record<string, string> {
  const result = new Map<string, string>();
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && name !== launcherVariable) result.set(name, value);
  }
  for (const [name, value] of record) {
    if (value === null) result.delete(name);
    else result.set(name, value);
  }
  return Object.fromEntries(result);
}

function parseRecord(text: string | undefined): LauncherRecord {
  if (text === undefined) return new Map();
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return new Map();
    const entries = Object.entries(value);
    const isValid = entries.every(([, former]) => former === null || typeof former === "string");
    return isValid ? new Map(entries) : new Map();
  } catch {
    // Not written by our launcher: there is nothing to restore.
    return new Map();
  }
}
