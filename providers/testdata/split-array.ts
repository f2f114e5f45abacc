/** What the splitter of arrays tells of pieces. */
import { ArraySplitter } from "../json-array.ts";

/** Elements that are told whole, and what is left of one that is not. */
export function splitArray(pieces: readonly Buffer[]): {
  readonly elements: string[];
  readonly rest: string;
} {
  const elements: string[] = [];
  let rest = "";
  const splitter = new ArraySplitter({
    onData: (bytes, start, end) => {
      rest += bytes.toString("latin1", start, end);
    },
    onEvent: () => {
      elements.push(rest);
      rest = "";
    },
  });
  for (const piece of pieces) splitter.write(piece);
  return { elements, rest };
}
