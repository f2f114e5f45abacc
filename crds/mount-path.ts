/** Where something may be mounted into a sandbox or a worker without covering what it needs to run. */
import { invalid, valid } from "./reading.ts";
import type { StringFormat } from "./schema.ts";

/** Paths of every sandbox that nothing may be mounted on, in or over. */
const sandboxPaths = [
  ...["/proc", "/dev", "/sys", "/tmp", "/etc", "/usr", "/bin", "/sbin"],
  ...["/lib", "/lib64", "/boot", "/root"],
];

/** Paths at which a worker keeps its own files. */
const workerPaths = ["/var/lib/clrk/state", "/run/clrk", "/var/log/clrk"];

/** A folder of a sandbox. */
export const sandboxMountPathFormat = mountPathFormat("sandbox-mount-path", sandboxPaths);

/** A folder of a worker. */
export const workerMountPathFormat = mountPathFormat("worker-mount-path", [
  ...sandboxPaths,
  ...workerPaths,
]);

function mountPathFormat(name: string, reserved: readonly string[]): StringFormat {
  const parents = new Set(reserved.flatMap(parentsOf));
  return {
    name,
    wanted: 'an absolute path such as "/data"',
    pattern: "^(?:/[^/\\x00-\\x1f\\x7f-\\x9f]+)+$",
    constraint: {
      not: {
        anyOf: [
          { pattern: "/\\.{1,2}(?:/|$)" },
          { pattern: `^(?:${reserved.join("|")})(?:/|$)` },
          ...(parents.size > 0 ? [{ pattern: `^(?:${[...parents].join("|")})$` }] : []),
        ],
      },
    },
    read(text) {
      if (!text.startsWith("/")) return invalid('it does not begin with "/"');
      if (text === "/") return invalid("it is the root");
      if (!/^(?:\/[^/]+)+$/.test(text) || /\/\.{1,2}(?:\/|$)/.test(text)) {
        return invalid('it has an empty segment, a "." or a ".."');
      }
      const { index = -1 } = /\p{Cc}/u.exec(text) ?? {};
      if (index !== -1) return invalid(`control character at position ${index}`);
      const taken = reserved.find((path) => overlaps(path, text));
      return taken === undefined ? valid(text) : invalid(`it would cover "${taken}" or lie in it`);
    },
  };
}

function parentsOf(path: string): string[] {
  const steps = path.split("/").slice(1, -1);
  return steps.map((_, index) => `/${steps.slice(0, index + 1).join("/")}`);
}

function overlaps(left: string, right: string): boolean {
  return `${left}/`.startsWith(`${right}/`) || `${right}/`.startsWith(`${left}/`);
}
