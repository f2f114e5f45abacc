/**
 * Finds the matches that may mean a message, among thousands of them, in microseconds: each is kept by whatever tells it
 * best from the others, its names, its servers or its methods.
 */

import { GlobIndex, pieceOf } from "../glob-index.ts";
import type { CompiledMatch, NamedMessage } from "./compiled-rule.ts";
import type { McpServer } from "./server-match.ts";
import { splitServerGlob } from "./server-match.ts";
import type { McpSubjectKind } from "./subject.ts";

/** Text of a message that a glob is compared with. */
type Side = McpSubjectKind | "origin" | "host" | "method";

/** One glob, and what it is compared with. */
interface SidedGlob {
  readonly side: Side;
  readonly glob: string;
}

/** All matches of a plan by their positions. */
export class MatchIndex {
  /** Those that hold something */
  readonly #indexes = new Map<Side, GlobIndex>();
  /** Matches that no glob tells from others */
  readonly #always: number[] = [];
  /** Matches with a glob that begins and ends with a wildcard */
  #vague = 0;

  constructor(matches: readonly CompiledMatch[]) {
    const choices = matches.map(choicesOf);
    const counts = countPieces(choices.flat(2));
    for (const [position, choice] of choices.entries()) {
      const globs = rarest(choice, counts);
      if (globs === undefined) this.#always.push(position);
      else if (globs.some((glob) => pieceKey(glob) === undefined)) this.#vague++;
      for (const { side, glob } of globs ?? []) this.#indexOf(side).add(glob, position);
    }
  }

  /** Matches that are compared with every message, or nearly so. */
  get unindexed(): number {
    return this.#always.length + this.#vague;
  }

  /** Shows `look` ascending lists of positions, in which every match is that means the message to the server. */
  find(
    { method, subjects }: NamedMessage,
    { origin, host }: McpServer,
    look: (positions: readonly number[] | undefined) => void,
  ): void {
    const [subject] = subjects;
    look(this.#always);
    if (subject !== undefined) this.#indexes.get(subject.kind)?.find(subject.name, look);
    this.#indexes.get("origin")?.find(origin, look);
    this.#indexes.get("host")?.find(host, look);
    this.#indexes.get("method")?.find(method, look);
  }

  #indexOf(side: Side): GlobIndex {
    const known = this.#indexes.get(side);
    if (known !== undefined) return known;
    const made = new GlobIndex();
    this.#indexes.set(side, made);
    return made;
  }
}

/** Lists of globs by any one of which the match can be found, because a message must fulfil one glob of each. */
function choicesOf({ isNamed, globs }: CompiledMatch): SidedGlob[][] {
  const of = (side: Side) => (glob: string) => ({ side, glob });
  const names = [
    ...globs.tools.globs.map(of("tool")),
    ...globs.resources.map(of("resource")),
    ...globs.prompts.map(of("prompt")),
  ];
  const isNameable = isNamed && globs.tools.expressions.length === 0;
  const servers = globs.servers.map((glob): SidedGlob => {
    const scheme = glob.indexOf("://");
    if (scheme < 0) return { side: "host", glob };
    return { side: "origin", glob: splitServerGlob(glob, scheme).origin };
  });
  const methods = globs.methods.map(of("method"));
  return [...(isNameable ? [names] : []), servers, methods].filter((list) => list.length > 0);
}

function countPieces(globs: readonly SidedGlob[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const glob of globs) {
    const key = pieceKey(glob);
    if (key !== undefined) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** The list whose most common piece is the rarest. */
function rarest(
  choices: readonly (readonly SidedGlob[])[],
  counts: ReadonlyMap<string, number>,
): readonly SidedGlob[] | undefined {
  let best: readonly SidedGlob[] | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const globs of choices) {
    const shares = globs.map((glob) => {
      const key = pieceKey(glob);
      return key === undefined ? Number.MAX_SAFE_INTEGER : (counts.get(key) ?? 0);
    });
    const share = Math.max(...shares);
    if (share >= least) continue;
    least = share;
    best = globs;
  }
  return best;
}

function pieceKey({ side, glob }: SidedGlob): string | undefined {
  const { kind, text } = pieceOf(glob);
  return kind === "none" ? undefined : `${side} ${kind} ${text}`;
}
