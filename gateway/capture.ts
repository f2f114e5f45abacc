/** Headers and bodies for records, bounded and redacted; the parts are in `policy`. */

export type {
  BodyCapture,
  CapturedHeader,
  FinishedBody,
  FinishedRedaction,
  HeaderRedaction,
  KeptBody,
} from "./policy/capture.ts";
export { captureHeaders, createBodyCapture, finishCapturedBody } from "./policy/capture.ts";
export { matchesContentType, mediaTypeOf } from "./policy/media-type.ts";
export { bodyRedactionOf } from "./redaction/body-redaction.ts";
