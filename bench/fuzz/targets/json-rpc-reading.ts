/**
 * Messages of MCP clients read the slow way: a tree of everything that is written, keys that come twice included, and
 * the rules of docs/mcp.md one after the other, each as it is said there.
 */

/** What a message says. */
export interface LiteralMessage {
  readonly kind: "request" | "notification" | "response";
  readonly id: string | null;
  readonly method: string;
  readonly subjects: readonly {
    readonly kind: "tool" | "resource" | "prompt";
    readonly name: string;
  }[];
  readonly revision: string | null;
}

/** What a body holds; each item that is no message is null, and so is a body that is none as a whole. */
export type LiteralBody = {
  readonly isBatch: boolean;
  readonly messages: readonly (LiteralMessage | null)[];
} | null;

type Tree =
  | { readonly kind: "object"; readonly entries: readonly (readonly [key: string, value: Tree])[] }
  | { readonly kind: "array"; readonly items: readonly Tree[] }
  | { readonly kind: "scalar"; readonly raw: string };

/** Thrown inside of this file only: the message is none. */
class NoMessage extends Error {}

/** Reads a text that is all that a body holds. */
export function readLiterally(text: string): LiteralBody {
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  const tree = treeOf(text);
  if (depthOf(tree) > 128) return null;
  if (tree.kind !== "array") return { isBatch: false, messages: [messageOrNull(tree)] };
  if (tree.items.length === 0 || tree.items.length > 64) return null;
  const messages = tree.items.map(messageOrNull);
  const ids = messages.flatMap((message) =>
    message?.kind === "request" ? [JSON.stringify(idValue(message.id ?? ""))] : [],
  );
  return new Set(ids).size < ids.length ? null : { isBatch: true, messages };
}

/** The tree of a text that is JSON. */
function treeOf(text: string): Tree {
  let at = 0;
  const token = /\s*("(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s[\]{},:"]+)\s*/sy;
  const next = (): string => {
    token.lastIndex = at;
    const [all = "", found = ""] = token.exec(text) ?? [];
    at += all.length;
    return found;
  };
  const peek = (): string => {
    const before = at;
    const found = next();
    at = before;
    return found;
  };
  const value = (): Tree => {
    const first = next();
    if (first !== "{" && first !== "[") return { kind: "scalar", raw: first };
    const close = first === "{" ? "}" : "]";
    const entries: [string, Tree][] = [];
    while (peek() !== close) {
      let key = "";
      if (first === "{") {
        key = String(JSON.parse(next()));
        next();
      }
      entries.push([key, value()]);
      if (peek() === ",") next();
    }
    next();
    return first === "{"
      ? { kind: "object", entries }
      : { kind: "array", items: entries.map(([, item]) => item) };
  };
  return value();
}

function depthOf(tree: Tree): number {
  if (tree.kind === "scalar") return 0;
  const inner = tree.kind === "array" ? tree.items : tree.entries.map(([, value]) => value);
  return 1 + inner.reduce((most, one) => Math.max(most, depthOf(one)), 0);
}

function messageOrNull(tree: Tree): LiteralMessage | null {
  try {
    return messageOf(tree);
  } catch (error) {
    if (error instanceof NoMessage) return null;
    throw error;
  }
}

function messageOf(tree: Tree): LiteralMessage {
  const counted = ["jsonrpc", "id", "method", "params", "result", "error"];
  const member = membersOf(tree, counted);
  const id = idOf(member("id"));
  if (textOf(member("jsonrpc")) !== "2.0") throw new NoMessage();
  const answers = [member("result"), member("error")].filter((one) => one !== undefined);
  if (member("method") === undefined) {
    if (answers.length !== 1 || id === null) throw new NoMessage();
    return { kind: "response", id, method: "", subjects: [], revision: null };
  }
  if (answers.length > 0) throw new NoMessage();
  const method = nameOf(member("method"));
  const params = member("params") ?? { kind: "object", entries: [] };
  const kind = id === null ? "notification" : "request";
  return { kind, id, method, subjects: subjectsOf(method, params), revision: revisionOf(params) };
}

function subjectsOf(method: string, params: Tree): LiteralMessage["subjects"] {
  const named = new Map<string, readonly ["tool" | "resource" | "prompt", "name" | "uri"]>([
    ["tools/call", ["tool", "name"]],
    ["prompts/get", ["prompt", "name"]],
    ["resources/read", ["resource", "uri"]],
    ["resources/subscribe", ["resource", "uri"]],
    ["resources/unsubscribe", ["resource", "uri"]],
  ]);
  const others = ["completion/complete", "subscriptions/listen"];
  const usual = fold(method).trim();
  if (usual !== method && (named.has(usual) || others.includes(usual))) throw new NoMessage();
  const naming = named.get(method);
  if (naming !== undefined) {
    const [kind, key] = naming;
    return [{ kind, name: nameOf(membersOf(params, ["name", "uri", "ref", "arguments"])(key)) }];
  }
  if (method === "completion/complete") {
    const reference = membersOf(params, ["ref"])("ref");
    const member = membersOf(reference, ["type", "name", "uri", "ref", "arguments"]);
    const type = nameOf(member("type"));
    if (type === "ref/prompt") return [{ kind: "prompt", name: nameOf(member("name")) }];
    if (type === "ref/resource") return [{ kind: "resource", name: nameOf(member("uri")) }];
    throw new NoMessage();
  }
  if (method !== "subscriptions/listen") return [];
  const wanted = membersOf(params, ["notifications"])("notifications");
  const list = membersOf(wanted, ["resourceSubscriptions"])("resourceSubscriptions");
  if (list === undefined) return [];
  if (list.kind !== "array" || list.items.length > 256) throw new NoMessage();
  return list.items.map((item) => ({ kind: "resource", name: nameOf(item) }));
}

function revisionOf(params: Tree): string | null {
  const meta = membersOf(params, ["_meta"])("_meta");
  if (meta === undefined) return null;
  const key = "io.modelcontextprotocol/protocolVersion";
  const revision = membersOf(meta, [key])(key);
  return revision === undefined ? null : nameOf(revision);
}

/** Members of what must be an object without keys that come twice, in any case, and with the counted ones as they are. */
function membersOf(tree: Tree | undefined, counted: readonly string[]) {
  if (tree?.kind !== "object" || tree.entries.length > 1_024) throw new NoMessage();
  const keys = tree.entries.map(([key]) => key);
  if (new Set(keys.map(fold)).size < keys.length) throw new NoMessage();
  for (const key of keys) {
    if (counted.some((one) => one !== key && fold(one) === fold(key))) throw new NoMessage();
  }
  return (wanted: string) => tree.entries.find(([key]) => key === wanted)?.[1];
}

function idOf(tree: Tree | undefined): string | null {
  if (tree === undefined) return null;
  if (tree.kind !== "scalar" || Buffer.byteLength(tree.raw) > 256) throw new NoMessage();
  const isInteger = /^-?(?:0|[1-9][0-9]*)$/.test(tree.raw);
  if (!isInteger && !tree.raw.startsWith('"')) throw new NoMessage();
  return tree.raw;
}

/** What two ids are compared by: a text is another id than a number. */
function idValue(raw: string): string {
  return raw.startsWith('"') ? `text ${String(JSON.parse(raw))}` : `number ${BigInt(raw)}`;
}

function textOf(tree: Tree | undefined): string | undefined {
  if (tree?.kind !== "scalar" || !tree.raw.startsWith('"')) return undefined;
  return String(JSON.parse(tree.raw));
}

function nameOf(tree: Tree | undefined): string {
  const text = textOf(tree);
  // No control characters and no halves of characters.
  if (text === undefined || text === "" || /[\p{Cc}\p{Cs}]/u.test(text)) throw new NoMessage();
  return text;
}

function fold(key: string): string {
  return key.toUpperCase().toLowerCase();
}
