import t from "tap";
import { messageId } from "./message-id.ts";

const cases = [
  { id: "msg_01XFDUDYJgAACzvnptvVoYEL", is: "msg_01XFDUDYJgAACzvnptvVoYEL" },
  { id: "msg_bdrk_01ab", is: "msg_bdrk_01ab" },
  { id: "chatcmpl-AbC123", is: "msg_chatcmplAbC123" },
  { id: "resp_0a", is: "msg_resp0a" },
  { id: "msg-1", is: "msg_msg1" },
  { id: 'msg_"}', is: "msg_msg" },
  { id: "", is: "msg_" },
  { id: "a".repeat(100), is: `msg_${"a".repeat(64)}` },
];
for (const { id, is } of cases) {
  t.test(`messageId() makes ${is.slice(0, 30)} of "${id.slice(0, 30)}"`, async (t) => {
    t.equal(messageId(id), is);
  });
}
