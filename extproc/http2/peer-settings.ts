/** The SETTINGS of a peer as far as they concern a server that sends small frames and no dynamic fields. */

import { ERROR, LARGEST_FRAME_BYTES, MAX_FRAME_BYTES, MAX_INT31, SETTING } from "./protocol.ts";
import type { ErrorNumber } from "./protocol.ts";

const entryBytes = 6;

/** What one SETTINGS frame says, or which error it is (RFC 9113 §6.5). */
export interface SettingsOutcome {
  /** NO_ERROR when all values are allowed */
  readonly error: ErrorNumber;
  /** Window with which streams begin; undefined when the frame does not change it */
  readonly initialWindow: number | undefined;
}

/** Reads and checks the payload `bytes[start, end)` of a frame without ACK; unknown settings are ignored. */
export function readSettings(bytes: Buffer, start: number, end: number): SettingsOutcome {
  if ((end - start) % entryBytes !== 0) return failed(ERROR.FRAME_SIZE_ERROR);
  let initialWindow: number | undefined;
  for (let at = start; at < end; at += entryBytes) {
    const setting = bytes.readUInt16BE(at);
    const value = bytes.readUInt32BE(at + 2);
    const error = judge(setting, value);
    if (error !== ERROR.NO_ERROR) return failed(error);
    if (setting === SETTING.initialWindowSize) initialWindow = value;
  }
  return { error: ERROR.NO_ERROR, initialWindow };
}

function judge(setting: number, value: number): ErrorNumber {
  switch (setting) {
    case SETTING.enablePush:
      return value > 1 ? ERROR.PROTOCOL_ERROR : ERROR.NO_ERROR;
    case SETTING.initialWindowSize:
      return value > MAX_INT31 ? ERROR.FLOW_CONTROL_ERROR : ERROR.NO_ERROR;
    case SETTING.maxFrameSize:
      return value < MAX_FRAME_BYTES || value > LARGEST_FRAME_BYTES
        ? ERROR.PROTOCOL_ERROR
        : ERROR.NO_ERROR;
    default:
      return ERROR.NO_ERROR;
  }
}

function failed(error: ErrorNumber): SettingsOutcome {
  return { error, initialWindow: undefined };
}
