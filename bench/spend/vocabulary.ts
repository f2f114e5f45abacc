/** Real tokenizers: what a text counts, and a text as the pieces in which a model would write it. */
import { decode as decodeNew, encode as encodeNew } from "gpt-tokenizer/encoding/o200k_base";
import { decode as decodeOld, encode as encodeOld } from "gpt-tokenizer/encoding/cl100k_base";

/** A piece of a text that is written at once. */
export interface TextPiece {
  readonly text: string;
  readonly tokens: number;
}

/** A tokenizer; counts of a text are remembered. */
export interface Vocabulary {
  count(text: string): number;
  /** Pieces of 1 to 8 tokens, which hold whole characters; of as many tokens as are wanted, where the text has them */
  pieces(text: string, tokens: number, random: () => number): readonly TextPiece[];
}

/** OpenAI's o200k and, as another one, its older cl100k. */
export const vocabularies = {
  o200k: createVocabulary(encodeNew, decodeNew),
  cl100k: createVocabulary(encodeOld, decodeOld),
} as const;

function createVocabulary(
  encode: (text: string) => number[],
  decode: (tokens: Iterable<number>) => string,
): Vocabulary {
  const tokensOf = new Map<string, readonly number[]>();
  const tokenise = (text: string): readonly number[] => {
    const known = tokensOf.get(text);
    if (known !== undefined) return known;
    const made = encode(text);
    tokensOf.set(text, made);
    return made;
  };
  return {
    count: (text) => tokenise(text).length,
    pieces(text, wanted, random) {
      const tokens = tokenise(text).slice(0, wanted);
      const pieces: TextPiece[] = [];
      for (let at = 0; at < tokens.length; ) {
        let end = at + 1 + Math.floor(random() * 8);
        // A character may be of several tokens.
        while (end < tokens.length && decode(tokens.slice(at, end)).includes("\ufffd")) end++;
        const part = tokens.slice(at, end);
        pieces.push({ text: decode(part), tokens: part.length });
        at = end;
      }
      return pieces;
    },
  };
}
