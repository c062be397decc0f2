// Starts invocations and sees their ends: `node client.mjs INGRESS-URL`. Each line of input is a command,
// {handler, input, expected, count, oneByOne}, and is answered by a line: {seconds: […]} or {error}.
import http2 from "node:http2";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";

const PAUSE_MS = 10;
const STREAMS = 100; // of one connection
const ingress = process.argv[2];
const sessions = [];

function session(number) {
  const index = Math.floor(number / STREAMS);
  return (sessions[index] ??= http2.connect(ingress));
}

/** One call that ends when the invocation has ended: its result comes with the answer. */
function invoke(number, handler, input) {
  return new Promise((resolve, reject) => {
    const stream = session(number).request({
      ":method": "POST",
      ":path": `/bench/${handler}`,
      "content-type": "application/json",
    });
    let status = 0;
    let text = "";
    stream.setEncoding("utf8");
    stream.on("response", (headers) => (status = headers[":status"]));
    stream.on("data", (part) => (text += part));
    stream.on("error", reject);
    stream.on("end", () => (status === 200 ? resolve(JSON.parse(text)) : reject(new Error(`${status}: ${text}`))));
    stream.end(JSON.stringify(input));
  });
}

function check(results, expected) {
  const wrong = results.find((result) => result !== expected);
  if (wrong !== undefined) throw new Error(`an invocation gave ${wrong}, not ${expected}`);
}

async function carryOut({ handler, input, expected, count, oneByOne }) {
  const seconds = [];
  if (oneByOne) {
    for (let number = 0; number < count; number++) {
      const began = performance.now();
      const result = await invoke(0, handler, input);
      seconds.push((performance.now() - began) / 1000);
      check([result], expected);
      await setTimeout(PAUSE_MS);
    }
    return seconds;
  }
  const began = performance.now();
  const results = await Promise.all(Array.from({ length: count }, (_, number) => invoke(number, handler, input)));
  seconds.push((performance.now() - began) / 1000);
  check(results, expected);
  return seconds;
}

for await (const line of createInterface({ input: process.stdin })) {
  try {
    console.log(JSON.stringify({ seconds: await carryOut(JSON.parse(line)) }));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error) }));
  }
}
for (const each of sessions) each.close();
