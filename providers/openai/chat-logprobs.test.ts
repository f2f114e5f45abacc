import t from "tap";
import { parseJsonText, writeJson } from "../json-text.ts";
import { decodeChatLogprobs, encodeChatLogprobs } from "./chat-logprobs.ts";

const token =
  '{"token":"Hi","logprob":-3.1415926535897932384e-7,"bytes":[72,105],"top_logprobs":[{"token":"Ho","logprob":-2.5,"bytes":null}]}';

function decode(text: string): ReturnType<typeof decodeChatLogprobs> {
  const parsed = parseJsonText(text);
  return parsed.kind === "value" ? decodeChatLogprobs(parsed.value) : null;
}

t.test("decodeChatLogprobs() reads tokens with their alternatives", async (t) => {
  t.strictSame(
    decode(
      '{"content":[{"token":"a","logprob":-1,"bytes":[97],"top_logprobs":[{"token":"b","logprob":-2,"bytes":[98]}]}],"refusal":null}',
    ),
    [{ token: "a", logprob: -1, bytes: [97], top: [{ token: "b", logprob: -2, bytes: [98] }] }],
  );
});

t.test("decodeChatLogprobs() reads those of a refusal when there is no content", async (t) => {
  const refusal = '"refusal":[{"token":"No","logprob":0,"bytes":null,"top_logprobs":[]}]';
  const wanted = [{ token: "No", logprob: 0, bytes: null, top: [] }];
  t.strictSame(decode(`{"content":null,${refusal}}`), wanted);
  t.strictSame(decode(`{"content":[],${refusal}}`), wanted);
});

t.test("decodeChatLogprobs() takes what is left out for unknown", async (t) => {
  t.strictSame(decode('{"content":[{"token":"a"},null,1]}'), [
    { token: "a", logprob: -9999, bytes: null, top: [] },
  ]);
});

t.test("decodeChatLogprobs() leaves out bytes that are none", async (t) => {
  const [found] = decode('{"content":[{"token":"a","logprob":0,"bytes":[97,-0.1,null]}]}') ?? [];
  t.strictSame(found?.bytes, [97]);
});

t.test("decodeChatLogprobs() gives null when there are none", async (t) => {
  for (const text of ["null", "{}", '{"content":null,"refusal":null}', "[]", "1"]) {
    t.equal(decode(text), null, text);
  }
});

t.test("encodeChatLogprobs() writes the digits that were read", async (t) => {
  const text = `{"content":[${token}],"refusal":null}`;
  t.equal(writeJson(encodeChatLogprobs(decode(text) ?? [])), text);
});
