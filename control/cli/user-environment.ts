/**
 * The environment of a program that is started for the user: the user's own, without what npm or our launcher put in.
 * An agent that is run through `npm run` must behave as if it had been run by hand.
 */
import { delimiter, sep } from "node:path";
import { withoutLauncher } from "../../gateway/launcher-environment.ts";

/** Set by npm for whatever it runs, so that one of them means that npm stands between the user and us. */
const npmMarkers = ["npm_lifecycle_event", "npm_command", "npm_execpath"];

/**
 * Restores the variables that `bin/clrk.mjs` recorded in `CLRK_LAUNCHER_ENV` and, where npm or npx started us,
 * drops `npm_*`, `INIT_CWD`, `NODE`, `COLOR`, npm's default `EDITOR`, and the entries that npm put before PATH.
 * Without npm, `npm_*` variables are the user's own and stay. A record that cannot be read is dropped.
 */
export function userEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const restored = withoutLauncher(env);
  return npmMarkers.some((name) => env[name] !== undefined) ? withoutNpm(restored) : restored;
}

function withoutNpm(env: Readonly<Record<string, string>>): Record<string, string> {
  // npm sets these two besides its own names: the Node it runs on, and an editor where there is none.
  const isNpmNode = env["NODE"] === env["npm_node_execpath"];
  const kept = Object.entries(env).filter(([name, value]) => {
    if (name.startsWith("npm_") || name === "INIT_CWD" || name === "COLOR") return false;
    if (name === "NODE") return !isNpmNode;
    return name !== "EDITOR" || value !== "vi";
  });
  return Object.fromEntries(
    kept.map(([name, value]) => [name, name === "PATH" ? withoutNpmPath(value) : value]),
  );
}

/**
 * npm puts `node_modules/.bin` of the project and of each directory above before PATH, then its own node-gyp.
 * Only this leading run is dropped: a later entry is one that the user has put there.
 */
function withoutNpmPath(path: string): string {
  const entries = path.split(delimiter);
  const binaries = `${sep}node_modules${sep}.bin`;
  const nodeGyp = `${sep}node-gyp-bin`;
  const isNpm = (entry: string) => entry.endsWith(binaries) || entry.endsWith(nodeGyp);
  const first = entries.findIndex((entry) => !isNpm(entry));
  return first === -1 ? "" : entries.slice(first).join(delimiter);
}
