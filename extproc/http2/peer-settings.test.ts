/** Tests of every setting at its limits. */
import t from "tap";
import { readSettings } from "./peer-settings.ts";
import { ERROR, SETTING } from "./protocol.ts";
import { settings } from "./testdata/client-frames.ts";

const read = (...pairs: readonly (readonly [number, number])[]) => {
  const bytes = settings(...pairs);
  return readSettings(bytes, 9, bytes.length);
};

const cases: readonly { name: string; pairs: (readonly [number, number])[]; error: number }[] = [
  { name: "nothing", pairs: [], error: ERROR.NO_ERROR },
  { name: "push on", pairs: [[SETTING.enablePush, 1]], error: ERROR.NO_ERROR },
  { name: "push of 2", pairs: [[SETTING.enablePush, 2]], error: ERROR.PROTOCOL_ERROR },
  {
    name: "the largest window",
    pairs: [[SETTING.initialWindowSize, 2 ** 31 - 1]],
    error: ERROR.NO_ERROR,
  },
  {
    name: "a window above",
    pairs: [[SETTING.initialWindowSize, 2 ** 31]],
    error: ERROR.FLOW_CONTROL_ERROR,
  },
  { name: "the smallest frame", pairs: [[SETTING.maxFrameSize, 16_384]], error: ERROR.NO_ERROR },
  { name: "a smaller frame", pairs: [[SETTING.maxFrameSize, 16_383]], error: ERROR.PROTOCOL_ERROR },
  {
    name: "the largest frame",
    pairs: [[SETTING.maxFrameSize, 2 ** 24 - 1]],
    error: ERROR.NO_ERROR,
  },
  { name: "a larger frame", pairs: [[SETTING.maxFrameSize, 2 ** 24]], error: ERROR.PROTOCOL_ERROR },
  {
    name: "any table, streams and header list",
    pairs: [
      [SETTING.headerTableSize, 2 ** 32 - 1],
      [SETTING.maxConcurrentStreams, 0],
      [SETTING.maxHeaderListSize, 0],
    ],
    error: ERROR.NO_ERROR,
  },
  { name: "an unknown setting", pairs: [[0xffff, 2 ** 32 - 1]], error: ERROR.NO_ERROR },
  {
    name: "a wrong value after a right one",
    pairs: [
      [SETTING.initialWindowSize, 1],
      [SETTING.enablePush, 9],
    ],
    error: ERROR.PROTOCOL_ERROR,
  },
];

for (const { name, pairs, error } of cases) {
  t.test(`readSettings() answers ${error} to ${name}`, async (t) => {
    t.equal(read(...pairs).error, error);
  });
}

t.test("readSettings() tells the last window of a frame, if there is one", async (t) => {
  t.equal(read([SETTING.initialWindowSize, 1], [SETTING.initialWindowSize, 2]).initialWindow, 2);
  t.equal(read([SETTING.enablePush, 0]).initialWindow, undefined);
});

t.test("readSettings() wants whole entries", async (t) => {
  for (const length of [1, 5, 7, 13]) {
    t.equal(readSettings(Buffer.alloc(20), 3, 3 + length).error, ERROR.FRAME_SIZE_ERROR);
  }
});
